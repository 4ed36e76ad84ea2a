/** `tickward watch` as a black box: started, measured from outside, and asked for what it stored. */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { FileEvent } from '../../src/model/event.ts';
import type { Lab } from './lab.ts';
import type { Child } from './processes.ts';
import { openRows, type Rows } from './rows.ts';

export const PROGRAM = join(import.meta.dirname, '../../src/cli/tickward');

/** It says so when all marks are set. */
const READY = /watching by (\w+)/;
const READY_LIMIT_MS = 60_000;
/** It has loaded its rules by then, too. What is measured of one that has started waits for that. */
export const STARTED_MS = 1_500;
/** The files that the watcher itself may need to make for a while go here, so that leftovers are found. */
const TEMPORARY = 'tmp';

export interface Watcher {
  readonly pid: number;
  readonly child: Child;
  readonly stateDir: string;
  readonly temporary: string;
  /** From exec of the launcher to the line that says it watches. */
  readonly readyMs: number;
  /** What it watches by: fanotify, inotify, scan. */
  readonly source: string;
  readonly rows: Rows;
  /** The stored events, by the command that everyone has for it. */
  events(): Promise<FileEvent[]>;
  signal(name: NodeJS.Signals): void;
  /** Ends it, with everything that it holds here. */
  stop(): Promise<void>;
}

/** `direct` leaves out setpriv, for who times the start; the watcher then outlives a bench that is killed. */
export async function startWatcher(lab: Lab, { stateDir = join(mkdtempSync(join(lab.disk, 'watch-')), 'state'), direct = false, program = PROGRAM }: { stateDir?: string; direct?: boolean; program?: string } = {}): Promise<Watcher> {
  const temporary = join(stateDir, '..', TEMPORARY);
  mkdirSync(temporary, { recursive: true });
  const before = performance.now();
  const child = lab.processes[direct ? 'startDirectly' : 'start'](watchCommand(stateDir, program), { env: environment(temporary) });
  const ready = await lab.until(() => READY.test(child.errors()) || child.ended, READY_LIMIT_MS, 1);
  const readyMs = performance.now() - before;
  const source = READY.exec(child.errors())?.[1];
  if (!ready || source === undefined) throw new Error(`the watcher did not start: ${child.errors()}`);
  const rows = openRows(stateDir);
  return {
    pid: child.pid,
    child,
    stateDir,
    temporary,
    readyMs,
    source,
    rows,
    async events() {
      const printed = await lab.run(['env', `TMPDIR=${temporary}`, '/bin/sh', PROGRAM, 'events', 'list', '--json', '--state-dir', stateDir]);
      return printed.split('\n').filter(Boolean).map((line) => JSON.parse(line) as FileEvent);
    },
    signal: (name) => void child.process.kill(name),
    async stop() {
      rows.close();
      await lab.processes.end(child);
    },
  };
}

function watchCommand(stateDir: string, program = PROGRAM): string[] {
  return ['/bin/sh', program, 'watch', '--json', '--no-color', '--state-dir', stateDir];
}

export function environment(temporary: string): NodeJS.ProcessEnv {
  return { ...process.env, TMPDIR: temporary };
}
