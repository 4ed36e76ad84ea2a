/** Who did it, read from /proc the moment an event arrives. Says less rather than something wrong. */
import { readdirSync, readlinkSync } from 'node:fs';
import { userOf, type PasswdEntry } from '../host/passwd.ts';
import * as proc from '../host/proc.ts';
import type { Attribution, EcsProcess, FileEvent } from '../model/event.ts';

/** What is said of the process in an event. */
export interface Attributed {
  attribution: Attribution;
  note?: string;
  process?: EcsProcess;
  user?: NonNullable<FileEvent['user']>;
  auid?: string;
  cgroup?: string;
  container?: string;
  ancestry: FileEvent['tickward']['ancestry'];
  /** The program is what the process ran a moment before; it may have become another since. */
  isGuess?: true;
  /** Milliseconds since the epoch at which the process started, to ±10 ms. */
  startedMs?: number;
}

const MOST_ANCESTORS = 32;
const DELETED = / \(deleted\)$/;

export function unknown(note: string): Attributed {
  return { attribution: 'none', note, ancestry: [] };
}

/** Reads first what vanishes first: program and arguments, then the rest. */
export function attribute(pid: number, users: () => readonly PasswdEntry[]): Attributed {
  const executable = proc.executableOf(pid);
  const args = proc.argumentsOf(pid);
  const stat = proc.statOf(pid);
  if (stat === undefined) return unknown(`process ${pid} had ended before it could be read`);
  const status = proc.statusOf(pid);
  const uid = status?.get('Uid')?.split('\t')[1];
  const gid = status?.get('Gid')?.split('\t')[1];
  const cgroup = proc.cgroupOf(pid);
  const container = cgroup === undefined ? undefined : proc.containerOf(cgroup);
  const auid = proc.loginUidOf(pid);
  const name = uid === undefined ? undefined : userOf(Number(uid), users())?.name;
  const notes: string[] = [];
  if (executable === undefined) notes.push(`process ${pid} was ending: its program could not be read`);
  else if (DELETED.test(executable)) notes.push(executable.startsWith('/memfd:') ? 'the program runs from memory (memfd), not from a file' : 'the program was deleted while it ran');
  const ancestry = ancestorsOf(stat.ppid);
  const workingDirectory = proc.workingDirectoryOf(pid);
  const user = uid === undefined ? undefined : { id: uid, ...(name === undefined ? {} : { name }) };
  return {
    attribution: executable === undefined ? 'none' : 'proc',
    ...(notes.length === 0 ? {} : { note: notes.join('; ') }),
    process: {
      pid,
      ...programOf(executable, stat.comm),
      ...(args === undefined || args.length === 0 ? {} : { args, command_line: args.join(' ') }),
      ...(workingDirectory === undefined ? {} : { working_directory: workingDirectory }),
      start: proc.startedAt(stat),
      ...(ancestry[0] === undefined ? { parent: { pid: stat.ppid } } : { parent: ancestry[0] }),
      ...(user === undefined ? {} : { user }),
      ...(gid === undefined ? {} : { group: { id: gid } }),
    },
    ...(user === undefined ? {} : { user }),
    ...(auid === undefined ? {} : { auid: String(auid) }),
    ...(cgroup === undefined ? {} : { cgroup }),
    ...(container === undefined ? {} : { container }),
    ancestry,
    startedMs: Date.parse(proc.startedAt(stat)),
  };
}

/** The name is the program's file name: what a process calls itself (comm) it can change, and rules exclude by name. */
function programOf(executable: string | undefined, comm: string): { executable?: string; name: string } {
  if (executable === undefined) return { name: comm };
  const path = executable.replace(DELETED, '');
  return { executable: path, name: path.slice(path.lastIndexOf('/') + 1) || comm };
}

function ancestorsOf(parent: number): FileEvent['tickward']['ancestry'] {
  const ancestry: FileEvent['tickward']['ancestry'] = [];
  for (let pid = parent; pid > 0 && ancestry.length < MOST_ANCESTORS; ) {
    const stat = proc.statOf(pid);
    if (stat === undefined) break;
    const args = proc.argumentsOf(pid);
    ancestry.push({ pid, ...programOf(proc.executableOf(pid), stat.comm), ...(args === undefined || args.length === 0 ? {} : { command_line: args.join(' ') }) });
    pid = stat.ppid;
  }
  return ancestry;
}

/** Which processes have which file open now, of those that we may look into: with a plain user's rights, that user's own. */
export function openFiles(): Map<string, number[]> {
  const holders = new Map<string, number[]>();
  for (const pid of proc.processIds()) {
    if (pid === process.pid) continue;
    for (const path of openFilesOf(pid)) holders.set(path, [...(holders.get(path) ?? []), pid]);
  }
  return holders;
}

function openFilesOf(pid: number): Set<string> {
  try {
    return new Set(readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
      } catch {
        return [];
      }
    }));
  } catch {
    return new Set();
  }
}

/** Where the kernel names no process: the one that has the file open now. Children inherit open files, so of several the outermost is taken. */
export function attributeHolder(path: string, open: ReadonlyMap<string, readonly number[]>, users: () => readonly PasswdEntry[]): Attributed {
  const holders = open.get(path) ?? [];
  const outermost = holders.filter((pid) => !holders.includes(proc.statOf(pid)?.ppid ?? 0));
  const [pid] = outermost;
  if (pid === undefined) return unknown('the kernel names no process to a plain user, and none had the file open any more');
  if (outermost.length > 1) return unknown(`the kernel names no process to a plain user, and ${outermost.length} had the file open`);
  const found = attribute(pid, users);
  return found.process?.executable === undefined ? found : { ...found, attribution: 'inferred', note: ['it had the file open when the event came', found.note].filter(Boolean).join('; ') };
}
