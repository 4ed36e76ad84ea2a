/** Where unit files live (systemd.unit(5), systemd.generator(7)): what the sensor watches and the response searches. */
import type { Scope, UnitType } from '../model/event.ts';
import type { PasswdEntry } from './passwd.ts';

export interface UnitDirectory {
  path: string;
  scope: Scope;
  kind: 'units' | 'generators';
  /** Whose home or runtime directory it is in. */
  user?: string;
}

const SYSTEM_UNITS = [
  '/etc/systemd/system.control',
  '/etc/systemd/system',
  '/etc/systemd/system.attached',
  '/usr/local/lib/systemd/system',
  '/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/run/systemd/system',
  '/run/systemd/system.attached',
  '/run/systemd/system.control',
  '/run/systemd/transient',
  '/run/systemd/generator',
  '/run/systemd/generator.early',
  '/run/systemd/generator.late',
];

const USER_UNITS = [
  '/etc/systemd/user',
  '/etc/xdg/systemd/user',
  '/usr/local/lib/systemd/user',
  '/usr/local/share/systemd/user',
  '/usr/lib/systemd/user',
  '/usr/share/systemd/user',
  '/run/systemd/user',
];

const GENERATORS: readonly { path: string; scope: Scope }[] = ['/etc/systemd', '/usr/local/lib/systemd', '/usr/lib/systemd', '/run/systemd'].flatMap((parent) => [
  { path: `${parent}/system-generators`, scope: 'system' as const },
  { path: `${parent}/user-generators`, scope: 'user' as const },
  // systemd.environment-generator(7): run as early, by the same managers.
  { path: `${parent}/system-environment-generators`, scope: 'system' as const },
  { path: `${parent}/user-environment-generators`, scope: 'user' as const },
]);

/** Relative to a home directory. */
export const HOME_UNITS = ['.config/systemd/user.control', '.config/systemd/user', '.local/share/systemd/user'];

/** Below /run/user/UID. */
const RUNTIME_UNITS = ['systemd/user', 'systemd/user.control', 'systemd/transient', 'systemd/generator', 'systemd/generator.early', 'systemd/generator.late'];

/** Every directory, whether it exists or not, the homes of all users of the passwd database included. */
export function unitDirectories(users: readonly PasswdEntry[]): UnitDirectory[] {
  const all = [...systemDirectories(), ...users.flatMap((user) => userDirectories(user))];
  const byPath = new Map(all.map((directory) => [directory.path, directory] as const));
  return [...byPath.values()];
}

function systemDirectories(): UnitDirectory[] {
  return [
    ...SYSTEM_UNITS.map((path) => ({ path, scope: 'system' as const, kind: 'units' as const })),
    ...USER_UNITS.map((path) => ({ path, scope: 'user' as const, kind: 'units' as const })),
    ...GENERATORS.map(({ path, scope }) => ({ path, scope, kind: 'generators' as const })),
  ];
}

/** A home that is no absolute path, or the root itself, holds no unit directory of its own. */
export function userDirectories(user: Pick<PasswdEntry, 'name' | 'uid' | 'home'>): UnitDirectory[] {
  const home = user.home.replace(/\/+$/, '');
  const inHome = home.startsWith('/') ? HOME_UNITS.map((path) => `${home}/${path}`) : [];
  const inRuntime = RUNTIME_UNITS.map((path) => `/run/user/${user.uid}/${path}`);
  return [...inHome, ...inRuntime].map((path) => ({ path, scope: 'user', kind: 'units', user: user.name }));
}

/** What is wanted at a directory on the way to unit directories. Homes share one, so that a hundred thousand users cost no more than one. */
export interface Place {
  /** A home, or what /run has for a user: what is in it is of that user's making. */
  readonly isUsers?: true;
  /** Unit files or generators lie right here. */
  unit?: Pick<UnitDirectory, 'scope' | 'kind'>;
  /** Names that lead further. */
  readonly named: Map<string, Place>;
  /** Where names are not known beforehand, what every name of this form leads to. */
  any?: { readonly form: RegExp; readonly place: Place };
}

