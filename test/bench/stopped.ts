/** Stopped or killed, the watcher must hold up nobody and leave nothing. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Benchmark, Figure, Measured } from './benchmark.ts';
import { numbersOf } from './json.ts';
import type { Lab } from './lab.ts';
import { mountNamespace, openFiles, processIds } from './proc.ts';
import { median } from './statistics.ts';
import { startWatcher, type Watcher } from './watcher.ts';

const FILES = 2_000;
const ROUNDS = 7;
/** What the kernel frees a grace period after the last reference. */
const FREED_LIMIT_MS = 5_000;
const HANDOVER_LIMIT_MS = 15_000;

/** Of the store: SQLite files with their companions, what is remembered of the kernel, the lock of those who read. */
const STORE_FILES = /^(?:(?:(?:events|journal)\.db|sensor\.lock)(?:-wal|-shm|-journal)?|kernel\.json|readers\.lock)$/;

const STATES = ['without', 'running', 'stopped', 'killed'] as const;
type State = (typeof STATES)[number];

interface Cost {
  /** ns a file, and of the slowest file. */
  each: number;
  slowest: number;
  /** ns an exec. */
  exec: number;
}

export const stopped: Benchmark = {
  name: 'stopped',
  summary: 'stopped or killed: holds up nobody, leaves nothing, the next one takes over',
  limit: 300,
  async run(lab): Promise<Measured> {
    const found: Record<State, Cost[]> = { without: [], running: [], stopped: [], killed: [] };
    const left: Leftovers[] = [];
    for (let round = 0; round < (lab.quick ? 3 : ROUNDS); round += 1) {
      lab.progress(`round ${round + 1}`);
      left.push(await oneRound(lab, found));
    }
    lab.progress('hand-over');
    const handover = await handOver(lab);
    return { figures: [...costFigures(found), ...leftoverFigures(left), { name: 'killed: the next one senses after', value: handover, unit: 's', target: { most: 2 } }], raw: { costs: STATES.map((state) => ({ state, rounds: found[state].map((one) => ({ ...one })) })), left: left.map((one) => ({ ...one })), handover } };
  },
};

async function oneRound(lab: Lab, found: Record<State, Cost[]>): Promise<Leftovers> {
  lab.freshHost();
  found.without.push(await cost(lab));
  lab.freshHost();
  const watcher = await startWatcher(lab);
  found.running.push(await cost(lab));
  watcher.signal('SIGSTOP');
  found.stopped.push(await cost(lab));
  const own = await bpfObjectsOf(watcher);
  watcher.rows.close();
  await lab.processes.end(watcher.child, 'SIGKILL');
  lab.freshHost();
  found.killed.push(await cost(lab));
  return leftovers(lab, watcher, own);
}

/** With an extension of its own each time, so that every file is a new one. */
async function cost(lab: Lab): Promise<Cost> {
  const extension = `service${Math.random().toString(36).slice(2)}`;
  const files = numbersOf(await lab.run([lab.program('storm'), lab.units, String(FILES), extension]));
  const calls = numbersOf(await lab.run([lab.program('costs'), lab.memory, lab.program('creator')]));
  return { each: files['each']?.[0] ?? Number.NaN, slowest: files['slowest']?.[0] ?? Number.NaN, exec: median(calls['exec'] ?? []) };
}

function costFigures(found: Record<State, Cost[]>): Figure[] {
  const of = (state: State, which: keyof Cost): number => median(found[state].map((one) => one[which]));
  // Of each round the middle between before the start and after the kill: a machine that becomes slower meanwhile does not count.
  const execMore = median(found.stopped.map(({ exec }, round) => exec - ((found.without[round]?.exec ?? Number.NaN) + (found.killed[round]?.exec ?? Number.NaN)) / 2)) / 1000;
  const note = STATES.map((state) => `${state} ${(of(state, 'each') / 1000).toFixed(2)} µs a file (slowest ${(of(state, 'slowest') / 1e6).toFixed(2)} ms), ${(of(state, 'exec') / 1000).toFixed(1)} µs an exec`).join('; ');
  return [
    // The kernel still puts events into the queue: about what it costs while the watcher runs, and never a wait.
    { name: 'stopped: a file, against running', value: of('stopped', 'each') / of('running', 'each'), unit: '×', target: { most: 1.2 }, note: `medians of ${found.without.length} rounds: ${note}` },
    { name: 'stopped: the slowest file', value: Math.max(...found.stopped.map(({ slowest }) => slowest)) / 1e6, unit: 'ms', target: { most: 100 } },
    { name: 'stopped: an exec, more', value: execMore, unit: 'µs', target: { most: 3 } },
    { name: 'killed: a file, against without', value: of('killed', 'each') / of('without', 'each'), unit: '×', target: { most: 1.2 } },
  ];
}

