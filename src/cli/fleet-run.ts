/** What a fleet command does: the task carried out on all hosts, each row told and kept as it comes, and all of them shown at the end. */
import { resolve } from 'node:path';
import type { FleetOptions } from '../fleet/controller.ts';
import { FleetRecords, type FleetRequest } from '../fleet/records.ts';
import { needsAttention, summaryOf, unkeptRow, type HostRow } from '../fleet/rows.ts';
import { saidBy } from '../fleet/said.ts';
import type { TaskInput } from '../fleet/task.ts';
import { whoDecides } from '../host/person.ts';
import { checkReplaceable, replaceFile } from '../host/replace.ts';
import { messageOf, TickwardError } from '../model/errors.ts';
import { printable, shorten } from '../model/text.ts';
import { newRunId } from '../respond/run-id.ts';
import { Exit, type Context } from './context.ts';
import { outliving } from './lost-reader.ts';
import { untilStopped } from './signals.ts';

export interface FleetRunOptions {
  inventory: string;
  limit?: string;
  forks: string;
  serial?: string;
  maxFailPercent?: string;
  deadline: string;
  program?: string;
  report?: string;
  dryRun?: true;
}

export async function runOnHosts(context: Context, task: TaskInput, options: FleetRunOptions, runs?: Record<string, string>): Promise<number> {
  const { inventory, limit, dryRun, report } = options;
  if (report !== undefined) checkReplaceable(resolve(report));
  const request: FleetRequest = { run: newRunId(), started: new Date().toISOString(), by: whoDecides(context.uid), inventory, dry_run: dryRun === true, ...(limit === undefined ? {} : { limit }), task };
  const stop = new AbortController();
  // A reader that goes away ends it as Ctrl-C does: Ansible is ended, and what hosts said is kept.
  return outliving(() => stop.abort(), async () => {
    const { rows, isInterrupted } = await carryOut(context, request, options, stop, runs);
    const code = await show(context, request, rows, report);
    return isInterrupted ? Exit.INTERRUPTED : code;
  });
}

/** `runs`: what each host is to undo, by the number that it has there. */
async function carryOut(context: Context, request: FleetRequest, options: FleetRunOptions, stop: AbortController, runs?: Record<string, string>): Promise<{ rows: HostRow[]; isInterrupted: boolean }> {
  const { runOnFleet } = await import('../fleet/controller.ts');
  const records = new FleetRecords(context.store('write').directory);
  const { serial, maxFailPercent, program } = options;
  if (maxFailPercent !== undefined && serial === undefined) throw new TickwardError('USAGE', '--max-fail-percent stops between waves, and all hosts are one', { hint: 'give the waves too: --serial 1,20%,100%' });
  const limit = request.limit;
  /** As they were told. */
  const rows: HostRow[] = [];
  const given: FleetOptions = {
    inventory: options.inventory,
    task: request.task,
    check: request.dry_run,
    forks: Math.ceil(positive(options.forks, '--forks')),
    deadlineSeconds: positive(options.deadline, '--deadline'),
    ...(limit === undefined ? {} : { limit }),
    ...(serial === undefined ? {} : { serial: waves(serial) }),
    ...(maxFailPercent === undefined ? {} : { maxFailPercent: percent(maxFailPercent) }),
    ...(program === undefined ? {} : { program }),
    ...(runs === undefined ? {} : { runs }),
    onRow(said) {
      const row = kept(records, request.run, said);
      rows.push(row);
      if (context.out.json) context.out.document(row);
      else context.out.progress(`${row.state.padEnd(STATE_WIDTH)} ${printable(row.host)}${row.reason === undefined ? '' : `: ${printable(row.reason)}`}`);
    },
  };
  records.begin(request);
  context.out.progress(`fleet run ${request.run}`);
  const stopping = untilStopped();
  void stopping.stopped.then(() => stop.abort());
  try {
    await runOnFleet({ ...given, signal: stop.signal });
    return { rows, isInterrupted: stop.signal.aborted };
  } finally {
    stopping.stop();
  }
}

/** Where there is no room for the record of one host, what the others say is still worth all. */
function kept(records: FleetRecords, fleetRun: string, row: HostRow): HostRow {
  try {
    records.keep(fleetRun, row);
    return row;
  } catch (error) {
    return unkeptRow(row, messageOf(error));
  }
}

const STATE_WIDTH = 12;

function waves(text: string): string[] {
  const parts = text.split(',').map((wave) => wave.trim());
  if (!parts.every((wave) => /^[1-9]\d*%?$/.test(wave))) throw new TickwardError('USAGE', `--serial takes numbers or shares of hosts, not ${printable(text)}`, { hint: '--serial 1,20%,100%' });
  return parts;
}

async function show({ out }: Context, request: FleetRequest, rows: HostRow[], report: string | undefined): Promise<number> {
  if (!out.json) {
    printHosts(out, rows);
    out.line(summaryOf(rows));
  }
  if (report !== undefined) {
    const { pageOf } = await import('../fleet/page.ts');
    replaceFile(resolve(report), pageOf({ request, rows }));
    out.progress(`wrote ${printable(report)}`);
  }
  return needsAttention(rows).length > 0 ? Exit.FINDINGS : Exit.DONE;
}

export function printHosts(out: Context['out'], rows: readonly HostRow[]): void {
  out.table(['host', 'state', 'run', 'why'], rows.map((row) => [row.host, row.state, row.run ?? '', row.reason ?? '']), ['run']);
  for (const { hosts, lines } of saidBy(rows)) {
    out.line(out.paint('bold', shorten(hosts.join(', '), MOST_NAMED)));
    for (const line of lines) out.line(`  ${printable(line)}`);
  }
}

/** Letters of the names of hosts that said the same; the table has them all. */
const MOST_NAMED = 200;

/** 0: none may fail. More than all cannot, so that nothing would ever stop. */
function percent(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value < 100)) throw new TickwardError('USAGE', `--max-fail-percent takes a number from 0 and below 100, not ${printable(text)}`, { hint: '--max-fail-percent 0 stops at the first host that fails' });
  return value;
}

function positive(text: string, option: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new TickwardError('USAGE', `${option} takes a number above 0, not ${printable(text)}`, { hint: 'tickward fleet --help' });
  return value;
}
