/** What every benchmark is given: compiled workloads, fresh unit directories, processes that end with it, and a bound in time. Inside of the bench's namespace only. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MEMORY, PASSWD, UNITS } from './namespace.ts';
import { Processes } from './processes.ts';

const WORKLOADS = join(import.meta.dirname, 'workloads');

/** The one without a C library; `-fcf-protection` is x86's and is not needed to leave it out elsewhere. */
const FLAGS: Record<string, readonly string[]> = { creator: ['-nostdlib', '-static', '-ffreestanding', '-fno-stack-protector', '-fno-asynchronous-unwind-tables'] };

export interface User {
  name: string;
  uid: number;
  home: string;
}

export interface Lab {
  /** A tenth of everything: for trying a benchmark, not for its figures. */
  readonly quick: boolean;
  /** Aborted when the time is over or someone presses Ctrl-C. */
  readonly signal: AbortSignal;
  /** Empty directories of this benchmark's own. */
  readonly disk: string;
  readonly memory: string;
  readonly processes: Processes;
  /** The unit directory in which most happens. */
  readonly units: string;
  /** A tenth when quick. */
  scaled(count: number): number;
  /** Path of a compiled workload. */
  program(name: string): string;
  /** Empties the unit directories and makes these users the machine's only ones beside root, with empty homes. Nothing may be watching. */
  freshHost(users?: readonly User[]): void;
  progress(text: string): void;
  /** Runs a program to its end and gives what it printed. */
  run(argv: readonly string[], options?: { input?: string; cwd?: string }): Promise<string>;
  sleep(ms: number): Promise<void>;
  /** False when it did not come about in time. */
  until(condition: () => boolean, limitMs: number, everyMs?: number): Promise<boolean>;
}

/** Compiles every workload into `directory`. Throws with the compiler's words. */
export function compileWorkloads(directory: string): void {
  mkdirSync(directory, { recursive: true });
  for (const file of readdirSync(WORKLOADS)) {
    const name = file.replace(/\.c$/, '');
    const { status, stderr } = spawnSync('cc', ['-O2', '-Wall', '-Wextra', '-Werror', ...(FLAGS[name] ?? []), '-o', join(directory, name), join(WORKLOADS, file)], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${file} does not compile:\n${stderr}`);
  }
}

export interface LabOptions {
  name: string;
  quick: boolean;
  signal: AbortSignal;
  disk: string;
  programs: string;
  processes: Processes;
}

export function createLab({ name, quick, signal, disk, programs, processes }: LabOptions): Lab {
  const own = { disk: join(disk, name), memory: join(MEMORY, name) };
  for (const directory of Object.values(own)) mkdirSync(directory, { recursive: true, mode: 0o755 });
  const pause = (ms: number): Promise<void> => sleep(ms, undefined, { signal });
  return {
    quick,
    signal,
    ...own,
    processes,
    units: UNITS,
    scaled: (count) => (quick ? Math.ceil(count / 10) : count),
    program: (program) => join(programs, program),
    freshHost,
    progress: (text) => void process.stderr.write(`${name}: ${text}\n`),
    run: (argv, options) => processes.finish(argv, signal, options),
    sleep: pause,
    async until(condition, limitMs, everyMs = 5) {
      const end = performance.now() + limitMs;
      while (!condition()) {
        if (performance.now() > end) return false;
        await pause(everyMs);
      }
      return true;
    },
  };
}

function freshHost(users: readonly User[] = []): void {
  for (const directory of ['/etc/systemd', '/home']) {
    command(['umount', '--lazy', directory]);
    // As many files as the largest storm, and mode 0777 below so that the users of a workload may write.
    command(['mount', '-t', 'tmpfs', '-o', 'mode=755,nr_inodes=2m', 'tmpfs', directory]);
  }
  mkdirSync(UNITS, { recursive: true });
  chmodSync(UNITS, 0o777);
  mkdirSync('/etc/systemd/user');
  const all = [{ name: 'root', uid: 0, home: '/home/root' }, ...users];
  for (const { home } of all) mkdirSync(home, { recursive: true });
  // Written in place: another file there would not be the one that is mounted.
  writeFileSync(PASSWD, all.map(({ name, uid, home }) => `${name}:x:${uid}:${uid}::${home}:/bin/sh\n`).join(''));
}

function command([program = '', ...args]: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
}
