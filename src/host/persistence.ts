/** Places other than units from which Linux starts programs by itself: where whoever wants to come back leaves something. Sources: cron(8), at(1), systemd.generator(7), bash(1) INVOCATION, ld.so(8), sshd(8), udev(7), pam_exec(8), XDG autostart. */
import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { bytesOfText, textOfBytes } from '../model/text.ts';
import { DEFAULT_KEY_FILES } from './authorized-keys.ts';
import { CRON_PLACES } from './cron-files.ts';
import { unitDirectories } from './directories.ts';
import type { PasswdEntry } from './passwd.ts';
import { readStart } from './read.ts';

export type PersistenceKind = 'cron' | 'at' | 'generator' | 'init' | 'shell' | 'ssh' | 'preload' | 'udev' | 'pam' | 'autostart' | 'hook' | 'package hook';

export interface PersistentFile {
  kind: PersistenceKind;
  /** In the form of `textOfBytes`. */
  path: string;
  stat: Stats;
  /** The first bytes of a regular file; empty for everything else. */
  head: Buffer;
}

type Places = readonly [PersistenceKind, readonly string[]][];

/** Every file in them counts, not what is deeper. */
const DIRECTORIES: Places = [
  ['cron', [...CRON_PLACES.folders, '/etc/cron.hourly', '/etc/cron.daily', '/etc/cron.weekly', '/etc/cron.monthly']],
  ['at', CRON_PLACES.jobs],
  ['init', ['/etc/init.d']],
  ['shell', ['/etc/profile.d']],
  ['udev', ['/etc/udev/rules.d', '/run/udev/rules.d']],
  ['pam', ['/etc/pam.d']],
  ['autostart', ['/etc/xdg/autostart']],
  ['hook', ['/etc/update-motd.d', '/etc/NetworkManager/dispatcher.d', '/etc/network/if-up.d', '/usr/lib/systemd/system-sleep', '/usr/lib/systemd/system-shutdown', '/etc/modules-load.d', '/etc/binfmt.d', '/etc/tmpfiles.d']],
  ['package hook', ['/etc/apt/apt.conf.d', '/etc/dpkg/dpkg.cfg.d', '/etc/dnf/plugins', '/etc/yum/pluginconf.d', '/etc/kernel/postinst.d']],
];
const FILES: Places = [
  ['cron', CRON_PLACES.files],
  ['init', ['/etc/rc.local', '/etc/rc.d/rc.local', '/etc/inittab']],
  ['shell', ['/etc/profile', '/etc/bash.bashrc', '/etc/bashrc', '/etc/zsh/zshrc', '/etc/zsh/zshenv', '/etc/environment']],
  ['preload', ['/etc/ld.so.preload']],
  ['package hook', ['/etc/apt/apt.conf', '/etc/dpkg/dpkg.cfg']],
];
const IN_HOME: Places = [
  ['shell', ['.bashrc', '.profile', '.bash_profile', '.bash_login', '.bash_logout', '.bash_aliases', '.zshrc', '.zshenv', '.zprofile', '.xprofile', '.xsessionrc', '.config/fish/config.fish', '.pam_environment']],
  ['ssh', ['.ssh/rc']],
];

export interface Place {
  kind: PersistenceKind;
  path: string;
}

/** Where these users and the system keep it; generators and keys of ssh have readers of their own. */
export function persistencePlaces(users: readonly PasswdEntry[]): { directories: Place[]; files: Place[] } {
  const homes = [...new Set(users.map(({ home }) => home.replace(/\/+$/, '')).filter((home) => home.startsWith('/') && home.length > 1))];
  return {
    directories: [...flat(DIRECTORIES), ...homes.map((home): Place => ({ kind: 'autostart', path: `${home}/.config/autostart` }))],
    files: [...flat(FILES), ...homes.flatMap((home) => flat(IN_HOME, `${home}/`))],
  };
}

function flat(places: Places, before = ''): Place[] {
  return places.flatMap(([kind, paths]) => paths.map((path): Place => ({ kind, path: `${before}${path}` })));
}

const MOST_FILES = 5_000;
const HEAD = 64 * 1024;

/** Every file in these places, of these users. `root` is put in front of every path that is read, and left out of what is given. */
export function persistentFiles(users: readonly PasswdEntry[], root = ''): { files: PersistentFile[]; warnings: string[] } {
  const warnings: string[] = [];
  const places = persistencePlaces(users);
  const generators = unitDirectories([]).filter(({ kind }) => kind === 'generators').map(({ path }): Place => ({ kind: 'generator', path }));
  const keys = users.filter(({ home }) => home.startsWith('/') && home.length > 1).flatMap(({ home }) => DEFAULT_KEY_FILES.map((name): Place => ({ kind: 'ssh', path: `${home.replace(/\/+$/, '')}/${name}` })));
  const files = [...places.files, ...keys, ...[...places.directories, ...generators].flatMap(({ kind, path }) => namesIn(root, path, warnings).map((name): Place => ({ kind, path: `${path}/${name}` })))];
  if (files.length > MOST_FILES) warnings.push(`only the first ${MOST_FILES} of ${files.length} files are looked at`);
  return { files: files.slice(0, MOST_FILES).flatMap(({ kind, path }) => fileAt(root, kind, path)), warnings };
}

function namesIn(root: string, path: string, warnings: string[]): string[] {
  try {
    return readdirSync(bytesOfText(root + path), { encoding: 'buffer' }).map(textOfBytes).filter((name) => name !== '.SEQ');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM')) warnings.push(`${path} may not be read by this user`);
    return [];
  }
}

function fileAt(root: string, kind: PersistenceKind, path: string): PersistentFile[] {
  try {
    const stat = lstatSync(bytesOfText(root + path));
    if (stat.isDirectory()) return [];
    return [{ kind, path, stat, head: readStart(root + path, HEAD) ?? Buffer.alloc(0) }];
  } catch {
    return [];
  }
}
