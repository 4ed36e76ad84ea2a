/** osquery's `processes`: /proc/PID (proc(5)), of which only the files that the query's columns need are read. */
import { statSync } from 'node:fs';
import { USER_HZ } from '../../host/kernel.ts';
import * as proc from '../../host/proc.ts';
import type { QueryContext, Row, Table } from '../../model/table.ts';
import { bytesOfText, legible } from '../../model/text.ts';
import { askedProcesses, attempt } from './pids.ts';

const FROM_STATUS = ['uid', 'gid', 'euid', 'egid', 'suid', 'sgid', 'resident_size', 'total_size'];

export const processes: Table = {
  name: 'processes',
  description: 'All running processes on the host system.',
  columns: [
    { name: 'pid', type: 'BIGINT', index: true, optimized: true },
    { name: 'name', type: 'TEXT' },
    { name: 'path', type: 'TEXT' },
    { name: 'cmdline', type: 'TEXT' },
    { name: 'state', type: 'TEXT' },
    { name: 'cwd', type: 'TEXT' },
    { name: 'root', type: 'TEXT' },
    { name: 'uid', type: 'BIGINT' },
    { name: 'gid', type: 'BIGINT' },
    { name: 'euid', type: 'BIGINT' },
    { name: 'egid', type: 'BIGINT' },
    { name: 'suid', type: 'BIGINT' },
    { name: 'sgid', type: 'BIGINT' },
    { name: 'on_disk', type: 'INTEGER' },
    { name: 'wired_size', type: 'BIGINT' },
    { name: 'resident_size', type: 'BIGINT' },
    { name: 'total_size', type: 'BIGINT' },
    { name: 'user_time', type: 'BIGINT' },
    { name: 'system_time', type: 'BIGINT' },
    { name: 'disk_bytes_read', type: 'BIGINT' },
    { name: 'disk_bytes_written', type: 'BIGINT' },
    { name: 'start_time', type: 'BIGINT' },
    { name: 'parent', type: 'BIGINT' },
    { name: 'pgroup', type: 'BIGINT' },
    { name: 'threads', type: 'INTEGER' },
    { name: 'nice', type: 'INTEGER' },
    { name: 'cgroup_path', type: 'TEXT' },
  ],
  *generate(context) {
    const used = new Set(processes.columns.map((column) => column.name).filter((column) => context.uses(column)));
    for (const pid of askedProcesses(context)) {
      context.checkpoint();
      const row = rowOf(pid, used, context);
      if (row !== undefined) yield row;
    }
  },
};

function rowOf(pid: number, used: ReadonlySet<string>, context: QueryContext): Row | undefined {
  const stat = proc.statOf(pid);
  if (stat === undefined) return undefined;
  const row: Row = { pid, name: escaped(stat.comm), state: stat.state, parent: stat.ppid, pgroup: stat.pgrp, threads: stat.threads, nice: stat.nice, wired_size: 0 };
  if (used.has('user_time')) row['user_time'] = milliseconds(stat.utime);
  if (used.has('system_time')) row['system_time'] = milliseconds(stat.stime);
  if (used.has('start_time')) row['start_time'] = Math.floor(Date.parse(proc.startedAt(stat)) / 1000);
  if (used.has('path') || used.has('on_disk')) Object.assign(row, stat.kernelThread ? NO_PROGRAM : programOf(pid, context));
  if (used.has('cmdline')) row['cmdline'] = stat.kernelThread ? '' : commandLineOf(pid, context);
  if (used.has('cwd')) row['cwd'] = legible(linkOf(pid, 'cwd', context));
  if (used.has('root')) row['root'] = legible(linkOf(pid, 'root', context));
  if (used.has('cgroup_path')) row['cgroup_path'] = proc.cgroupOf(pid) ?? '';
  if (FROM_STATUS.some((column) => used.has(column))) Object.assign(row, statusOf(pid, context));
  if (used.has('disk_bytes_read') || used.has('disk_bytes_written')) Object.assign(row, diskOf(pid, context));
  return row;
}

/** As the kernel writes names into /proc/PID/status, which osquery reads. */
function escaped(name: string): string {
  return name.replace(/[\\\n]/g, (character) => (character === '\n' ? '\\n' : '\\\\'));
}

function milliseconds(ticks: bigint): bigint {
  return (ticks * 1000n) / BigInt(USER_HZ);
}

const DELETED = ' (deleted)';
const NO_PROGRAM: Row = { path: '', on_disk: -1 };

/** on_disk: 1 the file is there, 0 it is not, -1 not known (kernel threads, no permission). */
function programOf(pid: number, context: QueryContext): Row {
  const path = linkOf(pid, 'exe', context);
  if (path === '') return NO_PROGRAM;
  if (!path.endsWith(DELETED)) return { path: legible(path), on_disk: inodeOf(bytesOfText(path)) === undefined ? 0 : 1 };
  // A program may really be called so.
  const there = inodeOf(bytesOfText(path));
  return there !== undefined && there === inodeOf(`/proc/${pid}/exe`) ? { path: legible(path), on_disk: 1 } : { path: legible(path.slice(0, -DELETED.length)), on_disk: 0 };
}

function inodeOf(path: string | Buffer): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

function linkOf(pid: number, name: 'exe' | 'cwd' | 'root', context: QueryContext): string {
  return attempt(context, 'path, cwd, root and disk bytes', () => proc.linkOf(pid, name)) ?? '';
}

/** Longer command lines are cut: many of some MB would fill our memory. */
function commandLineOf(pid: number, context: QueryContext): string {
  const line = attempt(context, 'command lines', () => proc.contentOf(pid, 'cmdline')) ?? '';
  if (line.length > proc.MOST_ARGUMENTS) context.warn(`of the command line of process ${pid} the first ${proc.MOST_ARGUMENTS / 1024} KiB are shown`);
  return legible(line.slice(0, proc.MOST_ARGUMENTS)).replaceAll('\0', ' ').trim();
}

const KIB = 1024n;
/** Real, effective and saved. */
const UIDS = /^Uid:\t(\d+)\t(\d+)\t(\d+)/m;
const GIDS = /^Gid:\t(\d+)\t(\d+)\t(\d+)/m;
const RESIDENT = /^VmRSS:\s*(\d+) kB/m;
const TOTAL = /^VmSize:\s*(\d+) kB/m;

/** Threads of the kernel have no memory of their own: NULL. */
function statusOf(pid: number, context: QueryContext): Row {
  const text = attempt(context, 'users and sizes', () => proc.contentOf(pid, 'status')) ?? '';
  const [, uid, euid, suid] = UIDS.exec(text) ?? [];
  const [, gid, egid, sgid] = GIDS.exec(text) ?? [];
  const bytes = (pattern: RegExp): bigint | undefined => {
    const kib = pattern.exec(text)?.[1];
    return kib === undefined ? undefined : BigInt(kib) * KIB;
  };
  return { uid, euid, suid, gid, egid, sgid, resident_size: bytes(RESIDENT), total_size: bytes(TOTAL) };
}

const DISK = /^read_bytes: (\d+)\nwrite_bytes: (\d+)\ncancelled_write_bytes: (\d+)$/m;

/** Written is what was not taken back before it reached the disk. */
function diskOf(pid: number, context: QueryContext): Row {
  const text = attempt(context, 'path, cwd, root and disk bytes', () => proc.contentOf(pid, 'io')) ?? '';
  const [whole, read, written = 0, cancelled = 0] = DISK.exec(text) ?? [];
  return whole === undefined ? {} : { disk_bytes_read: read, disk_bytes_written: BigInt(written) - BigInt(cancelled) };
}
