/** Files in which a host keeps what it runs by itself, as far as it is kept in files: where a trace is looked for. */
import { keyFilesOf } from '../host/authorized-keys.ts';
import { CRON_PLACES } from '../host/cron-files.ts';
import { isUnitSubdirectory } from '../host/directories.ts';
import { lookAt, namesIn, openDirectory } from '../host/files.ts';
import { pathIn, toBytes, type HostPath } from '../host/paths.ts';
import { messageOf, TickwardError } from '../model/errors.ts';
import { textOfBytes } from '../model/text.ts';
import type { HostContext } from './action.ts';

export type Place = 'unit' | 'generator' | 'cron' | 'at' | 'startup' | 'shell' | 'ssh' | 'package hook';

export interface Candidate {
  place: Place;
  path: Buffer;
}

/** Files, and directories whose files count (one level). */
const STARTUP = ['/etc/rc.local', '/etc/init.d', '/etc/update-motd.d', '/etc/xdg/autostart', '/etc/udev/rules.d', '/etc/modules-load.d', '/etc/ld.so.preload', '/etc/NetworkManager/dispatcher.d', '/etc/network/if-up.d', '/etc/cron.hourly', '/etc/cron.daily', '/etc/cron.weekly', '/etc/cron.monthly'];
const SHELL = ['/etc/profile', '/etc/profile.d', '/etc/bash.bashrc', '/etc/bashrc', '/etc/zsh/zshrc', '/etc/zsh/zshenv', '/etc/environment'];
const PACKAGE_HOOKS = ['/etc/apt/apt.conf.d', '/etc/apt/apt.conf', '/etc/dpkg/dpkg.cfg.d', '/etc/dpkg/dpkg.cfg', '/etc/dnf/plugins', '/etc/yum/pluginconf.d', '/etc/kernel/postinst.d'];
const IN_HOME: readonly (readonly [Place, string])[] = [
  ...['.bashrc', '.bash_profile', '.bash_login', '.profile', '.bash_logout', '.bash_aliases', '.zshrc', '.zshenv', '.zprofile', '.xprofile', '.xsessionrc'].map((name) => ['shell', name] as const),
  ['startup', '.config/autostart'],
  ['ssh', '.ssh/rc'],
];
const DPKG_INFO = '/var/lib/dpkg/info';
/** deb-postinst(5) and its like: run as root at the next update of the package. */
const SCRIPT = /\.(?:pre|post)(?:inst|rm)$/;
const MOST_CANDIDATES = 50_000;

export async function candidates(context: HostContext): Promise<{ files: Candidate[]; notes: string[] }> {
  const notes: string[] = [];
  const files: Candidate[] = [];
  const add = (place: Place, path: HostPath, isWanted: (name: string) => boolean = () => true, deeper = false): void => {
    if (files.length < MOST_CANDIDATES) files.push(...under(toBytes(path), isWanted, deeper, notes).map((each) => ({ place, path: each })));
  };
  for (const { path, kind } of context.directories) add(kind === 'units' ? 'unit' : 'generator', path, undefined, true);
  for (const path of [...CRON_PLACES.files, ...CRON_PLACES.folders]) add('cron', path);
  for (const path of CRON_PLACES.jobs) add('at', path);
  for (const path of STARTUP) add('startup', path);
  for (const path of SHELL) add('shell', path);
  for (const path of PACKAGE_HOOKS) add('package hook', path);
  add('package hook', DPKG_INFO, (name) => SCRIPT.test(name));
  const homes = [...new Set(context.users.map((user) => user.home.replace(/\/+$/, '')).filter((home) => home.startsWith('/')))];
  for (const home of homes) for (const [place, name] of IN_HOME) add(place, `${home}/${name}`);
  const keys = await keyFilesOf(context.users);
  for (const { path } of keys.files) add('ssh', path);
  if (files.length >= MOST_CANDIDATES) notes.push(`only the first ${MOST_CANDIDATES} files were looked into`);
  return { files: unique(files), notes: [...new Set([...notes, ...keys.notes])] };
}

/** The path itself, or what is in it where it is a directory; `deeper` also what is in the folders of units in it. */
function under(path: Buffer, isWanted: (name: string) => boolean, deeper: boolean, notes: string[]): Buffer[] {
  try {
    using directory = openDirectory(path);
    return namesIn(directory).flatMap((name): Buffer[] => {
      const at = pathIn(directory, name);
      if (lookAt(directory, name)?.state.kind === 'directory') return deeper && isUnitSubdirectory(textOfBytes(name)) ? under(at, isWanted, false, notes) : [];
      return isWanted(textOfBytes(name)) ? [at] : [];
    });
  } catch (error) {
    if (!(error instanceof TickwardError)) throw error;
    // A file, or a directory by another name (/lib/systemd, /etc/xdg/systemd/user), which has its turn itself.
    if (error.code === 'REFUSED') return isFile(path) ? [path] : [];
    if (error.code !== 'NOT_FOUND') notes.push(messageOf(error));
    return [];
  }
}

function isFile(path: Buffer): boolean {
  try {
    using parent = openDirectory(path.subarray(0, path.lastIndexOf(0x2f)));
    return lookAt(parent, path.subarray(path.lastIndexOf(0x2f) + 1))?.state.kind === 'file';
  } catch {
    return false;
  }
}

function unique(files: readonly Candidate[]): Candidate[] {
  const seen = new Set<string>();
  return files.filter(({ path }) => seen.size < seen.add(path.toString('latin1')).size);
}
