/** Which package a file belongs to, as the package manager has it. A file of a package is restored from the package, never deleted. */
import { run } from '../exec.ts';
import { messageOf, TickwardError } from '../model/errors.ts';
import { legible } from '../model/text.ts';

const TIMEOUT_MS = 20_000;

/** Of one call, in characters. Bytes are at most three times as many, and each argument has a pointer of eight. */
const MOST_ARGUMENTS = 200_000;

/** Of what it says when it fails, in characters. */
const MOST_SAID = 300;

/** hier(7): what lies here is of this boot, or of users; no package has files there. */
const NEVER_PACKAGED = /^\/(?:tmp|var\/tmp|run|home|root|dev|proc|sys)\//;

/** Package names by path; paths that belong to none are absent. Throws FAILED where dpkg cannot read its database. */
export async function packagesOf(all: readonly string[]): Promise<Map<string, string>> {
  return (await ownersOf(all)) ?? new Map<string, string>();
}

/** Undefined where there is neither dpkg nor rpm. */
async function ownersOf(all: readonly string[]): Promise<Map<string, string> | undefined> {
  const paths = all.filter(mayBePackaged);
  if (paths.length === 0) return new Map();
  return (await dpkgOwners(paths)) ?? (await rpmOwners(paths));
}

export function mayBePackaged(path: string): boolean {
  return !NEVER_PACKAGED.test(path);
}

export interface KnownPackages {
  /** As `packagesOf` has them; none where it is not known. */
  owners: ReadonlyMap<string, string>;
  /** Whether a package manager that is read here answered: else a file without a package may be any package's. */
  answered: boolean;
  /** Why one that is there did not, in words. */
  problem?: string;
}

/** For who goes on without knowing, and says so. */
export async function packagesIfKnown(paths: readonly string[]): Promise<KnownPackages> {
  try {
    const owners = await ownersOf(paths);
    return { owners: owners ?? new Map<string, string>(), answered: owners !== undefined };
  } catch (error) {
    return { owners: new Map(), answered: false, problem: notKnown(error) };
  }
}

export function notKnown(error: unknown): string {
  return `which files belong to packages is not known: ${messageOf(error)}`;
}

/** Undefined where there is no dpkg. */
async function dpkgOwners(paths: readonly string[]): Promise<Map<string, string> | undefined> {
  const known = new Map<string, string>();
  for (const asked of inCalls([...new Set(paths.flatMap(spellings))].map(escapePattern))) {
    const result = await tolerant('dpkg-query', ['--search', '--', ...asked], { isFailure: isFatal });
    if (result === undefined) return undefined;
    for (const line of result.split('\n')) {
      const cut = line.indexOf(': /');
      if (cut > 0 && !line.startsWith('diversion by ')) known.set(line.slice(cut + 2), line.slice(0, cut));
    }
  }
  return new Map(paths.flatMap((path) => {
    const owner = spellings(path).map((spelling) => known.get(spelling)).find((each) => each !== undefined);
    return owner === undefined ? [] : [[path, owner] as const];
  }));
}

/** As many as fit into one call: the kernel refuses more than a quarter of the stack's limit (execve(2)). */
function* inCalls(args: readonly string[]): Generator<string[]> {
  let call: string[] = [];
  let length = 0;
  for (const arg of args) {
    if (length > 0 && length + arg.length > MOST_ARGUMENTS) {
      yield call;
      [call, length] = [[], 0];
    }
    call.push(arg);
    length += arg.length;
  }
  if (call.length > 0) yield call;
}

/** Directories that are links into /usr on most hosts (UsrMerge). */
const MERGED = /^(?:\/usr)?(\/(?:bin|sbin|lib|lib32|lib64|libx32)\/.*)$/;

/** Where /lib is a link to /usr/lib, a package may have its files under either name. */
export function spellings(path: string): string[] {
  const merged = MERGED.exec(path)?.[1];
  if (merged === undefined) return [path];
  return path === merged ? [path, `/usr${path}`] : [path, merged];
}

/** dpkg-query(1) takes patterns. */
function escapePattern(path: string): string {
  return path.replace(/[\\*?[\]]/g, '\\$&');
}

async function rpmOwners(paths: readonly string[]): Promise<Map<string, string> | undefined> {
  const owners = new Map<string, string>();
  for (const path of paths) {
    const result = await tolerant('rpm', ['--query', '--file', '--queryformat', '%{NAME}\n', '--', path], { mustSucceed: true });
    if (result === undefined) return undefined;
    const name = result.split('\n')[0];
    if (name) owners.set(path, name);
  }
  return owners;
}

/** dpkg-query(1): 1 where some are not found. */
function isFatal(exitCode: number | undefined): boolean {
  return exitCode !== 0 && exitCode !== 1;
}

/** Standard output, also of a search that found only some; undefined where the program is not installed. */
async function tolerant(file: string, args: readonly string[], { mustSucceed = false, isFailure = () => false }: { mustSucceed?: boolean; isFailure?: (exitCode: number | undefined) => boolean } = {}): Promise<string | undefined> {
  try {
    const result = await run(file, args, { timeout: TIMEOUT_MS });
    if (isFailure(result.exitCode)) throw new TickwardError('FAILED', legible(result.stderr.trim().replaceAll(/\s+/g, ' ')).slice(0, MOST_SAID) || `${file} failed`);
    return mustSucceed && result.exitCode !== 0 ? '' : result.stdout;
  } catch (error) {
    if (error instanceof TickwardError && error.code === 'UNSUPPORTED') return undefined;
    throw error;
  }
}

/** Of these files, with their packages: the ones whose content is no longer what the package installed. */
export async function modifiedFiles(owners: ReadonlyMap<string, string>): Promise<Set<string>> {
  const packages = [...new Set([...owners.values()].flatMap((name) => name.split(', ')))];
  if (packages.length === 0) return new Set();
  const report = (await tolerant('dpkg', ['--verify', '--', ...packages])) ?? (await tolerant('rpm', ['--verify', '--nodeps', '--', ...packages])) ?? '';
  // Both print "??5?????? c /path": attributes that differ, "c" for a configuration file, the path.
  const changed = report.split('\n').flatMap((line) => /^(?:..5\S*|missing)\s+(?:[a-z] )?\s*(\/.*)$/.exec(line)?.[1] ?? []);
  const spelled = new Set(changed.flatMap(spellings));
  return new Set([...owners.keys()].filter((path) => spelled.has(path)));
}