/** The root of all places: those of the system, the homes in /home whoever owns them, the homes of all users, and what /run has for users. */
export function unitPlaces(users: readonly Pick<PasswdEntry, 'home'>[]): Place {
  const root = placesOf(systemDirectories());
  const home = usersPlace(HOME_UNITS);
  const runtime = usersPlace(RUNTIME_UNITS);
  placeAt(root, '/home').any = { form: /^/, place: home };
  placeAt(root, '/run/user').any = { form: /^\d+$/, place: runtime };
  const parents = new Map<string, Place>();
  for (const user of users) {
    const path = user.home.endsWith('/') ? user.home.replace(/\/+$/, '') : user.home;
    const slash = path.lastIndexOf('/');
    const above = path.slice(0, Math.max(slash, 0));
    if (!path.startsWith('/') || above === '/home') continue;
    const parent = parents.get(above) ?? placeAt(root, above, home);
    parents.set(above, parent);
    const name = path.slice(slash + 1);
    const there = parent.named.get(name);
    if (there === home) continue;
    parent.named.set(name, there === undefined ? home : both(there, home));
    // What was there may stand for a parent of other homes, and is another one now.
    if (there !== undefined) parents.clear();
  }
  return root;
}

function usersPlace(paths: readonly string[]): Place {
  return { ...placesOf(paths.map((path) => ({ path, scope: 'user', kind: 'units' }))), isUsers: true };
}

/** The places that lead to a list of directories. */
export function placesOf(directories: readonly Pick<UnitDirectory, 'path' | 'scope' | 'kind'>[]): Place {
  const root: Place = { named: new Map() };
  for (const { path, scope, kind } of directories) placeAt(root, path).unit = { scope, kind };
  return root;
}

/** What a name leads to from a place. */
export function placeIn(place: Place, name: string): Place | undefined {
  const named = place.named.get(name);
  const any = place.any?.form.test(name) === true ? place.any.place : undefined;
  return named === undefined || any === undefined || named === any ? named ?? any : both(named, any);
}

/** Makes what is missing on the way. On a way through `shared` (a home in another one's home) that is copied first: it stands in many places. */
function placeAt(root: Place, path: string, shared?: Place): Place {
  let place = root;
  let inShared = false;
  for (const name of path.split('/').filter(Boolean)) {
    const there = place.named.get(name);
    inShared ||= there !== undefined && there === shared;
    const next: Place = there === undefined ? { named: new Map() } : inShared ? { ...there, named: new Map(there.named) } : there;
    place.named.set(name, next);
    place = next;
  }
  return place;
}

/** A new place that leads where either leads. */
function both(one: Place, other: Place): Place {
  const unit = one.unit ?? other.unit;
  const any = one.any ?? other.any;
  const named = new Map(one.named);
  for (const [name, place] of other.named) {
    const there = named.get(name);
    named.set(name, there === undefined || there === place ? place : both(there, place));
  }
  return { named, ...(unit === undefined ? {} : { unit }), ...(any === undefined ? {} : { any }), ...(one.isUsers ?? other.isUsers ? { isUsers: true } : {}) };
}

/** systemd(1): any of them can start a timer that it wants, and most run commands of their own. */
const UNIT_TYPES = 'service|socket|device|mount|automount|swap|target|path|timer|slice|scope';

/** systemd.unit(5): `.upholds` since 254. */
const SUBDIRECTORY = new RegExp(`\\.(?:${UNIT_TYPES})\\.(?:d|wants|requires|upholds)$|^(?:${UNIT_TYPES})\\.d$`);

/** Directories inside a unit directory whose content counts too: drop-ins of a unit or of all units of a type, and what a unit pulls in. */
export function isUnitSubdirectory(name: string): boolean {
  return SUBDIRECTORY.test(name);
}

const UNIT_NAME = new RegExp(`\\.(?:${UNIT_TYPES})$`);

/** Whether systemd reads settings from a file of a unit directory: a unit, or a drop-in (`*.conf`). */
export function isUnitText(directory: Pick<UnitDirectory, 'kind'>, relative: string): boolean {
  return directory.kind === 'units' && (relative.includes('/') ? /\.d\/[^/]*\.conf$/.test(relative) : UNIT_NAME.test(relative));
}

/** What a file of a unit directory is, by the directory's kind and its place below it: `relative` is `a.timer` or `a.timer.d/x.conf`. */
export function classify(directory: Pick<UnitDirectory, 'kind'>, relative: string): { unit: string; unit_type: UnitType } {
  const [first = '', second] = relative.includes('/') ? relative.split('/') : [relative];
  if (directory.kind === 'generators') return { unit: first, unit_type: 'generator' };
  if (second !== undefined) {
    if (/\.(?:wants|requires|upholds)$/.test(first)) return { unit: second, unit_type: 'wants' };
    if (first.endsWith('.d')) return { unit: first.slice(0, -2), unit_type: 'drop-in' };
    return { unit: second, unit_type: 'other' };
  }
  if (first.endsWith('.timer')) return { unit: first, unit_type: 'timer' };
  if (first.endsWith('.service')) return { unit: first, unit_type: 'service' };
  return { unit: first, unit_type: 'other' };
}
