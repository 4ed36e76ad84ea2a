/** Packages as `npm run package` makes them, and trees of hosts with nothing but the .deb. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BASE } from './booted.ts';
import { missingPackages } from './needs.ts';
import { CACHE, REPOSITORY } from './program.ts';

const run = promisify(execFile);

/** Why packages cannot be made here, or some of them: `needed` are programs with the Debian packages that have them. */
export function noPackages(needed: readonly (readonly [program: string, name: string])[]): string | undefined {
  const missing = missingPackages(needed);
  return missing.length === 0 ? undefined : `needs what makes packages: apt-get install ${missing.join(' ')}`;
}

export const FOR_DEB = [['dpkg-deb', 'dpkg'], ['strip', 'binutils'], ['npm', 'npm']] as const;

/** Compressed fast. With a mask that would close the files to others, were the modes those of the one who builds. */
export async function buildPackages(out: string, { only, umask = '0027' }: { only?: string; umask?: string } = {}): Promise<void> {
  await run('sh', ['-c', `umask ${umask}; exec sh src/node.sh src/package/index.ts "$@"`, 'sh', '--quick', '--out', out, ...(only === undefined ? [] : ['--only', only])], { cwd: REPOSITORY });
}

/** A copy of the base tree in which the .deb is installed, as on a disk that is not booted yet. The base has to be prepared. */
export async function treeWithDeb(atEnd: (clean: () => Promise<void>) => void): Promise<string> {
  const directory = mkdtempSync(join(CACHE, 'installed-'));
  atEnd(async () => rmSync(directory, { recursive: true, force: true }));
  await buildPackages(directory, { only: 'deb' });
  const deb = readdirSync(directory).find((name) => name.endsWith('.deb')) ?? '';
  const tree = join(directory, 'tree');
  await run('cp', ['-a', '--reflink=auto', BASE, tree]);
  await run('cp', [join(directory, deb), join(tree, 'tickward.deb')]);
  await run('chroot', [tree, 'dpkg', '--install', '/tickward.deb'], { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } });
  rmSync(join(tree, 'tickward.deb'));
  return tree;
}
