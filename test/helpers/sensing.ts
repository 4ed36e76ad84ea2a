/** Sensors under test: in this process, or in one of their own with the rights, the mounts and the refusals that a test gives it. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { linkSync, mkdirSync, realpathSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished } from 'vitest';
import { placesOf, type UnitDirectory } from '../../src/host/directories.ts';
import { hostIdentity } from '../../src/host/identity.ts';
import type { Attribution, EventSource, FileEvent } from '../../src/model/event.ts';
import { sensorSupport, startSensor, type Sensor, type SensorMode } from '../../src/sensor/index.ts';
import { temporaryDirectory } from './events.ts';
import { programOf } from './program.ts';
import { until } from './until.ts';

export const support = sensorSupport();
/** Why the kernel names no process here; undefined where it does. */
export const notPrivileged: string | undefined = support.attribution === 'exact' ? undefined : 'needs root on a host with fanotify and BPF: sudo npm test';

/** What a sensor is started through that is to have no map of images: BPF is refused to it. */
export const WITHOUT_IMAGES: readonly string[] = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=bpf', '-e', 'inject=bpf:error=EPERM'];

export const SHELL = basename(realpathSync('/bin/sh'));
/** The interpreter itself: python3 on PATH may be a script that starts it. */
export const PYTHON = spawnSync('python3', ['-c', 'import os, sys; print(os.path.realpath(sys.executable))'], { encoding: 'utf8' }).stdout?.trim() ?? '';

export function units(...paths: string[]): UnitDirectory[] {
  return paths.map((path): UnitDirectory => ({ path, scope: 'system', kind: 'units' }));
}

/** The name of the program that did it; empty where none is named. */
export function makerOf({ process: maker }: FileEvent): string {
  return basename(maker?.executable ?? '');
}

/** What was told so far. */
export class Told {
  readonly events: FileEvent[] = [];
  readonly notices: string[] = [];
  private readonly above: string;
  private readonly hidden = new Set<string>();

  /** Paths are shown as they are below `above`. */
  constructor(above: string) {
    this.above = above;
  }

  /** Says nothing of this file. */
  hide(path: string): void {
    this.hidden.add(path);
  }

  get shown(): FileEvent[] {
    return this.events.filter(({ file }) => !this.hidden.has(file.path));
  }

  /** `action path`, and `from path` for a rename. */
  lines(): string[] {
    return this.shown.map(({ event, file }) => `${event.action} ${this.short(file.path)}${file.Ext === undefined ? '' : ` from ${this.short(file.Ext.original.path)}`}`);
  }

  async line(expected: string, limitMs?: number): Promise<FileEvent> {
    await until(() => this.lines().includes(expected), () => `"${expected}" (so far ${JSON.stringify(this.lines().slice(-20))})`, limitMs);
    const event = this.shown[this.lines().lastIndexOf(expected)];
    if (event === undefined) throw new Error('it was just there');
    return event;
  }

  async count(count: number, limitMs?: number): Promise<void> {
    await until(() => this.shown.length >= count, () => `${count} events (${this.shown.length} so far, the last ${JSON.stringify(this.lines().slice(-5))})`, limitMs);
  }

  private short(path: string): string {
    return this.above !== '' && path.startsWith(`${this.above}/`) ? path.slice(this.above.length + 1) : path;
  }
}

export interface Sensing extends Told {
  sensor: Sensor;
  /** The watched directory. */
  root: string;
  /** A directory beside it that is not watched. */
  outside: string;
  /** Resolves when everything up to now was told and a comparison has been made after it. */
  settled(): Promise<void>;
}

/** A sensor in this process, on directories of the test's own (default: one, `root`). */
export async function sense(mode: SensorMode, options: { directories?: (base: string) => UnitDirectory[]; before?: (root: string) => void; rescanSeconds?: number; parent?: string } = {}): Promise<Sensing> {
  const base = temporaryDirectory(options.parent);
  const root = join(base, 'units');
  const outside = join(base, 'outside');
  mkdirSync(root);
  mkdirSync(outside);
  const canary = join(outside, 'canary');
  writeFileSync(canary, '');
  linkSync(canary, join(root, 'canary.timer'));
  options.before?.(root);
  // What is as old as the start, to a tick of the kernel's clock (10 ms at most), is news.
  const laid = performance.now();
  await until(() => performance.now() - laid > 25);
  const told = new Told(root);
  told.hide(join(root, 'canary.timer'));
  const directories = options.directories?.(base) ?? units(root);
  const sensor = await startSensor({ mode, places: () => placesOf(directories), host: hostIdentity(), onEvents: (events) => void told.events.push(...events), onNotice: ({ message }) => void told.notices.push(message), rescanSeconds: options.rescanSeconds ?? 0.1 });
  onTestFinished(() => sensor.stop());
  const heard = (): number => told.events.filter(({ file }) => file.path === join(root, 'canary.timer')).length;
  return Object.assign(told, {
    sensor,
    root,
    outside,
    async settled() {
      const before = heard();
      // Of how many names it has no event tells: only a comparison finds it.
      linkSync(canary, `${canary}.again`);
      unlinkSync(`${canary}.again`);
      await until(() => heard() > before, () => `the comparison (told so far: ${JSON.stringify(told.lines().slice(-20))})`);
    },
  });
}

