/** What this machine has, for tests that need it. `no…` is why a test cannot run, and undefined where it can. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export const isRoot = process.getuid?.() === 0;

/** Also those where only root looks for programs. */
const DIRECTORIES = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'];

export function has(program: string): boolean {
  return DIRECTORIES.some((directory) => existsSync(join(directory, program)));
}

export const noStrace: string | undefined = has('strace') ? undefined : 'needs strace: apt-get install strace';
export const noSetpriv: string | undefined = has('setpriv') ? undefined : 'needs setpriv: apt-get install util-linux';
export const noDpkg: string | undefined = existsSync('/var/lib/dpkg/info/dpkg.list') ? undefined : 'needs a host whose packages are dpkg\'s';

/** Names of Debian packages whose programs are not here. */
export function missingPackages(needed: readonly (readonly [program: string, name: string])[]): string[] {
  return needed.filter(([program]) => !has(program)).map(([, name]) => name);
}
