/** What /proc says of a process now: good only while it lives, and of the program only until it runs another. */
import * as proc from '../host/proc.ts';
import { asSeenBy, executableOf, programName } from '../host/executable.ts';
import type { Images } from './bpf/images.ts';
import { deviceText } from './filesystems.ts';

export interface ProgramFacts {
  /** On this host, or as only the process has it (`asSeenBy`). */
  executable?: string;
  deleted: boolean;
  /** `major:minor` of its file system, as stat(2) shows it. */
  device?: string;
  args: string[];
  /** What it is called is only what it says itself (`isAmongOtherUsers`, `provesProgram`). */
  isUnproven: boolean;
  /** What a thread of the kernel is called, which has no program. Any other calls itself what it likes. */
  comm?: string;
  ppid: number;
  /** USER_HZ ticks after boot. */
  startTicks: bigint;
}

export interface ProcFacts extends ProgramFacts {
  workingDirectory?: string;
  /** Effective. */
  uid?: number;
  gid?: number;
  auid?: number;
  cgroup?: string;
}

/** Who knows of a process whether /proc can be believed. */
export type Witness = Pick<Images, 'since' | 'provesProgram'>;

/** Its program and its parent, with half of the readings. undefined when the process is gone. */
export function readProgram(pid: number, witness?: Witness): ProgramFacts | undefined {
  const since = witness?.since(pid);
  const executable = executableOf(pid);
  const args = proc.argumentsOf(pid);
  const stat = proc.statOf(pid);
  if (stat === undefined) return undefined;
  return {
    ...(executable === undefined ? {} : { executable: executable.isElsewhere ? asSeenBy(pid, executable.path) : executable.path }),
    deleted: executable?.isDeleted ?? false,
    ...(executable?.file === undefined ? {} : { device: deviceText(executable.file.dev) }),
    args: args ?? [],
    // What was put in the place of a program stays there until the process ends or runs another one.
    isUnproven: proc.isAmongOtherUsers(pid) || (witness !== undefined && executable !== undefined && (!witness.provesProgram(pid) || witness.since(pid) !== since)),
    ...(stat.kernelThread ? { comm: stat.comm } : {}),
    ppid: stat.ppid,
    startTicks: stat.startTicks,
  };
}

/** Reads first what vanishes first: program and arguments, then the rest. undefined when the process is gone. */
export function readFacts(pid: number, witness?: Witness): ProcFacts | undefined {
  const program = readProgram(pid, witness);
  if (program === undefined) return undefined;
  const workingDirectory = proc.workingDirectoryOf(pid);
  const ids = proc.effectiveIdsOf(pid);
  const auid = proc.loginUidOf(pid);
  const cgroup = proc.cgroupOf(pid);
  return {
    ...program,
    ...(workingDirectory === undefined ? {} : { workingDirectory }),
    ...ids,
    ...(auid === undefined ? {} : { auid }),
    ...(cgroup === undefined ? {} : { cgroup }),
  };
}

/** Of the program; none where that is not known. */
export function nameOf({ executable, comm }: ProgramFacts): { name?: string } {
  const name = executable === undefined ? comm : programName(executable);
  return name === undefined ? {} : { name };
}
