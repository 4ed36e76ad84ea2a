/** Places other than units from which Linux starts programs by itself: where whoever wants to come back leaves something. Sources: cron(8), at(1), systemd.generator(7), bash(1) INVOCATION, ld.so(8), sshd(8), udev(7), pam_exec(8), XDG autostart. */
import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { bytesOfText, textOfBytes } from '../model/text.ts';
import { unitDirectories } from './directories.ts';
import type { PasswdEntry } from './passwd.ts';
import { readStart } from './read.ts';

export type PersistenceKind = 'cron' | 'at' | 'generator' | 'init' | 'shell' | 'ssh' | 'preload' | 'udev' | 'pam' | 'autostart' | 'hook';

export interface PersistentFile {
  kind: PersistenceKind;
  /** In the form of `textOfBytes`. */
  path: string;
  stat: Stats;
  /** The first bytes of a regular file; empty for everything else. */
  head: Buffer;
}

const DIRECTORIES: readonly [PersistenceKind, string][] = [
  ...['/etc/cron.d', '/etc/cron.hourly', '/etc/cron.daily', '/etc/cron.weekly', '/etc/cron.monthly', '/var/spool/cron/crontabs', '/var/spool/cron'].map((path): [PersistenceKind, string] => ['cron', path]),
  ...['/var/spool/cron/atjobs', '/var/spool/at', '/var/spool/atjobs'].map((path): [PersistenceKind, string] => ['at', path]),
  ['init', '/etc/init.d'],
  ['shell', '/etc/profile.d'],
  ['udev', '/etc/udev/rules.d'],
  ['udev', '/run/udev/rules.d'],
  ['pam', '/etc/pam.d'],
  ['autostart', '/etc/xdg/autostart'],
  ...['/etc/update-motd.d', '/etc/apt/apt.conf.d', '/etc/NetworkManager/dispatcher.d', '/usr/lib/systemd/system-sleep', '/usr/lib/systemd/system-shutdown', '/etc/modules-load.d', '/etc/binfmt.d', '/etc/tmpfiles.d'].map((path): [PersistenceKind, string] => ['hook', path]),
];
const FILES: readonly [PersistenceKind, string][] = [
  ['cron', '/etc/crontab'],
  ['cron', '/etc/anacrontab'],
  ['init', '/etc/rc.local'],
  ['init', '/etc/rc.d/rc.local'],
  ['init', '/etc/inittab'],
  ['shell', '/etc/profile'],
  ['shell', '/etc/bash.bashrc'],
  ['shell', '/etc/bashrc'],
  ['shell', '/etc/zsh/zshenv'],
  ['shell', '/etc/environment'],
  ['preload', '/etc/ld.so.preload'],
];
const IN_HOME: readonly [PersistenceKind, string][] = [
  ...['.bashrc', '.profile', '.bash_profile', '.bash_login', '.bash_logout', '.zshrc', '.zshenv', '.zprofile', '.config/fish/config.fish', '.pam_environment'].map((path): [PersistenceKind, string] => ['shell', path]),
  ['ssh', '.ssh/authorized_keys'],
  ['ssh', '.ssh/authorized_keys2'],
  ['ssh', '.ssh/rc'],
];
const MOST_FILES = 5_000;
const HEAD = 64 * 1024;

/** Every file in these places, of these users. `root` is put in front of every path that is read, and left out of what is given. */
export function persistentFiles(users: readonly PasswdEntry[], root = ''): { files: PersistentFile[]; warnings: string[] } {
  const warnings: string[] = [];
  const homes = users.filter(({ home }) => home.startsWith('/') && home.length > 1).map(({ home }) => home.replace(/\/+$/, ''));
  const generators = unitDirectories([]).filter(({ kind }) => kind === 'generators').map(({ path }): [PersistenceKind, string] => ['generator', path]);
  const directories: [PersistenceKind, string][] = [...DIRECTORIES, ...generators, ...homes.map((home): [PersistenceKind, string] => ['autostart', `${home}/.config/autostart`])];
  const files = [...FILES, ...homes.flatMap((home) => IN_HOME.map(([kind, name]): [PersistenceKind, string] => [kind, `${home}/${name}`])), ...directories.flatMap(([kind, path]) => namesIn(root, path, warnings).map((name): [PersistenceKind, string] => [kind, `${path}/${name}`]))];
  if (files.length > MOST_FILES) warnings.push(`only the first ${MOST_FILES} of ${files.length} files are looked at`);
  return { files: files.slice(0, MOST_FILES).flatMap(([kind, path]) => fileAt(root, kind, path)), warnings };
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
