/** What a package has under a path: from its .deb in apt's cache, checked against what dpkg wrote down when it installed it. */
import { createHash } from 'node:crypto';
import { lstatSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../exec.ts';
import { TickwardError } from '../model/errors.ts';
import { sha256Text } from './exchange.ts';
import { spellings } from './packages.ts';
import { MOST_UNIT_BYTES } from './units.ts';
import { firstLineOf } from '../model/text.ts';

export interface Original {
  content: Buffer;
  mode: number;
  uid: number;
  gid: number;
  mtime_ns: string;
  /** The .deb that it is from. */
  source: string;
  /** Whether apt's index of the archive confirms the .deb; undefined where it does not know it. */
  confirmed?: true;
}

const CACHE = '/var/cache/apt/archives';
const TIMEOUT_MS = 20_000;

/** In words why not, where it cannot be had here. */
export async function originalOf(path: string, packageName: string, cache = CACHE): Promise<Original | { why: string }> {
  try {
    const [name = '', version = '', architecture = ''] = (await output('dpkg-query', ['--show', '--showformat', '${Package}\t${Version}\t${Architecture}', '--', packageName])).split('\t');
    const deb = join(cache, `${name}_${version.replaceAll(':', '%3a')}_${architecture}.deb`);
    const known = await hashOf(path, packageName);
    if (known === undefined) return { why: `dpkg has no hash of ${path}` };
    return await fromDeb(deb, path, known, await confirms(deb, `${name}=${version}`));
  } catch (error) {
    if (error instanceof TickwardError) return { why: error.message };
    throw error;
  }
}

async function fromDeb(deb: string, path: string, md5: string, confirmed: boolean | undefined): Promise<Original | { why: string }> {
  if (lstatSync(deb, { throwIfNoEntry: false })?.isFile() !== true) return { why: `its .deb is not in apt's cache (${deb})` };
  if (confirmed === false) return { why: `${deb} is not what the archive has: its SHA256 differs from apt's index` };
  const directory = mkdtempSync(join(tmpdir(), 'tickward-deb-'));
  try {
    await output('dpkg-deb', ['--extract', deb, directory]);
    for (const spelling of spellings(path)) {
      const stat = lstatSync(join(directory, spelling), { throwIfNoEntry: false, bigint: true });
      if (stat?.isFile() !== true || stat.size > MOST_UNIT_BYTES) continue;
      const content = readFileSync(join(directory, spelling));
      if (createHash('md5').update(content).digest('hex') !== md5) return { why: `${deb} has another ${path} than dpkg installed` };
      return { content, mode: Number(stat.mode) & 0o7777, uid: Number(stat.uid), gid: Number(stat.gid), mtime_ns: String(stat.mtimeNs), source: deb, ...(confirmed === true ? { confirmed } : {}) };
    }
    return { why: `${deb} has no ${path}` };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** MD5, the hash that dpkg keeps of files and of configuration files. */
async function hashOf(path: string, packageName: string): Promise<string | undefined> {
  const [md5sums, conffiles] = [await output('dpkg-query', ['--control-show', packageName, 'md5sums']).catch(() => ''), await output('dpkg-query', ['--show', '--showformat', '${Conffiles}', '--', packageName])];
  for (const spelling of spellings(path)) {
    const found = md5sums.split('\n').find((line) => line.slice(32).trim() === spelling.slice(1))?.slice(0, 32) ?? conffiles.split('\n').map((line) => line.trim().split(' ')).find(([name]) => name === spelling)?.[1];
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Undefined where apt's index does not know this version, or there is no apt. */
async function confirms(deb: string, wanted: string): Promise<boolean | undefined> {
  const record = await output('apt-cache', ['show', '--no-all-versions', '--', wanted]).catch(() => '');
  const known = /^SHA256: ([0-9a-f]{64})$/m.exec(record)?.[1];
  if (known === undefined || lstatSync(deb, { throwIfNoEntry: false })?.isFile() !== true) return undefined;
  return sha256Text(readFileSync(deb)) === known;
}

async function output(file: string, args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await run(file, args, { timeout: TIMEOUT_MS });
  if (exitCode !== 0) throw new TickwardError('FAILED', `${file} failed: ${firstLineOf(stderr)}`);
  return stdout;
}
