/** Which events of a bundle somebody wants. */
import { Column, type Bundle } from './bundle.ts';
import type { Extent } from './bundles.ts';
import { cutPath, type EventFilter } from './event-filter.ts';
import { Mark, markOf, type MarkKind } from './marks.ts';

type Test = (bundle: Bundle, place: number) => boolean;

export interface Fits {
  /** Whether the event at a place is one of them. */
  at: Test;
  /** Whether all of a bundle are, as far as can be said without reading it. */
  all(extent: Extent): boolean;
}

/** Asked of many bundles: what it takes is made once. */
export function fitsOf({ since = -Infinity, until = Infinity, ids, paths, actions, units }: EventFilter): Fits {
  const tests: Test[] = [];
  if (actions !== undefined) tests.push(among(actions, (bundle, place) => String(bundle.at(Column.action, place))));
  if (ids !== undefined) tests.push(among(ids, (bundle, place) => String(bundle.at(Column.id, place))));
  if (units !== undefined) tests.push(among(units, (bundle, place) => String(bundle.at(Column.unit, place) ?? bundle.at(Column.name, place))));
  if (paths !== undefined) tests.push(among(paths, (bundle, place) => `${String(bundle.at(Column.directory, place))}/${String(bundle.at(Column.name, place))}`));
  return {
    at(bundle, place) {
      const time = Number(bundle.at(Column.time, place));
      return time >= since && time <= until && tests.every((test) => test(bundle, place));
    },
    all: ({ oldest, newest }) => tests.length === 0 && since <= oldest && newest <= until,
  };
}

function among(wanted: readonly string[], of: (bundle: Bundle, place: number) => string): Test {
  const all = new Set(wanted);
  return (bundle, place) => all.has(of(bundle, place));
}

/** The marks that one of them has; undefined where nothing is asked for that has a mark. */
export function marksOf({ ids, paths, units }: EventFilter): { kind: MarkKind; wanted: ReadonlySet<number> } | undefined {
  if (ids !== undefined) return { kind: Mark.id, wanted: new Set(ids.map(markOf)) };
  if (paths !== undefined) return { kind: Mark.name, wanted: new Set(paths.map((path) => markOf(cutPath(path).name))) };
  return units === undefined ? undefined : { kind: Mark.unit, wanted: new Set(units.map(markOf)) };
}
