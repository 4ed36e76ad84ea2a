/**
 * Rows of a table as bytes of osquery's answer, while the table gives them: what is in memory stays small however many there are.
 * Thrift tells the length of a list before its first element. So a small answer is held until it is whole; a large one is sent while it is made, where its rows can be counted.
 */
import { setImmediate } from 'node:timers/promises';
import { TickwardError } from '../model/errors.ts';
import type { Column, Row, RowBytes } from '../model/table.ts';
import { RowWriter } from './row-writer.ts';
import type { EncodedRows } from './types.ts';

/** Rows that can say how many they are going to be, once the first was taken. */
export interface CountedRows extends Iterable<Row | RowBytes> {
  count(): number;
}

/** Bytes of a chunk: large enough to cost few calls, small enough to die young. */
const CHUNK = 64 * 1024;

/** An answer up to this size is whole before any of it leaves: what goes wrong until then is a status with a reason. */
const HELD_BYTES = 1024 * 1024;

/** The most that is held of an answer that cannot be counted. */
const MOST_HELD_BYTES = 64 * 1024 * 1024;

/** How long others wait for their turn, in ms. */
const TURN_MS = 10;

export interface EncodeOptions {
  table: string;
  columns: readonly Column[];
  timeoutMs: number;
  /** From when on, by performance.now(). */
  startedAt: number;
}

/** Throws what the table throws; TIMEOUT where the answer will not be whole in time. */
export async function encodeRows(rows: Iterable<Row | RowBytes>, options: EncodeOptions): Promise<EncodedRows> {
  const source = chunksOf(rows, options.columns);
  const held: Buffer[] = [];
  const taken = { rows: 0, bytes: 0 };
  /** From when on rows came: what it took to find them is not taken again. */
  let from = { rows: 0, at: options.startedAt };
  const take = ({ bytes, count }: Chunk): void => {
    held.push(bytes);
    taken.rows += count;
    taken.bytes += bytes.length;
  };
  try {
    const turn = turns(options);
    for (;;) {
      const { done, value } = source.next();
      if (done === true) return { count: taken.rows, chunks: held, endsAt: options.startedAt + options.timeoutMs, close: () => undefined };
      take(value);
      if (taken.bytes > HELD_BYTES && isCounted(rows)) return rest(held, source, { rows: taken.rows, total: rows.count(), from }, options);
      if (taken.bytes > MOST_HELD_BYTES) throw new TickwardError('FAILED', `the answer of the table ${options.table} has more than ${MOST_HELD_BYTES / 1024 / 1024} MiB`, { hint: 'narrow the query by time' });
      if (from.rows === 0) from = { rows: taken.rows, at: performance.now() };
      await turn();
    }
  } catch (error) {
    source.return();
    throw error;
  }
}

function isCounted(rows: Iterable<Row | RowBytes>): rows is CountedRows {
  return 'count' in rows;
}

/** What is held, then the rest while it is sent. Throws where that will certainly take too long: an answer that was begun cannot become an error any more. */
function rest(held: readonly Buffer[], source: Generator<Chunk, void>, { rows, total, from }: { rows: number; total: number; from: { rows: number; at: number } }, options: EncodeOptions): EncodedRows {
  const now = performance.now();
  const expectedMs = now - options.startedAt + ((now - from.at) / (rows - from.rows)) * (total - rows);
  if (expectedMs > options.timeoutMs) throw tookTooLong(options.table, options.timeoutMs, `, since it has ${total} rows`);
  return { count: total, chunks: chunksToSend(held, source, { rows, total }, options), endsAt: options.startedAt + options.timeoutMs, close: () => source.return() };
}

async function* chunksToSend(held: readonly Buffer[], source: Generator<Chunk, void>, { rows, total }: { rows: number; total: number }, options: EncodeOptions): AsyncGenerator<Buffer> {
  yield* held;
  const turn = turns(options);
  let sent = rows;
  for (const { bytes, count } of source) {
    yield bytes;
    sent += count;
    await turn();
  }
  if (sent !== total) throw new TickwardError('FAILED', `the table ${options.table} has given ${sent} rows instead of ${total}`);
}

export function tookTooLong(table: string, timeoutMs: number, why = ''): TickwardError {
  return new TickwardError('TIMEOUT', `the table ${table} has no complete answer within ${timeoutMs / 1000} s${why}: narrow the query by time`);
}

/** Gives way to others now and then, and looks at the clock. */
function turns({ table, timeoutMs, startedAt }: EncodeOptions): () => Promise<void> | undefined {
  let last = performance.now();
  return () => {
    const now = performance.now();
    if (now - startedAt > timeoutMs) throw tookTooLong(table, timeoutMs);
    if (now - last < TURN_MS) return undefined;
    return setImmediate().then(() => {
      last = performance.now();
    });
  };
}

interface Chunk {
  bytes: Buffer;
  count: number;
}

function* chunksOf(rows: Iterable<Row | RowBytes>, columns: readonly Column[]): Generator<Chunk, void> {
  const writer = new RowWriter(columns);
  try {
    let count = 0;
    for (const row of rows) {
      writer.write(row);
      count += 1;
      if (writer.length < CHUNK) continue;
      yield { bytes: writer.take(), count };
      count = 0;
    }
    if (count > 0) yield { bytes: writer.take(), count };
  } finally {
    writer.end();
  }
}
