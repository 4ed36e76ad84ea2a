/** What /proc says of a process now: good only while it lives, and of the program only until it runs another. */
import * as proc from '../host/proc.ts';
import { asSeenBy, executableOf } from '../host/executable.ts';
import { deviceText } from './filesystems.ts';

export interface ProcFacts {
  /** On this host, or as only the process has it (`asSeenBy`). */
  executable?: string;
  deleted: boolean;
  /** `major:minor` of its file system, as stat(2) shows it. */
  device?: string;
  args: string[];
  comm: string;
  ppid: number;
  /** USER_HZ ticks after boot. */
  startTicks: bigint;
  workingDirectory?: string;
  /** Effective. */
  uid?: number;
  gid?: number;
  auid?: number;
  cgroup?: string;
}

/** Reads first what vanishes first: program and arguments, then the rest. undefined when the process is gone. */
export function readFacts(pid: number): ProcFacts | undefined {
  const executable = executableOf(pid);
  const args = proc.argumentsOf(pid);
  const stat = proc.statOf(pid);
  if (stat === undefined) return undefined;
  const workingDirectory = proc.workingDirectoryOf(pid);
  const status = proc.statusOf(pid);
  const uid = idOf(status?.get('Uid'));
  const gid = idOf(status?.get('Gid'));
  const auid = proc.loginUidOf(pid);
  const cgroup = proc.cgroupOf(pid);
  return {
    ...(executable === undefined ? {} : { executable: executable.isElsewhere ? asSeenBy(pid, executable.path) : executable.path }),
    deleted: executable?.isDeleted ?? false,
    ...(executable?.file === undefined ? {} : { device: deviceText(executable.file.dev) }),
    args: args ?? [],
    comm: stat.comm,
    ppid: stat.ppid,
    startTicks: stat.startTicks,
    ...(workingDirectory === undefined ? {} : { workingDirectory }),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
    ...(auid === undefined ? {} : { auid }),
    ...(cgroup === undefined ? {} : { cgroup }),
  };
}

/** `real effective saved filesystem` of /proc/PID/status. */
function idOf(line: string | undefined): number | undefined {
  const effective = line?.split('\t')[1];
  return effective === undefined ? undefined : Number(effective);
}
