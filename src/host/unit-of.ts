/** Which unit a path belongs to, by where it lies: for events of other hosts, whose users are not known here. */
import type { Scope, UnitType } from '../model/event.ts';
import { classify, HOME_UNITS, isUnitSubdirectory, placeIn, unitPlaces, type UnitDirectory } from './directories.ts';

export interface UnitOfPath {
  unit: string;
  unit_type: UnitType;
  scope: Scope;
}

/** The directories of the system, and those in homes and below /run/user, whoever's they are. */
const places = unitPlaces([]);
const inAnyHome = new RegExp(`^.+?/(?:${HOME_UNITS.map((path) => path.replaceAll('.', String.raw`\.`)).join('|')})/(.+)$`);

/** Undefined for what systemd does not read. The path is absolute; homes may be anywhere. */
export function unitOfPath(path: string): UnitOfPath | undefined {
  const names = path.split('/').slice(1);
  let place: typeof places | undefined = places;
  for (const [depth, name] of names.entries()) {
    place = placeIn(place, name);
    if (place === undefined) break;
    const unit = place.unit === undefined ? undefined : unitIn(place.unit, names.slice(depth + 1));
    if (unit !== undefined) return unit;
  }
  const relative = inAnyHome.exec(path)?.[1];
  return relative === undefined ? undefined : unitIn({ kind: 'units', scope: 'user' }, relative.split('/'));
}

/** A file of the directory, or of a folder in it that belongs to a unit. */
function unitIn(directory: Pick<UnitDirectory, 'kind' | 'scope'>, names: readonly string[]): UnitOfPath | undefined {
  const [first, second] = names;
  if (first === undefined || names.includes('') || names.length > 2) return undefined;
  if (second !== undefined && (directory.kind !== 'units' || !isUnitSubdirectory(first))) return undefined;
  return { ...classify(directory, names.join('/')), scope: directory.scope };
}
