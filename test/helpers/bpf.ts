/** Where BPF can be tried, and what the kernel has of it. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { ATTR, BPF } from '../../src/sensor/bpf/constants.ts';
import { openImages } from '../../src/sensor/bpf/images.ts';
import { bpf } from '../../src/sensor/libc.ts';
import { isRoot } from './needs.ts';

/** Why no BPF program can be loaded here; undefined where it can. */
export const noBpf: string | undefined = reason();

function reason(): string | undefined {
  if (!isRoot) return 'needs root: sudo npm test';
  if (!existsSync('/sys/kernel/btf/vmlinux')) return 'needs a kernel with BTF: /sys/kernel/btf/vmlinux';
  if (readlinkSync('/proc/self/ns/pid') !== 'pid:[4026531836]') return "needs the host's processes: not in a container";
  return undefined;
}

/** Why this kernel does not tell what was opened and not run; undefined where it does. */
export function noTries(): string | undefined {
  if (noBpf !== undefined) return noBpf;
  const images = openImages();
  images.close();
  return images.limit;
}

/** Why this kernel does not tell who changes a directory that is made; undefined where it does. */
export function noDirectories(): string | undefined {
  if (noBpf !== undefined) return noBpf;
  const images = openImages();
  const limit = images.keepDirectories(() => undefined);
  images.close();
  return limit;
}

/** Whether this kernel has tracepoints of fine times (6.13): without them it is not told of what is removed from a directory, nor of its mode. */
export const hasTimes: boolean = noBpf === undefined && readFileSync('/sys/kernel/btf/vmlinux').includes('btf_trace_ctime_ns_xchg\0');

/** Whether a program can pass along the tasks of this kernel (5.8). */
export const hasTasks: boolean = noBpf === undefined && readFileSync('/sys/kernel/btf/vmlinux').includes('\0bpf_iter_task\0');

/** Ids of all programs or maps of the kernel, whoever made them. */
export function idsOf(command: typeof BPF.PROG_GET_NEXT_ID | typeof BPF.MAP_GET_NEXT_ID): number[] {
  const at = ATTR.GET_NEXT_ID;
  const attributes = Buffer.alloc(at.LENGTH);
  const ids: number[] = [];
  while (bpf(command, attributes) >= 0) {
    const id = attributes.readUInt32LE(at.next);
    ids.push(id);
    attributes.writeUInt32LE(id, at.start);
  }
  return ids;
}

/** Ids of the programs and maps that a process holds. */
export function heldBy(pid: number | 'self'): { programs: number[]; maps: number[] } {
  const info = readdirSync(`/proc/${pid}/fdinfo`).map((fd) => (existsSync(`/proc/${pid}/fdinfo/${fd}`) ? readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1') : ''));
  const ids = (pattern: RegExp): number[] => info.flatMap((text) => pattern.exec(text)?.[1] ?? []).map(Number);
  return { programs: ids(/^prog_id:\t(\d+)/m), maps: ids(/^map_id:\t(\d+)/m) };
}
