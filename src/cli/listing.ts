/** What lists of stored things have in common: how far back, how many, JSON lines or a table. */
import { Option, type Command } from 'commander';
import { TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import { Exit, type Context } from './context.ts';
import { sinceMs } from './duration.ts';

export interface ListOptions {
  since?: string;
  limit?: string;
}

const SINCE = 'a span back from now (30m, 48h, 7d) or an ISO date';

/** `list` is what the command does when nothing else is said. */
export function listing(command: Command, name: string): Command {
  return command
    .command('list', { isDefault: true })
    .description('oldest first')
    .option('--since <when>', SINCE)
    .option('--limit <n>', 'the newest so many')
    .addHelpText('after', `\nExamples:\n  tickward ${name} list --since 48h\n  tickward ${name} list --since 2026-05-01 --limit 100 --json | jq .`);
}

export function sinceOption(): Option {
  return new Option('--since <when>', SINCE);
}

export function since(options: ListOptions): number {
  return options.since === undefined ? 0 : sinceMs(options.since, Date.now());
}

const EVERYTHING = Number.MAX_SAFE_INTEGER;

export function limit(options: ListOptions): number {
  if (options.limit === undefined) return EVERYTHING;
  const count = Number(options.limit);
  if (!Number.isInteger(count) || count < 1) throw new TickwardError('USAGE', `--limit takes a whole number from 1, not ${printable(options.limit)}`);
  return count;
}

/** Line by line as JSON; as a table for people. */
export function stream<Item>(context: Context, items: Iterable<Item>, columns: readonly string[], row: (item: Item) => (string | number | undefined)[]): number {
  if (context.out.json) {
    for (const item of items) context.out.document(item);
    return Exit.DONE;
  }
  const rows = [...items].map(row);
  if (rows.length === 0) context.out.progress('nothing found');
  else context.out.table(columns, rows, ['id', 'run']);
  return Exit.DONE;
}
