/** `tickward events` and `tickward alerts`: what was seen, and what a rule said of it. */
import type { Command } from 'commander';
import { TickwardError } from '../../model/errors.ts';
import { shownPath, type Alert, type FileEvent } from '../../model/event.ts';
import { printable } from '../../model/text.ts';
import { Exit, type Context, type Register } from '../context.ts';
import { sinceMs } from '../duration.ts';

interface ListOptions {
  since?: string;
  limit?: string;
}

export const events: Register = (program, act) => {
  const command = program.command('events').description('events of unit files: who made, changed, renamed or deleted which');
  command.addHelpText('after', '\nExamples:\n  tickward events --since 48h\n  tickward events list --json | jq .file.path\n  tickward events show 0193…');
  listing(command, 'events', act((context, options: ListOptions) => {
    const found = context.store().events.list({ since: since(options), limit: limit(options) });
    return stream(context, found, ['time', 'action', 'path', 'process', 'user', 'attribution', 'id'], eventRow);
  }));
  command.command('show <id>').description('one event, whole: an ECS document').addHelpText('after', '\nExamples:\n  tickward events show 0193…\n  tickward events show 0193… | jq .process').action(act((context, id: string) => {
    context.out.document(known(context.store().events.get(id), 'event', id));
    return Exit.DONE;
  }));
};

export const alerts: Register = (program, act) => {
  const command = program.command('alerts').description('alerts: events that a rule matched');
  command.addHelpText('after', '\nExamples:\n  tickward alerts\n  tickward alerts list --since 48h --json\n  tickward alerts show 0193…');
  listing(command, 'alerts', act((context, options: ListOptions) => {
    const found = context.store().alerts.list({ since: since(options), limit: limit(options) });
    return stream(context, found, ['time', 'status', 'severity', 'rule', 'path', 'process', 'user', 'id'], alertRow);
  }));
  command.command('show <id>').description('one alert, whole: the event, the rule and its status').addHelpText('after', '\nExamples:\n  tickward alerts show 0193…\n  tickward alerts show 0193… > alert.json').action(act((context, id: string) => {
    context.out.document(known(context.store().alerts.get(id), 'alert', id));
    return Exit.DONE;
  }));
};

/** `list` is what the command does when nothing else is said. */
function listing(command: Command, name: string, action: (options: ListOptions) => Promise<void>): void {
  command
    .command('list', { isDefault: true })
    .description('oldest first')
    .option('--since <when>', 'a span back from now (30m, 48h, 7d) or an ISO date')
    .option('--limit <n>', 'the newest so many')
    .addHelpText('after', `\nExamples:\n  tickward ${name} list --since 48h\n  tickward ${name} list --since 2026-05-01 --limit 100 --json | jq .`)
    .action(action);
}

function since(options: ListOptions): number {
  return options.since === undefined ? 0 : sinceMs(options.since, Date.now());
}

const EVERYTHING = Number.MAX_SAFE_INTEGER;

function limit(options: ListOptions): number {
  if (options.limit === undefined) return EVERYTHING;
  const count = Number(options.limit);
  if (!Number.isInteger(count) || count < 1) throw new TickwardError('USAGE', `--limit takes a whole number from 1, not ${printable(options.limit)}`);
  return count;
}

/** Line by line as JSON; as a table for people. */
function stream<Item>(context: Context, items: Iterable<Item>, columns: readonly string[], row: (item: Item) => (string | undefined)[]): number {
  if (context.out.json) {
    for (const item of items) context.out.document(item);
    return Exit.DONE;
  }
  const rows = [...items].map(row);
  if (rows.length === 0) context.out.progress('nothing found');
  else context.out.table(columns, rows);
  return Exit.DONE;
}

function eventRow(event: FileEvent): (string | undefined)[] {
  return [event['@timestamp'], event.event.action, shownPath(event), event.process?.executable, event.user?.name ?? event.user?.id, event.tickward.attribution, event.event.id];
}

function alertRow(alert: Alert): (string | undefined)[] {
  const event = alert.event;
  return [alert['@timestamp'], alert.status, alert.rule.severity, alert.rule.name, shownPath(event), event.process?.executable, event.user?.name ?? event.user?.id, alert.id];
}

function known<Item>(item: Item | undefined, what: string, id: string): Item {
  if (item === undefined) throw new TickwardError('NOT_FOUND', `there is no ${what} ${printable(id)} in this store`, { hint: `tickward ${what}s lists them` });
  return item;
}