interface Leftovers {
  /** That the kernel still has, of those the watcher held. */
  bpf: number;
  /** How many it held. */
  heldBpf: number;
  /** Processes of our namespace that hold a fanotify group or a BPF object. */
  holders: number;
  /** Names in its state and temporary directories that are not the store's. */
  files: string[];
}

interface BpfObjects {
  programs: Set<number>;
  maps: Set<number>;
  links: Set<number>;
}

/** From the fdinfo of its descriptors: neighbours' programs come and go meanwhile. */
async function bpfObjectsOf(watcher: Watcher): Promise<BpfObjects> {
  const files = openFiles(watcher.pid);
  const ids = (field: string): Set<number> => new Set(files.flatMap(({ info }) => [...info.matchAll(new RegExp(`^${field}:\\s+(\\d+)$`, 'gm'))].map((match) => Number(match[1]))));
  return { programs: ids('prog_id'), maps: ids('map_id'), links: ids('link_id') };
}

async function leftovers(lab: Lab, watcher: Watcher, own: BpfObjects): Promise<Leftovers> {
  const remaining = async (): Promise<number> => {
    const { programs = [], maps = [], links = [] } = numbersOf(await lab.run([lab.program('bpf-objects')]));
    return programs.filter((id) => own.programs.has(id)).length + maps.filter((id) => own.maps.has(id)).length + links.filter((id) => own.links.has(id)).length;
  };
  const end = performance.now() + FREED_LIMIT_MS;
  let bpf = await remaining();
  while (bpf > 0 && performance.now() < end) {
    await lab.sleep(50);
    bpf = await remaining();
  }
  const here = mountNamespace('self');
  const holders = processIds().filter((pid) => mountNamespace(pid) === here && openFiles(pid).some(({ what }) => /fanotify|bpf/.test(what))).length;
  const files = [...readdirSync(watcher.stateDir).filter((name) => !STORE_FILES.test(name)), ...readdirSync(watcher.temporary).map((name) => join('tmp', name))];
  return { bpf, heldBpf: own.programs.size + own.maps.size + own.links.size, holders, files };
}

function leftoverFigures(left: readonly Leftovers[]): Figure[] {
  const most = (count: (one: Leftovers) => number): number => Math.max(...left.map(count));
  const names = [...new Set(left.flatMap(({ files }) => files))];
  return [
    { name: 'killed: BPF objects left', value: most(({ bpf }) => bpf), unit: 'objects', target: { most: 0 }, note: `it held ${most(({ heldBpf }) => heldBpf)} programs, maps and links` },
    { name: 'killed: processes left with fanotify or BPF', value: most(({ holders }) => holders), unit: 'processes', target: { most: 0 } },
    { name: 'killed: files left beside the store', value: most(({ files }) => files.length), unit: 'files', target: { most: 0 }, ...(names.length === 0 ? {} : { note: names.join(', ') }) },
  ];
}

/** Two on one state directory: the first is killed, and a file made at once must be a row of the second. Seconds. */
async function handOver(lab: Lab): Promise<number> {
  lab.freshHost();
  const first = await startWatcher(lab);
  const second = lab.processes.start(['/bin/sh', join(import.meta.dirname, '../../src/cli/tickward'), 'watch', '--json', '--state-dir', first.stateDir]);
  if (!(await lab.until(() => second.errors().includes('another process senses'), HANDOVER_LIMIT_MS))) throw new Error(`the second watcher does not follow: ${second.errors()}`);
  await lab.processes.end(first.child, 'SIGKILL');
  const before = performance.now();
  const taken = await lab.until(() => second.errors().includes('sensing here now'), HANDOVER_LIMIT_MS);
  const seconds = (performance.now() - before) / 1000;
  await lab.processes.end(second);
  first.rows.close();
  return taken ? seconds : Number.NaN;
}
