/** Whose package a file is, and whether it is still what the package installed: by the checksums that dpkg keeps, a file at a time, because verifying whole packages takes seconds. */
import { run } from '../exec.ts';
import { modifiedFiles, notKnown, packagesOf, spellings } from './packages.ts';
import { readText } from './read.ts';

export interface Ownership {
  package: string;
  /** null where the package keeps no checksum of it. */
  changed: boolean | null;
}

/** Where dpkg keeps what it knows of each package, and the scripts that it runs for it. */
export const DPKG_INFO = '/var/lib/dpkg/info';
const TIMEOUT_MS = 5_000;

/** By path; files of no package are absent. Throws TickwardError where the package manager does not say. `md5Of` is what is there now, null for what could not be read. */
export async function ownershipOf(md5Of: ReadonlyMap<string, string | null>): Promise<Map<string, Ownership>> {
  // No package has a file of a name that is no UTF-8.
  const owners = await packagesOf([...md5Of.keys()].filter((path) => path.isWellFormed()));
  if (owners.size === 0) return new Map();
  const known = await checksums(owners);
  if (known === undefined) {
    const modified = await modifiedFiles(owners);
    return new Map([...owners].map(([path, name]) => [path, { package: name, changed: modified.has(path) }]));
  }
  return new Map([...owners].map(([path, name]) => {
    const installed = spellings(path).map((spelling) => known.get(spelling)).find((sum) => sum !== undefined);
    const there = md5Of.get(path) ?? null;
    return [path, { package: name, changed: installed === undefined || there === null ? null : installed !== there }];
  }));
}

/** What dpkg installed, by path; undefined where the packages are not dpkg's. */
async function checksums(owners: ReadonlyMap<string, string>): Promise<Map<string, string> | undefined> {
  const packages = [...new Set([...owners.values()].flatMap((name) => name.split(', ')))];
  const sums = new Map<string, string>();
  let isDpkg = false;
  for (const name of packages) {
    const text = readText(`${DPKG_INFO}/${name}.md5sums`);
    isDpkg ||= text !== undefined || readText(`${DPKG_INFO}/${name}.list`) !== undefined;
    for (const [, sum = '', path = ''] of (text ?? '').matchAll(/^([0-9a-f]{32}) {2}(.+)$/gm)) sums.set(`/${path}`, sum);
  }
  if (!isDpkg) return undefined;
  if ([...owners.keys()].some((path) => spellings(path).every((spelling) => !sums.has(spelling)))) for (const [path, sum] of await conffiles(packages)) sums.set(path, sum);
  return sums;
}

/** Configuration files are not in md5sums. ` PATH MD5` a line, deb-conffiles(5). */
async function conffiles(packages: readonly string[]): Promise<Map<string, string>> {
  const { stdout } = await run('dpkg-query', ['--show', '--showformat=${Conffiles}\n', '--', ...packages], { timeout: TIMEOUT_MS });
  return new Map([...stdout.matchAll(/^ (\/.+) ([0-9a-f]{32})(?: obsolete)?$/gm)].map(([, path = '', sum = '']) => [path, sum]));
}

/** Whose packages files are, as far as it could be found out. */
export class Owners {
  /** Why it is not known. */
  readonly problem: string | undefined;
  readonly #known: ReadonlyMap<string, Ownership>;

  constructor(known: ReadonlyMap<string, Ownership>, problem?: string) {
    this.#known = known;
    this.problem = problem;
  }

  static async of(md5Of: ReadonlyMap<string, string | null>): Promise<Owners> {
    try {
      return new Owners(await ownershipOf(md5Of));
    } catch (error) {
      return new Owners(new Map(), notKnown(error));
    }
  }

  get(path: string): Ownership | undefined {
    return this.#known.get(path);
  }

  /** Whether it is known that no package has it. */
  isForeign(path: string): boolean {
    return this.problem === undefined && !this.#known.has(path);
  }

  /** In words. */
  textOf(path: string): string {
    const owned = this.#known.get(path);
    if (owned === undefined) return this.problem === undefined ? 'none' : 'not known';
    return `${owned.package}${owned.changed === true ? ', changed since it was installed' : owned.changed === false ? ', as installed' : ', no checksum is kept'}`;
  }

  get warnings(): string[] {
    return this.problem === undefined ? [] : [this.problem];
  }
}