/** Until a sensor has been there for a while: a program that is opened within 200 ms of its start need not be in its log. */
export async function settle(started = performance.now()): Promise<void> {
  await until(() => performance.now() - started > 400);
}

/** A sensor that has been there for a while. */
export async function settledIn(before?: (root: string) => void): Promise<Sensing> {
  const started = performance.now();
  const sensing = await sense('auto', before === undefined ? {} : { before });
  await settle(started);
  return sensing;
}

/** Runs it to its end without holding up the event loop. Gives its pid. */
export async function perform(program: string, args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Promise<number> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], ...options });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const [code] = await once(child, 'close');
  expect({ program, code, said }).toEqual({ program, code: 0, said });
  return child.pid ?? 0;
}

/** A program that does one thing for each line it is told, and says when it is done. */
export async function obedient(program: string, args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Promise<{ pid: number; order(line: string): Promise<string>; end(): Promise<void> }> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], ...options });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const end = async (): Promise<void> => {
    child.stdin.end();
    await ended(child);
  };
  onTestFinished(end);
  return {
    pid: child.pid ?? 0,
    async order(line) {
      child.stdin.write(`${line}\n`);
      return String((await answers.next()).value);
    },
    end,
  };
}

/** Runs each line as Python, in one process. */
export function python(options: { cwd?: string } = {}): ReturnType<typeof obedient> {
  return obedient(PYTHON, ['-uc', 'import sys, os, mmap\nfor line in sys.stdin:\n  exec(line, globals())\n  print("done")'], options);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

export interface Ready {
  source: EventSource;
  attribution: Attribution;
  blind: string[];
  /** From the call of startSensor to its return. */
  readyMs: number;
}

export interface Figures {
  blind: string[];
  /** The longest that its event loop was kept from other work since the start. */
  lagMs: number;
  residentMb: number;
}

export interface Remote extends Told {
  ready: Ready;
  pid: number;
  figures(): Promise<Figures>;
  stop(): Promise<void>;
}

const PROGRAM = programOf('test/helpers/sensor-process');

export interface RemoteOptions {
  mode?: SensorMode;
  /** Absent: those of the host it runs on. */
  directories?: readonly UnitDirectory[];
  rescanSeconds?: number;
  /** Paths are shown as they are below it. */
  root?: string;
  /** Where the repository is, for a process that sees other mounts. */
  program?: string;
  env?: NodeJS.ProcessEnv;
}

/** A sensor in a process of its own: `through` is the command line that its own is put behind. */
export async function senseThrough(through: readonly string[], options: RemoteOptions = {}): Promise<Remote> {
  const { mode, directories, rescanSeconds } = options;
  const [program = '', ...args] = [...through, process.execPath, options.program ?? PROGRAM, JSON.stringify({ mode, directories, rescanSeconds })];
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], ...(options.env === undefined ? {} : { env: options.env }) });
  const told = new Told(options.root ?? '');
  const answers: Figures[] = [];
  let ready: Ready | undefined;
  let pid = 0;
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const message: { ready?: Ready; pid?: number; events?: FileEvent[]; notice?: string; figures?: Figures } = JSON.parse(line);
    if (message.events !== undefined) told.events.push(...message.events);
    if (message.notice !== undefined) told.notices.push(message.notice);
    if (message.figures !== undefined) answers.push(message.figures);
    if (message.ready !== undefined) {
      ready = message.ready;
      pid = message.pid ?? 0;
    }
  });
  const stop = async (): Promise<void> => {
    child.stdin.end();
    await ended(child);
  };
  onTestFinished(stop);
  await until(() => ready !== undefined || child.exitCode !== null, () => `the start of the sensor: ${said}`, 15_000);
  if (ready === undefined) throw new Error(`the sensor ended: ${said}`);
  return Object.assign(told, {
    ready,
    pid,
    stop,
    async figures() {
      const before = answers.length;
      child.stdin.write('figures\n');
      await until(() => answers.length > before, () => `an answer of the sensor: ${said}`);
      const figures = answers[before];
      if (figures === undefined) throw new Error('it was just there');
      return figures;
    },
  });
}
