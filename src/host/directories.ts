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
  '/etc/systemd/system',
  '/usr/local/lib/systemd/system',
  '/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/run/systemd/system',
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
]);

/** Relative to a home directory. */
const HOME_UNITS = ['.config/systemd/user', '.local/share/systemd/user'];

/** Below /run/user/UID. */
const RUNTIME_UNITS = ['systemd/user', 'systemd/user.control', 'systemd/transient', 'systemd/generator', 'systemd/generator.early', 'systemd/generator.late'];

/** Every directory, whether it exists or not, the homes of all users of the passwd database included. */
export function unitDirectories(users: readonly PasswdEntry[]): UnitDirectory[] {
  const all: UnitDirectory[] = [
    ...SYSTEM_UNITS.map((path) => ({ path, scope: 'system' as const, kind: 'units' as const })),
    ...USER_UNITS.map((path) => ({ path, scope: 'user' as const, kind: 'units' as const })),
    ...GENERATORS.map(({ path, scope }) => ({ path, scope, kind: 'generators' as const })),
    ...users.flatMap((user) => userDirectories(user)),
  ];
  const byPath = new Map(all.map((directory) => [directory.path, directory] as const));
  return [...byPath.values()];
}

/** A home that is no absolute path, or the root itself, holds no unit directory of its own. */
export function userDirectories(user: Pick<PasswdEntry, 'name' | 'uid' | 'home'>): UnitDirectory[] {
  const home = user.home.replace(/\/+$/, '');
  const inHome = home.startsWith('/') ? HOME_UNITS.map((path) => `${home}/${path}`) : [];
  const inRuntime = RUNTIME_UNITS.map((path) => `/run/user/${user.uid}/${path}`);
  return [...inHome, ...inRuntime].map((path) => ({ path, scope: 'user', kind: 'units', user: user.name }));
}

/** Directories inside a unit directory whose content counts too. */
export function isUnitSubdirectory(name: string): boolean {
  return /\.(?:timer|service|socket|path|target|slice)\.(?:d|wants|requires)$/.test(name) || /^(?:timer|service)\.d$/.test(name);
}

/** What a file of a unit directory is, by the directory's kind and its place below it: `relative` is `a.timer` or `a.timer.d/x.conf`. */
export function classify(directory: Pick<UnitDirectory, 'kind'>, relative: string): { unit: string; unit_type: UnitType } {
  const [first = '', second] = relative.split('/');
  if (directory.kind === 'generators') return { unit: first, unit_type: 'generator' };
  if (second !== undefined) {
    if (/\.(?:wants|requires)$/.test(first)) return { unit: second, unit_type: 'wants' };
    if (first.endsWith('.d')) return { unit: first.slice(0, -2), unit_type: 'drop-in' };
    return { unit: second, unit_type: 'other' };
  }
  if (first.endsWith('.timer')) return { unit: first, unit_type: 'timer' };
  if (first.endsWith('.service')) return { unit: first, unit_type: 'service' };
  return { unit: first, unit_type: 'other' };
}
