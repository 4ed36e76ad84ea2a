/** Processes held by a descriptor (pidfd_open(2)): a signal through it reaches that process or none, whoever has its number by then. Node has no call for it. */
import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { SYS_PIDFD_OPEN, SYS_PIDFD_SEND_SIGNAL } from './kernel.ts';
import { errno, libcFunction } from './native.ts';

const { ESRCH } = constants.errno;

export interface HeldProcess extends Disposable {
  /** False when the process is gone. Throws where it is not ours to signal. */
  signal(name: NodeJS.Signals): boolean;
}

type SystemCall = (number: number, one: number, two: number, nothing: null, four: number) => number | bigint;

let loaded: SystemCall | undefined;

/** Made when first needed. */
function systemCall(...of: Parameters<SystemCall>): number {
  loaded ??= libcFunction('long syscall(long number, long one, long two, void *three, long four)') as SystemCall;
  return Number(loaded(...of));
}

/** `gone` where no process has that number; undefined where the kernel (before 5.3) or this machine has no such descriptors. */
export function holdProcess(pid: number): HeldProcess | 'gone' | undefined {
  let fd: number;
  try {
    fd = systemCall(SYS_PIDFD_OPEN, pid, 0, null, 0);
    if (fd < 0) return errno() === ESRCH ? 'gone' : undefined;
  } catch {
    // koffi has no build for this machine.
    return undefined;
  }
  return {
    signal(name) {
      if (systemCall(SYS_PIDFD_SEND_SIGNAL, fd, constants.signals[name], null, 0) === 0) return true;
      if (errno() === ESRCH) return false;
      throw new Error(`pidfd_send_signal: errno ${errno()}`);
    },
    [Symbol.dispose]: () => closeSync(fd),
  };
}
