/** Which events of a bundle somebody wants. */
import { Column, type Bundle } from './bundle.ts';
import type { Extent } from './bundles.ts';
import { cutPath, type EventFilter } from './event-filter.ts';
import { Mark, markOf, type MarkKind } from './marks.ts';

/** Whether an event at a place is one of them. */
export type Fits = (bundle: Bundle, place: number) => boolean;

/** Asked of many bundles: what it takes is made once. */
export function fitsOf({ since, until, ids, paths, actions, units }: EventFilter): Fits {
  const tests: Fits[] = [];
  if (since !== undefined) tests.push((bundle, place) => Number(bundle.at(Column.time, place)) >= since);
  if (until !== undefined) tests.push((bundle, place) => Number(bundle.at(Column.time, place)) <= until);
  if (actions !== undefined) tests.push(among(actions, (bundle, place) => String(bundle.at(Column.action, place))));
  if (ids !== undefined) tests.push(among(ids, (bundle, place) => String(bundle.at(Column.id, place))));
  if (units !== undefined) tests.push(among(units, (bundle, place) => String(bundle.at(Column.unit, place) ?? bundle.at(Column.name, place))));
  if (paths !== undefined) tests.push(among(paths, (bundle, place) => `${String(bundle.at(Column.directory, place))}/${String(bundle.at(Column.name, place))}`));
  return (bundle, place) => tests.every((test) => test(bundle, place));
}

/** Whether all of a bundle fit, as far as can be said without reading it. */
export function fitsAll({ since = -Infinity, until = Infinity, ids, paths, actions, units }: EventFilter, { oldest, newest }: Extent): boolean {
  return [ids, paths, actions, units].every((given) => given === undefined) && since <= oldest && newest <= until;
}

function among(wanted: readonly string[], of: (bundle: Bundle, place: number) => string): Fits {
  const all = new Set(wanted);
  return (bundle, place) => all.has(of(bundle, place));
}

/** The marks that one of them has; undefined where nothing is asked for that has a mark. */
export function marksOf({ ids, paths, units }: EventFilter): { kind: MarkKind; wanted: ReadonlySet<number> } | undefined {
  if (ids !== undefined) return { kind: Mark.id, wanted: new Set(ids.map(markOf)) };
  if (paths !== undefined) return { kind: Mark.name, wanted: new Set(paths.map((path) => markOf(cutPath(path).name))) };
  return units === undefined ? undefined : { kind: Mark.unit, wanted: new Set(units.map(markOf)) };
}
