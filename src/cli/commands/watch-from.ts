/** `tickward watch --from`: what another sensor wrote, judged and stored like our own. */
import type { Readable } from 'node:stream';
import { TickwardError } from '../../model/errors.ts';
import type { Alert } from '../../model/event.ts';
import { printable } from '../../model/text.ts';
import type { Rule } from '../../rule/load.ts';
import { importFrom, type Counts } from '../../watch/from.ts';
import { tail, type Piece } from '../../watch/tail.ts';
import { Exit, type Context } from '../context.ts';
import type { Stopping } from '../signals.ts';

export interface FromCommand {
  /** A path, or - for stdin. */
  from: string;
  once: boolean;
  rules: readonly Rule[];
  show(alert: Alert): void;
}

export async function watchFrom(context: Context, { from, once, rules, show }: FromCommand, stopping: Stopping): Promise<number> {
  const stop = new AbortController();
  void stopping.stopped.then(() => stop.abort());
  const onNotice = (notice: Parameters<Context['notice']>[0]): void => void context.notice(notice);
  const name = from === '-' ? 'stdin' : from;
  const pieces = from === '-' ? untilEnd(process.stdin, stop.signal) : tail(from, { once, signal: stop.signal, onNotice });
  if (!once && from !== '-') onNotice({ level: 'info', message: `following ${printable(name)}; Ctrl-C ends` });
  const counts = await importFrom({ store: context.store('write'), rules, retention: context.settings.retention, name, pieces, onAlert: show, onNotice });
  const isDone = !stop.signal.aborted;
  onNotice({ level: 'info', message: `${printable(name)}: ${summaryOf(counts)}` });
  if (once && !isDone) throw new TickwardError('INTERRUPTED', `stopped before the end of ${printable(name)}`, { hint: 'run it again: nothing is stored twice' });
  if (once && counts.bad > 0 && understoodOf(counts) === 0) throw new TickwardError('BAD_INPUT', `no line of ${printable(name)} is understood`, { hint: 'it takes one JSON document a line: tickward watch --help names the sensors' });
  return once && counts.alerts > 0 ? Exit.FINDINGS : Exit.DONE;
}

/** Also ends when it is told to. */
async function* untilEnd(stream: Readable, signal: AbortSignal): AsyncGenerator<Piece> {
  const stop = (): void => void stream.destroy();
  signal.addEventListener('abort', stop);
  try {
    for await (const chunk of stream) yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Not by the number of lines: an empty one is no bad one, and none that is understood. */
function understoodOf({ stored, elsewhere, other }: Counts): number {
  return stored + elsewhere + other;
}

function summaryOf({ lines, stored, elsewhere, other, bad, alerts, known, suppressed }: Counts): string {
  const parts = [`${stored} change(s) of unit files are stored`, `${elsewhere} of other files judged`, `${other} line(s) of other things`, `${bad} not understood`];
  return `${lines} line(s) read: ${parts.join(', ')}; ${alerts} alert(s)${known === 0 ? '' : `, ${known} of them known before`}${suppressed === 0 ? '' : `; ${suppressed} more that exceptions cover: tickward alerts --suppressed`}`;
}
