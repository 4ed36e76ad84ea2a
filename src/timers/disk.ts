/** Units as they stand on disk: which file of several with one name counts, its drop-ins, whether something pulls it in (systemd.unit(5)). Names and texts are `textOfBytes`. */
import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { UnitDirectory } from '../host/directories.ts';
import { listNames } from '../host/names.ts';
import { readStart } from '../host/read.ts';
import { MOST_UNIT_BYTES, parseUnit, templateOf, type UnitEntry } from '../host/units.ts';
import type { Scope } from '../model/event.ts';
import { bytesOfText, textOfBytes } from '../model/text.ts';

export interface DiskUnit {
  name: string;
  scope: Scope;
  /** Whose unit it is; absent for the system's and for units of all users. */
  user?: string;
  path: string;
  masked: boolean;
  transient: boolean;
  generated: boolean;
  dropIns: string[];
  /** Of the file and its drop-ins, in the order in which systemd reads them. */
  entries: UnitEntry[];
  /** Whether a link of some x.wants or x.requires pulls it in. */
  pulledIn: boolean;
}

/** Directories in systemd's order of precedence, first wins. What no pattern matches comes last. */
const PRECEDENCE = [
  /\.control$/,
  /\/transient$/,
  /\/generator\.early$/,
  /\/\.config\/systemd\/user$/,
  /^\/etc\/xdg\/systemd\/user$/,
  /^\/etc\//,
  /^\/run\/user\/\d+\/systemd\/user$/,
  /^\/run\/systemd\/(?:system|user)$/,
  /\/generator$/,
  /\/\.local\/share\/systemd\/user$/,
  /^\/usr\/local\//,
  /^\/(?:usr\/)?(?:lib|share)\//,
  /\/generator\.late$/,
];

function rankOf(path: string): number {
  const rank = PRECEDENCE.findIndex((pattern) => pattern.test(path));
  return rank < 0 ? PRECEDENCE.length : rank;
}

export interface Disk {
  /** Every unit whose name ends so, the one that counts for each manager. */
  units(suffix: string): DiskUnit[];
  /** The unit as the manager of the same scope and user finds it. */
  find(name: string, of: Pick<DiskUnit, 'scope' | 'user'>): DiskUnit | undefined;
  /** Directories that are there and could not be read, with the reason. */
  readonly unread: string[];
}

interface Listed {
  directory: UnitDirectory;
  names: ReadonlySet<string>;
  /** What a link of some x.wants or x.requires in it pulls in; read when it is asked for. */
  pulls(): ReadonlySet<string>;
}

export function readDisk(directories: readonly UnitDirectory[]): Disk {
  const unread: string[] = [];
  const listed = directories
    .filter((directory) => directory.kind === 'units')
    .toSorted((one, other) => rankOf(one.path) - rankOf(other.path))
    .flatMap((directory): Listed[] => {
      const names = namesIn(directory.path, unread);
      let pulls: ReadonlySet<string> | undefined;
      return names.length === 0 ? [] : [{ directory, names: new Set(names), pulls: () => (pulls ??= pulledInBy(directory.path, names)) }];
    });
  const distinct = withoutAliases(listed);
  return {
    unread,
    units: (suffix) => distinct.flatMap(({ directory, names }) => [...names].filter((name) => name.endsWith(suffix)).flatMap((name) => {
      const found = find(distinct, name, { scope: directory.scope, ...(directory.user === undefined ? {} : { user: directory.user }) });
      // Only where it is found first: the others are shadowed.
      return found?.path === join(directory.path, name) ? [found] : [];
    })),
    find: (name, of) => find(distinct, name, of),
  };
}

/** /lib is a link to /usr/lib on most hosts: each directory counts once, under its real name. */
function withoutAliases(listed: readonly Listed[]): Listed[] {
  const paths = new Set(listed.map(({ directory }) => directory.path));
  return listed.filter(({ directory }) => {
    const real = realpathSync(directory.path);
    return real === directory.path || !paths.has(real);
  });
}

function namesIn(path: string, unread: string[]): string[] {
  try {
    return listNames(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM')) unread.push(`${path} may not be read by this user`);
    return [];
  }
}

function find(listed: readonly Listed[], name: string, { scope, user }: Pick<DiskUnit, 'scope' | 'user'>): DiskUnit | undefined {
  const own = listed.filter(({ directory }) => directory.scope === scope && (directory.user === undefined || directory.user === user));
  const holder = own.find(({ names }) => names.has(name)) ?? own.find(({ names }) => names.has(templateOf(name)));
  if (holder === undefined) return undefined;
  const path = join(holder.directory.path, holder.names.has(name) ? name : templateOf(name));
  const masked = isMask(path);
  const dropIns = dropInsOf(own, name);
  const { user: owner } = holder.directory;
  return {
    name,
    scope,
    ...(owner === undefined ? {} : { user: owner }),
    path,
    masked,
    transient: holder.directory.path.endsWith('/transient'),
    generated: /\/generator(?:\.early|\.late)?$/.test(holder.directory.path),
    dropIns,
    entries: masked ? [] : [path, ...dropIns].flatMap((file) => parseUnit(textOfBytes(readStart(file, MOST_UNIT_BYTES) ?? Buffer.alloc(0)))),
    pulledIn: own.some(({ pulls }) => pulls().has(name)),
  };
}

function pulledInBy(directory: string, names: readonly string[]): Set<string> {
  return new Set(names.filter((each) => /\.(?:wants|requires|upholds)$/.test(each)).flatMap((each) => namesIn(join(directory, each), [])));
}

/** A link to /dev/null, or an empty file. */
function isMask(path: string): boolean {
  const stat = lstatSync(bytesOfText(path), { throwIfNoEntry: false });
  if (stat?.isFile()) return stat.size === 0;
  try {
    return stat?.isSymbolicLink() === true && readlinkSync(bytesOfText(path)) === '/dev/null';
  } catch {
    return false;
  }
}

/** `x.timer.d/*.conf` and `timer.d/*.conf`; of files with one name the first directory's counts, and they are read in the order of their names. */
function dropInsOf(own: readonly Listed[], name: string): string[] {
  const type = name.slice(name.lastIndexOf('.') + 1);
  const folders = [`${name}.d`, `${templateOf(name)}.d`, `${type}.d`];
  const byName = new Map<string, string>();
  for (const folder of new Set(folders)) {
    for (const { directory, names } of own) {
      if (!names.has(folder)) continue;
      for (const file of namesIn(join(directory.path, folder), [])) if (file.endsWith('.conf') && !byName.has(file)) byName.set(file, join(directory.path, folder, file));
    }
  }
  return [...byName].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, path]) => path).filter((path) => !isMask(path));
}
