/** Looks for traces in files, processes and sockets. Only reads. */
import { fstatSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { sha256Text } from '../host/exchange.ts';
import { openDirectory, openFileIn, readOpen, sha256Of, type Directory } from '../host/files.ts';
import { socketsAround } from '../host/held-sockets.ts';
import { openImage } from '../host/image.ts';
import { lastNameOf, parentOf } from '../host/paths.ts';
import { ancestorsOf, argumentsOf, toldExecutableOf, processIds, startedAt, statOf } from '../host/proc.ts';
import { readStart } from '../host/read.ts';
import { legible, textOfBytes } from '../model/text.ts';
import { reasonsIn, sameAddress, type Indicators } from './sweep-indicators.ts';
import type { Candidate, Place } from './sweep-places.ts';

export interface Trace {
  place: Place | 'process' | 'socket';
  /** A path, `pid N`, or two ends of a connection. Bytes that are no UTF-8 read `\xff`. */
  where: string;
  why: string;
}

/** More of a file is not read: those that count are some kilobytes. Which others there are is said, or an indicator behind a megabyte of comments would be no trace. */
const MOST_BYTES = 1024 ** 2;
const MOST_IMAGE = 256 * 1024 ** 2;
const MOST_TRACES = 1_000;

export interface Search {
  traces: Trace[];
  /** Units that are nothing but new, as `textOfBytes`. */
  recent: { path: string; why: string }[];
  isCut: boolean;
  /** Files of which only the beginning was read, as `textOfBytes`. */
  partly: string[];
  /** Milliseconds of `performance.now()`. */
  deadline: number;
}

export function add(search: Search, trace: Trace): void {
  if (search.traces.length >= MOST_TRACES) search.isCut = true;
  else search.traces.push({ ...trace, where: legible(trace.where), why: legible(trace.why) });
}

/** False means that the time was over before the end. */
export async function searchFiles(files: readonly Candidate[], indicators: Indicators, since: number, search: Search): Promise<boolean> {
  using reader = new Reader();
  for (const [index, { place, path }] of files.entries()) {
    if (performance.now() > search.deadline) return false;
    // The process has signals to hear as well.
    if (index % 100 === 99) await setImmediate();
    const where = textOfBytes(path);
    const read = reader.read(path);
    if (read?.isWhole === false) search.partly.push(where);
    const reasons = reasonsOf(where, read, indicators);
    const news = place === 'unit' && read !== undefined && read.changed >= since ? [`was written or changed at ${new Date(read.changed).toISOString()}`] : [];
    if (reasons.length > 0) add(search, { place, where, why: [...reasons, ...news].join('; ') });
    else if (news[0] !== undefined && search.recent.length < MOST_TRACES) search.recent.push({ path: where, why: news[0] });
  }
  return true;
}

function reasonsOf(path: string, read: Read | undefined, indicators: Indicators): string[] {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const byName = [...indicators.units.filter((unit) => name === unit || path.includes(`/${unit}.d/`)).map((unit) => `has the name of the unit ${unit}`), ...indicators.paths.filter((each) => each === path).map(() => 'is the path itself')];
  if (read === undefined) return byName;
  const hash = indicators.hashes.length === 0 ? '' : sha256Text(read.content);
  return [...byName, ...(indicators.hashes.includes(hash) ? [`has the hash ${hash}`] : []), ...reasonsIn(textOfBytes(read.content), indicators)];
}

interface Read {
  content: Buffer;
  isWhole: boolean;
  /** Milliseconds. The time of the inode, which nobody can set back (touch(1) sets the other two). */
  changed: number;
}

/** Most files lie beside the one before: a directory is opened once for those that follow each other. */
class Reader {
  private directory: Directory | undefined;

  /** Of a link in a place of ours only the name counts. */
  read(path: Buffer): Read | undefined {
    try {
      using file = openFileIn(this.directoryOf(path), lastNameOf(path), 'any');
      return { content: readOpen(file.fd, MOST_BYTES, file.state.size), isWhole: file.state.size <= MOST_BYTES, changed: fstatSync(file.fd).ctimeMs };
    } catch {
      return undefined;
    }
  }

  private directoryOf(path: Buffer): Directory {
    const parent = parentOf(path);
    if (this.directory?.path.equals(parent) === true) return this.directory;
    this[Symbol.dispose]();
    return (this.directory = openDirectory(parent));
  }

  [Symbol.dispose](): void {
    this.directory?.[Symbol.dispose]();
    this.directory = undefined;
  }
}

/** Our own processes name what they look for. */
export async function searchProcesses(indicators: Indicators, search: Search): Promise<boolean> {
  const own = new Set([process.pid, ...ancestorsOf(process.pid)]);
  const hashes = new Map<string, string>();
  for (const pid of processIds().filter((each) => !own.has(each))) {
    if (performance.now() > search.deadline) return false;
    await setImmediate();
    const stat = statOf(pid);
    if (stat === undefined || stat.kernelThread) continue;
    const executable = toldExecutableOf(pid);
    const command = (argumentsOf(pid) ?? []).join(' ');
    const image = indicators.hashes.length === 0 || executable === undefined ? undefined : hashOfImage(pid, hashes);
    const reasons = [
      ...indicators.paths.filter((path) => executable === path || executable === `${path} (deleted)`).map((path) => `runs ${path}`),
      ...(image !== undefined && indicators.hashes.includes(image) ? [`runs a program with the hash ${image}`] : []),
      ...reasonsIn(command, indicators),
      ...indicators.units.filter((unit) => cgroupNames(pid).includes(unit)).map((unit) => `is of the unit ${unit}`),
    ];
    if (reasons.length > 0) add(search, { place: 'process', where: `pid ${pid} (${executable ?? stat.comm}, started ${startedAt(stat)})`, why: reasons.join('; ') });
  }
  return true;
}

function cgroupNames(pid: number): string[] {
  return readStart(`/proc/${pid}/cgroup`, 64 * 1024)?.toString().trim().split(/[/\n]/) ?? [];
}

/** Of what runs, also where its file is deleted; each program once. */
function hashOfImage(pid: number, known: Map<string, string>): string | undefined {
  try {
    using image = openImage(pid);
    if (image.size > MOST_IMAGE) return undefined;
    const hash = known.get(image.id) ?? sha256Of(image.fd, MOST_IMAGE);
    if (hash !== undefined) known.set(image.id, hash);
    return hash;
  } catch {
    return undefined;
  }
}

/** Connections and listeners of every network namespace that a process is in, with who has them. */
export function searchSockets(indicators: Indicators, search: Search): void {
  if (indicators.addresses.length === 0) return;
  for (const { sockets } of socketsAround(processIds())) {
    for (const { file, local_address, local_port, remote_address, remote_port, pids } of sockets) {
      const address = indicators.addresses.find((each) => sameAddress(each, remote_address) || sameAddress(each, local_address));
      const by = pids.length === 0 ? 'nobody that can be seen' : `pid ${pids.join(', ')}`;
      if (address !== undefined) add(search, { place: 'socket', where: `${file} ${local_address} port ${local_port} to ${remote_address} port ${remote_port}`, why: `has the address ${address}, held by ${by}` });
    }
  }
}
