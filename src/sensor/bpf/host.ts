/** What of the host has to be right before BPF is tried: what is wrong is said better here than by an errno. */
import { readFileSync, readlinkSync } from 'node:fs';
import { CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN, PROC_PID_INIT_INO, PROC_TIME_INIT_INO, SYS_BPF } from '../../host/kernel.ts';
import { errnoOf, messageOf } from '../../model/errors.ts';
import { BpfError } from './error.ts';

/** Files of the kernel that are looked at. */
export interface HostFiles {
  btf: string;
  notes: string;
  lockdown: string;
  pidNamespace: string;
  timeNamespace: string;
  status: string;
}

export const HOST_FILES: HostFiles = {
  btf: '/sys/kernel/btf/vmlinux',
  notes: '/sys/kernel/notes',
  lockdown: '/sys/kernel/security/lockdown',
  pidNamespace: '/proc/self/ns/pid',
  timeNamespace: '/proc/self/ns/time',
  status: '/proc/self/status',
};

/** Throws BpfError with the first reason why BPF cannot work, or would say what is not so. */
export function checkHost(files: HostFiles): void {
  if (SYS_BPF[process.arch] === undefined) throw new BpfError('ENOSYS', `BPF is not tried on ${process.arch}`, 'use x86-64 or arm64');
  const namespace = attempt(() => readlinkSync(files.pidNamespace), 'find the namespace of processes', 'see that /proc is mounted');
  if (namespace !== `pid:[${PROC_PID_INIT_INO}]`) throw new BpfError('NAMESPACE', `this process is in a namespace of processes of its own (${namespace}), where processes have other numbers than in the kernel's records`, 'run on the host itself, or in a container with the host\'s processes (--pid=host)');
  const clocks = clocksOf(files.timeNamespace);
  if (clocks !== undefined && clocks !== `time:[${PROC_TIME_INIT_INO}]`) throw new BpfError('NAMESPACE', `this process is in a time namespace of its own (${clocks}), where the clocks show another time than in the kernel's records`, 'run on the host itself, or in a container without a time namespace');
  if (!isCapable(attempt(() => readFileSync(files.status, 'latin1'), 'read its own capabilities', 'see that /proc is mounted'))) throw new BpfError('EPERM', 'BPF needs CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN', 'run as root, or give these capabilities (AmbientCapabilities= of the unit)');
  if (isConfidential(files.lockdown)) throw new BpfError('LOCKDOWN', 'the kernel is locked down for confidentiality, so that BPF may not read its memory', 'boot without lockdown=confidentiality; lockdown=integrity, as secure boot sets it, is no hindrance');
}

function isCapable(status: string): boolean {
  const effective = BigInt(`0x${/^CapEff:\s*([\da-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  const has = (capability: number): boolean => ((effective >> BigInt(capability)) & 1n) === 1n;
  return has(CAP_SYS_ADMIN) || (has(CAP_BPF) && has(CAP_PERFMON));
}

/** The time namespace; undefined in a kernel that has none (before 5.6, or without CONFIG_TIME_NS). */
function clocksOf(file: string): string | undefined {
  try {
    return readlinkSync(file);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw new BpfError('NAMESPACE', `cannot find the time namespace: ${messageOf(error)}`, 'see that /proc is mounted');
  }
}

/** `none integrity [confidentiality]`. Kernels without lockdown do not have the file, others may have no securityfs mounted: then the verifier refuses (since 5.13). */
function isConfidential(file: string): boolean {
  try {
    return readFileSync(file, 'latin1').includes('[confidentiality]');
  } catch {
    return false;
  }
}

function attempt(read: () => string, what: string, hint: string): string {
  try {
    return read();
  } catch (error) {
    throw new BpfError('NAMESPACE', `cannot ${what}: ${messageOf(error)}`, hint);
  }
}
