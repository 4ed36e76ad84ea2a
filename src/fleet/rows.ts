/** What hosts said, a row each. Pure. */
import { HOST_STATES, type Answer, type HostState } from './task.ts';

export interface HostRow {
  host: string;
  state: HostState | 'unreachable' | 'timed-out' | 'busy' | 'skipped';
  /** Why it is not as asked, in words. */
  reason?: string;
  /** The run on that host, where one was begun. */
  run?: string;
  data?: unknown;
  record?: unknown;
  /** Its record could not be written here: the reason says why. */
  unkept?: true;
}

/** A line of the callback: the names of all hosts, or what one of them said; undefined for any other. */
export function readLineOf(line: string): HostRow | { hosts: string[] } | undefined {
  let read: unknown;
  try {
    read = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof read !== 'object' || read === null) return undefined;
  if ('hosts' in read && Array.isArray(read.hosts)) return { hosts: read.hosts.map(String) };
  if (!('host' in read) || !('outcome' in read)) return undefined;
  const { host, outcome, result } = read as { host: unknown; outcome: unknown; result?: unknown };
  const said = (typeof result === 'object' && result !== null ? result : {}) as Partial<Answer>;
  const name = String(host);
  if (outcome === 'unreachable') return { host: name, state: 'unreachable', reason: textOf(said.msg) };
  if (said.state === undefined) return { host: name, state: isTimeOut(said.msg) ? 'timed-out' : 'failed', reason: textOf(said.msg) };
  // A host may be the attacker's: its words are shown, but no word of its own becomes a state.
  if (!HOST_STATES.includes(said.state)) return { host: name, state: 'failed', reason: 'it answered in words that are not known here: its tickward is of another version, or not itself' };
  const run = (said.data as { run?: unknown } | undefined)?.run;
  return {
    host: name,
    state: said.reason === 'busy' || said.reason === 'timed-out' ? said.reason : said.state,
    // By Ansible's word: of what a host says it takes `failed` away.
    ...(outcome === 'failed' || said.reason === 'absent' ? { reason: textOf(said.msg) } : {}),
    ...(typeof run === 'string' ? { run } : {}),
    ...(said.data === undefined ? {} : { data: said.data }),
    ...(said.record === undefined ? {} : { record: said.record }),
  };
}

function textOf(message: unknown): string {
  return typeof message === 'string' && message.trim() !== '' ? message.trim().replaceAll(/\s+/g, ' ').slice(0, MOST_TOLD) : 'it gave no reason';
}

const MOST_TOLD = 500;

/** As Ansible words its own `timeout:`. */
function isTimeOut(message: unknown): boolean {
  return typeof message === 'string' && /^The \w+ action failed to execute in the expected time frame|timed? ?out/i.test(message);
}

const DONE: ReadonlySet<HostRow['state']> = new Set(['ok', 'changed', 'unchanged']);

/** The row of a host whose record could not be written here: it has answered all the same. Of what it did only its own journal tells now. */
export function unkeptRow(row: HostRow, why: string): HostRow {
  const told = `its record could not be kept here: ${why}${row.run === undefined ? '' : `; fleet undo does not know of it, tickward undo ${row.run} there does`}`;
  return { ...row, reason: row.reason === undefined ? told : `${row.reason}; ${told}`, unkept: true };
}

/** Hosts on which the task is not done, those on which something was found, and those of which nothing is kept. */
export function needsAttention(rows: readonly HostRow[]): HostRow[] {
  return rows.filter(({ state, unkept }) => !DONE.has(state) || unkept === true);
}

/** `3 changed, 1 unreachable` */
export function summaryOf(rows: readonly HostRow[]): string {
  const counts = new Map<string, number>();
  for (const { state } of rows) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${count} ${state}`).join(', ') || 'no hosts';
}
