/** osquery's `processes`: only the files of /proc that the query's columns need are read. */
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import * as proc from '../../host/proc.ts';
import { equals, type QueryContext, type Row, type Table } from '../../model/table.ts';

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
    const asked = equals(context, 'pid');
    const pids = asked.length === 0 ? proc.processIds() : asked.filter((pid) => /^\d+$/.test(pid)).map(Number);
    for (const pid of pids) {
      context.checkpoint();
      const row = rowOf(pid, context);
      if (row !== undefined) yield row;
    }
  },
};

function rowOf(pid: number, context: QueryContext): Row | undefined {
  const stat = proc.statOf(pid);
  if (stat === undefined) return undefined;
  const row: Row = { pid, name: stat.comm, state: stat.state, parent: stat.ppid, pgroup: stat.pgrp, threads: stat.threads, nice: stat.nice, wired_size: 0, user_time: milliseconds(stat.utime), system_time: milliseconds(stat.stime) };
  if (context.uses('start_time')) row['start_time'] = Math.floor(Date.parse(proc.startedAt(stat)) / 1000);
  if (context.uses('path') || context.uses('on_disk')) Object.assign(row, programOf(pid));
  if (context.uses('cmdline')) row['cmdline'] = proc.argumentsOf(pid)?.join(' ') ?? '';
  if (context.uses('cwd')) row['cwd'] = proc.workingDirectoryOf(pid) ?? '';
  if (context.uses('root')) row['root'] = rootOf(pid);
  if (context.uses('cgroup_path')) row['cgroup_path'] = proc.cgroupOf(pid) ?? '';
  if (FROM_STATUS.some((column) => context.uses(column))) Object.assign(row, statusOf(pid));
  if (context.uses('disk_bytes_read') || context.uses('disk_bytes_written')) Object.assign(row, diskOf(pid));
  return row;
}

function milliseconds(ticks: bigint): bigint {
  return (ticks * 1000n) / BigInt(proc.TICKS_PER_SECOND);
}

/** on_disk: 1 the file is there, 0 it is not, -1 not known (kernel threads, no permission). */
function programOf(pid: number): Row {
  const path = proc.executableOf(pid);
  if (path === undefined) return { path: '', on_disk: -1 };
  const name = path.replace(/ \(deleted\)$/, '');
  return { path: name, on_disk: name === path && existsSync(path) ? 1 : 0 };
}

function rootOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/root`);
  } catch {
    return '';
  }
}

const KIB = 1024;

function statusOf(pid: number): Row {
  const status = proc.statusOf(pid);
  const ids = (key: string): (string | undefined)[] => status?.get(key)?.split(/\s+/) ?? [];
  const [uid, euid, suid] = ids('Uid');
  const [gid, egid, sgid] = ids('Gid');
  const bytes = (key: string): number => Number.parseInt(status?.get(key) ?? '0', 10) * KIB;
  return { uid, euid, suid, gid, egid, sgid, resident_size: bytes('VmRSS'), total_size: bytes('VmSize') };
}

function diskOf(pid: number): Row {
  try {
    const text = readFileSync(`/proc/${pid}/io`, 'utf8');
    const field = (name: string): string | undefined => new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1];
    return { disk_bytes_read: field('read_bytes'), disk_bytes_written: field('write_bytes') };
  } catch {
    return {};
  }
}
