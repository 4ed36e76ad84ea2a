/** What Node cannot read or set: extended attributes, times to the nanosecond, and chattr(1)'s flags. Programs get the path of a descriptor, never the name that an attacker can exchange. */
import { run } from '../exec.ts';
import { openParent } from '../host/files.ts';
import type { HostPath } from '../host/paths.ts';
import { TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';

/** Names and values (`0x…`) of all extended attributes, ACLs and labels among them; undefined where getfattr is not installed. */
export async function readXattrs(fd: number): Promise<Record<string, string> | undefined> {
  const result = await ifInstalled('getfattr', ['--absolute-names', '--dump', '--match=-', '--encoding=hex', '--', `/proc/${process.pid}/fd/${fd}`]);
  if (result === undefined) return undefined;
  return Object.fromEntries([...result.stdout.matchAll(/^([^#=\n][^=\n]*)=(0x[0-9a-f]*)$/gm)].map(([, name = '', value = '']) => [name, value]));
}

export async function writeXattrs(path: string, xattrs: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, value] of Object.entries(xattrs)) {
    const result = await ifInstalled('setfattr', ['--name', name, '--value', value, '--', path]);
    if (result?.exitCode !== 0) throw new TickwardError('FAILED', `the attribute ${printable(name)} could not be set again: ${printable(result?.stderr.trim() ?? 'setfattr is not installed')}`, { hint: 'apt-get install attr' });
  }
}

/** Access and modification time to the nanosecond. Where touch(1) cannot do that, the microseconds that are set already stay. `follow` is for the path of a descriptor. */
export async function setTimes(path: string, times: { atime_ns?: string; mtime_ns: string }, follow: boolean): Promise<void> {
  const link = follow ? [] : ['--no-dereference'];
  if (times.atime_ns !== undefined) await touch(['-a', ...link], times.atime_ns, path);
  await touch(['-m', ...link], times.mtime_ns, path);
}

async function touch(options: readonly string[], ns: string, path: string): Promise<void> {
  const time = BigInt(ns);
  if (time >= 0n) await ifInstalled('touch', [...options, '--no-create', '--date', `@${time / 1_000_000_000n}.${String(time % 1_000_000_000n).padStart(9, '0')}`, '--', path]);
}

/** The path of a name in its directory for a program that we run. */
export async function withEntry<Result>(path: HostPath, use: (entry: string) => Promise<Result>): Promise<Result> {
  const { directory, name } = openParent(path);
  using parent = directory;
  return await use(`/proc/${process.pid}/fd/${parent.fd}/${name.toString()}`);
}

/** Flags that keep a name from being removed: `i` immutable, `a` append-only. Empty where there are none, or lsattr is not installed or cannot tell. */
export async function protectionOf(paths: readonly string[]): Promise<Map<string, string>> {
  if (paths.length === 0) return new Map();
  const result = await ifInstalled('lsattr', ['-d', '--', ...paths]);
  const lines = result?.stdout.split('\n').map((line) => /^([a-zA-Z-]+) (\/.*)$/.exec(line)) ?? [];
  return new Map(lines.flatMap((parts) => {
    const flags = (parts?.[1] ?? '').replace(/[^ia]/g, '');
    return flags === '' ? [] : [[parts?.[2] ?? '', flags] as const];
  }));
}

export async function changeFlags(path: HostPath, sign: '+' | '-', flags: string): Promise<void> {
  const result = await withEntry(path, (entry) => run('chattr', [`${sign}${flags}`, '--', entry]));
  if (result.exitCode !== 0) throw new TickwardError('FAILED', `chattr ${sign}${flags} failed on ${printable(path.toString())}: ${printable(result.stderr.trim())}`, { hint: 'this needs root with CAP_LINUX_IMMUTABLE' });
}

async function ifInstalled(file: string, args: readonly string[]): Promise<Awaited<ReturnType<typeof run>> | undefined> {
  try {
    return await run(file, args);
  } catch (error) {
    if (error instanceof TickwardError && error.code === 'UNSUPPORTED') return undefined;
    throw error;
  }
}
