/** inotifywait and fatrace on the same directories in the same run. Neither stores anything or asks who did it: they say what happened, to a file in memory. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { RIVALS, type RivalName } from './benchmark.ts';
import type { Lab } from './lab.ts';
import { cpuMs, openFiles } from './proc.ts';

export interface Rival {
  readonly pid: number;
  /** Resolves when it has nothing more to do. */
  settled(limitMs: number): Promise<void>;
  /** Different files of such names that it named. */
  files(names: RegExp): number;
  stop(): Promise<void>;
}

const READY_LIMIT_MS = 10_000;
/** No CPU time and no output for so long: it waits. */
const QUIET_MS = 300;

const PACKAGES: Record<RivalName, string> = { inotifywait: 'inotify-tools', fatrace: 'fatrace' };

/** fatrace's -c: only the mount of its working directory, so that a busy machine does not count against it. */
const COMMANDS: Record<RivalName, (directory: string) => string[]> = { inotifywait: (directory) => ['inotifywait', '-m', '-r', directory], fatrace: () => ['fatrace', '-c'] };

/** Those that are installed. */
export function installedRivals(): RivalName[] {
  return RIVALS.filter((name) => version(name) !== undefined);
}

/** How to get those that are not. */
export function missingRivals(): string[] {
  return RIVALS.filter((name) => version(name) === undefined).map((name) => `${name} is not here: nothing is compared with it (apt-get install ${PACKAGES[name]})`);
}

/** fatrace does not say its version; the package does. */
export function version(name: RivalName): string | undefined {
  if (spawnSync('which', [name]).status !== 0) return undefined;
  const { status, stdout } = spawnSync('dpkg-query', ['--show', '--showformat', '${Version}', PACKAGES[name]], { encoding: 'utf8' });
  return status === 0 ? stdout : 'unknown';
}

export async function startRival(lab: Lab, name: RivalName, directory: string): Promise<Rival> {
  const file = join(lab.memory, `${name}.log`);
  const output = openSync(file, 'w');
  const child = lab.processes.start(COMMANDS[name](directory), { cwd: directory, stdout: output });
  closeSync(output);
  const ready = (): boolean => (name === 'inotifywait' ? child.errors().includes('Watches established.') : openFiles(child.pid).some(({ what, info }) => what.includes('fanotify') && /^fanotify (?:mnt_id|sdev|ino)/m.test(info)));
  const started = await lab.until(() => ready() || child.ended, READY_LIMIT_MS);
  if (!started || child.ended) throw new Error(`${name} did not start: ${child.errors()}`);
  return {
    pid: child.pid,
    async settled(limitMs) {
      const end = performance.now() + limitMs;
      const state = (): string => `${cpuMs(child.pid)} ${statSync(file).size}`;
      for (let before = ''; before !== state() && performance.now() < end; ) {
        before = state();
        await lab.sleep(QUIET_MS);
      }
    },
    files: (names) => new Set(readFileSync(file, 'utf8').split('\n').map((line) => line.slice(Math.max(line.lastIndexOf(' '), line.lastIndexOf('/')) + 1)).filter((word) => names.test(word))).size,
    stop: () => lab.processes.end(child),
  };
}
