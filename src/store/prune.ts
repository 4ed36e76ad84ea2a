/** Deleting what is too old or too many: a span at a time, each in a transaction of its own, so that nobody waits long. */
import type { DatabaseSync } from 'node:sqlite';
import { Column } from './bundle.ts';
import type { Bundles, Stretch } from './bundles.ts';
import { transaction } from './database.ts';
import type { Readers } from './readers.ts';
import { firstOf, lastOf, type Span, type Spans } from './spans.ts';

export interface Retention {
  maxAgeMs: number;
  maxCount: number;
}

/** Another span is begun until this has passed, and takes 4 to 9 ms. */
const BEGIN_WITHIN_MS = 4;

/** A reader that is never done (a pager left open) holds the retention up no longer than this. */
const PATIENCE_MS = 3_600_000;

export function createPrune(database: DatabaseSync, spans: Spans, bundles: Bundles, readers: Readers): (retention: Retention, now: number) => number {
  const doomed = 'seq BETWEEN ?1 AND ?2 AND time < ?3';
  const references = `SELECT maker AS id FROM events WHERE ${doomed} UNION ALL SELECT surroundings FROM events WHERE ${doomed}`;
  const release = database.prepare(`UPDATE shared SET refs = refs - gone.n FROM (SELECT id, count(*) AS n FROM (${references}) WHERE id IS NOT NULL GROUP BY id) AS gone WHERE shared.id = gone.id`);
  const removeUnused = database.prepare(`DELETE FROM shared WHERE refs <= 0 AND id IN (${references})`);
  const remove = database.prepare(`DELETE FROM events WHERE ${doomed}`);
  const releaseOne = database.prepare('UPDATE shared SET refs = refs - ? WHERE id = ?');
  const removeUnusedOne = database.prepare('DELETE FROM shared WHERE refs <= 0 AND id = ?');
  const count = database.prepare('SELECT count(*) AS n FROM events WHERE seq BETWEEN ? AND ?');
  const nth = database.prepare('SELECT seq FROM events WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT 1 OFFSET ?');
  let refusedSince: number | undefined;

  const removeFrom = ({ span }: Span, last: number, before: number): number =>
    transaction(database, () => {
      release.run(firstOf(span), last, before);
      removeUnused.run(firstOf(span), last, before);
      const { changes } = remove.run(firstOf(span), last, before);
      let removed = Number(changes);
      for (const stretch of bundles.stretches(firstOf(span), last)) removed += removeFromBundle(stretch, before);
      spans.shrank(span);
      return removed;
    });

  /** Its oldest: it is shortened from the front. */
  const removeFromBundle = ({ to, bundle: extent }: Stretch, before: number): number => {
    const bundle = extent === undefined || extent.oldest >= before ? undefined : bundles.read(extent.last);
    if (bundle === undefined) return 0;
    const refs = new Map<number, number>();
    let place = 0;
    for (; bundle.first + place <= to && Number(bundle.at(Column.time, place)) < before; place += 1) {
      for (const column of [Column.maker, Column.surroundings]) {
        const id = Number(bundle.at(column, place));
        refs.set(id, (refs.get(id) ?? 0) + 1);
      }
    }
    for (const [id, n] of refs) {
      releaseOne.run(n, id);
      removeUnusedOne.run(id);
    }
    if (place === bundle.length) bundles.remove(bundle.last);
    else if (place > 0) bundles.shorten(bundle, place);
    return place;
  };

  /** The last of the oldest `count` in a span. */
  const endOf = ({ span, events }: Span, most: number): number => {
    if (events <= most) return lastOf(span);
    let left = most;
    for (const { from, to, bundle } of bundles.stretches(firstOf(span), lastOf(span))) {
      const end = bundle === undefined ? nth.get(from, to, left - 1)?.['seq'] : from + left - 1 <= to ? from + left - 1 : undefined;
      if (end !== undefined) return Number(end);
      left -= bundle === undefined ? Number(count.get(from, to)?.['n'] ?? 0) : to - from + 1;
    }
    return lastOf(span);
  };

  /** Once over the spans, oldest first; at least one that has something to remove, or nobody knew that there is more. */
  const removeSome = (retention: Retention, now: number): number => {
    const end = performance.now() + BEGIN_WITHIN_MS;
    const before = Math.floor(now - retention.maxAgeMs);
    const all = spans.between(-Infinity, Infinity);
    let surplus = all.reduce((sum, span) => sum + span.events, 0) - retention.maxCount;
    let removed = 0;
    for (const span of all) {
      const isSurplus = surplus > 0;
      if (!isSurplus && span.oldest >= before) continue;
      const gone = isSurplus ? removeFrom(span, endOf(span, surplus), Number.MAX_SAFE_INTEGER) : removeFrom(span, lastOf(span.span), before);
      surplus -= gone;
      removed += gone;
      if (performance.now() > end) break;
    }
    return removed;
  };

  return (retention, now) => {
    let removed = 0;
    const work = (): void => {
      removed = removeSome(retention, now);
    };
    if (readers.excluding(work)) refusedSince = undefined;
    else {
      refusedSince ??= now;
      if (now - refusedSince > PATIENCE_MS) work();
    }
    return removed;
  };
}
