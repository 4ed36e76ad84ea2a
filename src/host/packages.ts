/** Which package a file belongs to, as the package manager has it. A file of a package is restored from the package, never deleted. */
import { run, type ExecResult } from '../exec.ts';
import { messageOf, TickwardError } from '../model/errors.ts';
import { legible } from '../model/text.ts';

const TIMEOUT_MS = 20_000;

/** Of one call, in characters. Bytes are at most three times as many, and each argument has a pointer of eight. */
const MOST_ARGUMENTS = 200_000;

/** Of what it says when it fails, in characters. */
const MOST_SAID = 300;

/** hier(7): what lies here is of this boot, or of users; no package has files there. */
const NEVER_PACKAGED = /^\/(?:tmp|var\/tmp|run|home|root|dev|proc|sys)\//;

/** Package names by path; paths that belong to none are absent. Throws UNSUPPORTED where no package manager that is read here has the files of this host, FAILED where it cannot read its database. */
export async function packagesOf(all: readonly string[]): Promise<Map<string, string>> {
  const owners = await ownersOf(all);
  if (owners === undefined) throw new TickwardError('UNSUPPORTED', 'neither dpkg nor rpm has the files of this host');
  return owners;
}

/** Undefined where neither dpkg nor rpm has the files of this host. */
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

/** Undefined where the packages are not dpkg's. */
async function dpkgOwners(paths: readonly string[]): Promise<Map<string, string> | undefined> {
  const known = new Map<string, string>();
  for (const asked of inCalls([...new Set(paths.flatMap(spellings))].map(escapePattern))) {
    const result = await answerOf('dpkg-query', ['--search', '--', ...asked], isFailureOfDpkg);
    if (result === undefined) return undefined;
    for (const line of result.stdout.split('\n')) {
      const cut = line.indexOf(': /');
      if (cut > 0 && !line.startsWith('diversion by ')) known.set(line.slice(cut + 2), line.slice(0, cut));
    }
  }
  if (known.size === 0 && !(await knowsItself('dpkg-query', ['--show', 'dpkg']))) return undefined;
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

/** Undefined where the packages are not rpm's. */
async function rpmOwners(paths: readonly string[]): Promise<Map<string, string> | undefined> {
  const owners = new Map<string, string>();
  for (const path of paths) {
    const result = await answerOf('rpm', ['--query', '--file', '--queryformat', '%{NAME}\n', '--', path], (said) => isFailureOfRpm(said, path));
    if (result === undefined) return undefined;
    const name = result.stdout.split('\n')[0];
    if (result.exitCode === 0 && name) owners.set(path, name);
  }
  return owners.size > 0 || (await knowsItself('rpm', ['--query', 'rpm'])) ? owners : undefined;
}

/** Of a host whose packages are another manager's, or whose database was taken away, it says without an error that no package has the file. */
async function knowsItself(program: string, args: readonly string[]): Promise<boolean> {
  return (await run(program, args, { timeout: TIMEOUT_MS })).exitCode === 0;
}

/** dpkg(1), dpkg-query(1): 1 where some are not found, or differ. Where none is found and lists of files are lost, which it says before it repeats any name, it may be theirs. */
function isFailureOfDpkg({ exitCode, stdout, stderr }: ExecResult): boolean {
  return (exitCode !== 0 && exitCode !== 1) || (stdout === '' && /^dpkg-query: warning: files list file for package '[^'\n]+' missing/.test(stderr));
}

/** rpm(8) ends alike where a file is of no package and where it cannot read its database: only its words differ. A name is no word of its own. */
function isFailureOfRpm({ exitCode, stderr }: ExecResult, path: string): boolean {
  return exitCode !== 0 && /^error: cannot open Packages /m.test(stderr.replaceAll(path, ''));
}

/** Undefined where the program is not installed. Throws FAILED, in its words, where it could not look. */
async function answerOf(file: string, args: readonly string[], isFailure: (said: ExecResult) => boolean): Promise<ExecResult | undefined> {
  let result: ExecResult;
  try {
    result = await run(file, args, { timeout: TIMEOUT_MS });
  } catch (error) {
    if (error instanceof TickwardError && error.code === 'UNSUPPORTED') return undefined;
    throw error;
  }
  if (isFailure(result)) throw new TickwardError('FAILED', legible(result.stderr.trim().replaceAll(/\s+/g, ' ')).slice(0, MOST_SAID) || `${file} failed`);
  return result;
}

/** Of these files, with their packages: the ones whose content is no longer what the package installed. */
export async function modifiedFiles(owners: ReadonlyMap<string, string>): Promise<Set<string>> {
  const packages = [...new Set([...owners.values()].flatMap((name) => name.split(', ')))];
  if (packages.length === 0) return new Set();
  const report = (await answerOf('dpkg', ['--verify', '--', ...packages], isFailureOfDpkg)) ?? (await answerOf('rpm', ['--verify', '--nodeps', '--', ...packages], (said) => isFailureOfRpm(said, '')));
  // Both print "??5?????? c /path": attributes that differ, "c" for a configuration file, the path.
  const changed = (report?.stdout ?? '').split('\n').flatMap((line) => /^(?:..5\S*|missing)\s+(?:[a-z] )?\s*(\/.*)$/.exec(line)?.[1] ?? []);
  const spelled = new Set(changed.flatMap(spellings));
  return new Set([...owners.keys()].filter((path) => spelled.has(path)));
}
