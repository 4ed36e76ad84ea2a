/**
 * Events lie in spans of 1,024 in the order they were appended. The table `spans` says of each how many there are and from when,
 * so that a question about a time reads only the spans that matter, and no index over time is needed.
 * The index over names is one for each span: it stays small enough to be written in memory however the names are scattered,
 * where a single one costs seven times as much in a storm of random names. A question looks into each of them, in one statement.
 */
import type { DatabaseSync } from 'node:sqlite';

/** Binary logarithm of the events in a span. */
export const SPAN_BITS = 10;

export const SPANS_SCHEMA = `
  CREATE TABLE spans (
    span INTEGER PRIMARY KEY, -- seq >> ${SPAN_BITS}
    events INTEGER NOT NULL,
    oldest INTEGER NOT NULL, -- ms since the epoch
    newest INTEGER NOT NULL
  ) STRICT;
`;

export interface Span {
  span: number;
  events: number;
  oldest: number;
  newest: number;
}

export interface Spans {
  /** Tells of events that were appended with these times from `seq` on. */
  grew(seq: number, times: readonly number[]): void;
  /** Counts anew after a deletion. */
  shrank(span: number): void;
  /** In their order; those that may have something of that time. */
  between(since: number, until: number): Span[];
  count(): number;
}

export function createSpans(database: DatabaseSync): Spans {
  const grow = database.prepare(`
    INSERT INTO spans (span, events, oldest, newest) VALUES (?, ?, ?, ?)
    ON CONFLICT (span) DO UPDATE SET events = events + excluded.events, oldest = min(oldest, excluded.oldest), newest = max(newest, excluded.newest)`);
  const remove = database.prepare('DELETE FROM spans WHERE span = ?');
  const recount = database.prepare(`
    INSERT INTO spans SELECT ?1 >> ${SPAN_BITS}, sum(events), min(oldest), max(newest) FROM (
      SELECT count(*) AS events, min(time) AS oldest, max(time) AS newest FROM events WHERE seq BETWEEN ?1 AND ?2
      UNION ALL SELECT last - first + 1, oldest, newest FROM bundles WHERE last BETWEEN ?1 AND ?2
    ) HAVING sum(events) > 0`);
  const select = database.prepare('SELECT span, events, oldest, newest FROM spans WHERE newest >= ? AND oldest <= ? ORDER BY span');
  const sum = database.prepare('SELECT sum(events) AS n FROM spans');
  return {
    grew(seq, times) {
      for (let at = 0; at < times.length; ) {
        const span = spanOf(seq + at);
        const end = Math.min(times.length, lastOf(span) + 1 - seq);
        let [oldest, newest] = [Infinity, -Infinity];
        for (let index = at; index < end; index += 1) {
          const time = times[index] ?? 0;
          if (time < oldest) oldest = time;
          if (time > newest) newest = time;
        }
        grow.run(span, end - at, oldest, newest);
        at = end;
      }
    },
    shrank(span) {
      remove.run(span);
      recount.run(firstOf(span), lastOf(span));
    },
    between: (since, until) => select.all(since, until).map((row) => ({ span: Number(row['span']), events: Number(row['events']), oldest: Number(row['oldest']), newest: Number(row['newest']) })),
    count: () => Number(sum.get()?.['n'] ?? 0),
  };
}

/** Not by >>, which has 32 bits in JavaScript: numbers go on while there are events, and a storm of 10,000 a second has used 2³¹ after two and a half days. */
export function spanOf(seq: number): number {
  return Math.floor(seq / 2 ** SPAN_BITS);
}

export function firstOf(span: number): number {
  return span * 2 ** SPAN_BITS;
}

export function lastOf(span: number): number {
  return firstOf(span + 1) - 1;
}
