/** What others pay who have nothing to do with units: the same work without a watcher and with each, in turn. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Benchmark, Figure, Measured, RivalName } from './benchmark.ts';
import { bpfTimeDuring } from './bpf-times.ts';
import { numbersOf } from './json.ts';
import type { Lab } from './lab.ts';
import { installedRivals, startRival } from './rivals.ts';
import { median } from './statistics.ts';
import { startWatcher, STARTED_MS } from './watcher.ts';

const FILES = 50_000;
const FILES_PER_DIRECTORY = 100;
const TAR_ROUNDS = 9;
const CALL_ROUNDS = 12;
const EXECS = 9_000;
const MOST_SLOWER = 2;
const MOST_EXEC_US = 3;

/** `nobody again` shows how far apart two measurements of the same are: below that nothing was measured. */
type Who = 'nobody' | 'nobody again' | 'tickward' | RivalName;

/** By what was measured: one figure a round, in ns. */
type Costs = Record<string, number[]>;

const PLACES = ['memory', 'disk'] as const;
type Place = (typeof PLACES)[number];
const CALLS = ['exec', 'open_close', 'stat', 'create_unlink'] as const;

export const tax: Benchmark = {
  name: 'tax',
  summary: 'unrelated tar x of 50,000 files, exec and other system calls, with and without the watcher',
  limit: 1_500,
  async run(lab): Promise<Measured> {
    lab.freshHost();
    const archive = await makeArchive(lab);
    const all: Who[] = ['nobody', 'tickward', ...installedRivals(), 'nobody again'];
    const [tarRounds, callRounds] = lab.quick ? [2, 4] : [TAR_ROUNDS, CALL_ROUNDS];
    const tar = await inTurn(lab, all, tarRounds, () => extractAll(lab, archive), () => freshDisk(lab));
    const calls = await inTurn(lab, all, callRounds, async () => {
      const found = numbersOf(await lab.run([lab.program('costs'), lab.memory, lab.program('creator')]));
      return Object.fromEntries(Object.entries(found).map(([name, chunks]) => [name, median(chunks)]));
    });
    return { figures: [...tarFigures(tar), ...callFigures(calls), ...(await programFigures(lab, archive))], raw: { tar: Object.fromEntries(tar), calls: Object.fromEntries(calls) } };
  },
};

/** In another order each round, so that nobody always follows the same one. `prepare` is done before the watcher starts; what it gives, after it has ended. */
async function inTurn(lab: Lab, all: readonly Who[], rounds: number, work: () => Promise<Record<string, number>>, prepare: () => () => void = () => () => {}): Promise<Map<Who, Costs>> {
  const costs = new Map<Who, Costs>(all.map((who) => [who, {}]));
  for (let round = 0; round < rounds; round += 1) {
    const first = round % all.length;
    const rotated = [...all.slice(first), ...all.slice(0, first)];
    for (const who of round % 2 === 0 ? rotated : rotated.toReversed()) {
      lab.progress(`round ${round + 1} of ${rounds}: ${who}`);
      const release = prepare();
      const watching = await begin(lab, who);
      const found = await work();
      await watching?.stop();
      release();
      const sum = costs.get(who) ?? {};
      for (const [name, value] of Object.entries(found)) sum[name] = [...(sum[name] ?? []), value];
    }
  }
  return costs;
}

/** Each round's figure against the same round's without a watcher, then the middle one: a machine that becomes slower meanwhile counts for neither. */
function against(costs: ReadonlyMap<Who, Costs>, who: Who, name: string, compare: (ours: number, nobody: number) => number): number {
  const nobody = costs.get('nobody')?.[name] ?? [];
  return median((costs.get(who)?.[name] ?? []).map((ours, round) => compare(ours, nobody[round] ?? Number.NaN)));
}

const placeText = (place: Place): string => (place === 'disk' ? 'on disk' : 'in memory');
const percentMore = (ours: number, nobody: number): number => 100 * (ours / nobody - 1);
const microsecondsMore = (ours: number, nobody: number): number => (ours - nobody) / 1000;

function tarFigures(costs: ReadonlyMap<Who, Costs>): Figure[] {
  return PLACES.map((place): Figure => {
    const name = `tar ${place}`;
    const without = costs.get('nobody')?.[name] ?? [];
    const others = [...costs.keys()].filter((who) => who !== 'nobody' && who !== 'tickward').map((who) => `${who} ${against(costs, who, name, percentMore).toFixed(1)} %`);
    return {
      name: `tar x ${placeText(place)}: slower`,
      value: against(costs, 'tickward', name, percentMore),
      unit: '%',
      target: { most: MOST_SLOWER },
      note: `${without.length} rounds; without ${(median(without) / 1e6).toFixed(0)} ms; CPU time of tar ${against(costs, 'tickward', `${name} cpu`, percentMore).toFixed(1)} % more; ${others.join(', ')}`,
    };
  });
}

function callFigures(costs: ReadonlyMap<Who, Costs>): Figure[] {
  return CALLS.map((name): Figure => {
    const without = costs.get('nobody')?.[name] ?? [];
    const others = [...costs.keys()].filter((who) => who !== 'nobody' && who !== 'tickward').map((who) => `${who} ${against(costs, who, name, microsecondsMore).toFixed(2)} µs`);
    return {
      name: `${name.replace('_', ', ')}: more`,
      value: against(costs, 'tickward', name, microsecondsMore),
      unit: 'µs',
      ...(name === 'exec' ? { target: { most: MOST_EXEC_US } } : {}),
      note: `${without.length} rounds; without ${(median(without) / 1000).toFixed(2)} µs; ${others.join(', ')}`,
    };
  });
}

/** What a clock around the work cannot tell on a machine with other work: the programs are all of the watcher that runs for who has nothing to do with units. */
async function programFigures(lab: Lab, archive: string): Promise<Figure[]> {
  const execs = lab.scaled(EXECS);
  const exec = await programTime(lab, 'exec', () => lab.run([lab.program('costs'), lab.memory, lab.program('creator'), String(execs)]));
  const release = freshDisk(lab);
  const tar: Figure[] = [];
  for (const place of PLACES) {
    let cpu = Number.NaN;
    const ns = await programTime(lab, `tar ${place}`, async () => ({ cpu } = await extract(lab, archive, place)));
    if (ns !== undefined) tar.push({ name: `tar x ${placeText(place)}: BPF programs alone`, value: (100 * ns) / (cpu - ns), unit: '%', target: { most: MOST_SLOWER }, note: `${(ns / 1e6).toFixed(1)} ms by the kernel's own count, with the time that counting takes, of ${((cpu - ns) / 1e6).toFixed(0)} ms of CPU without them` });
  }
  release();
  return [...(exec === undefined ? [] : [{ name: 'exec: BPF programs alone', value: exec / execs / 1000, unit: 'µs', target: { most: MOST_EXEC_US }, note: `${execs} execs, each with its fork; the kernel's own count, with the time that counting takes` }]), ...tar];
}

/** In ns, with a new watcher: each begins with all its programs. */
async function programTime(lab: Lab, what: string, work: () => Promise<unknown>): Promise<number | undefined> {
  lab.progress(`the programs in the kernel: ${what}`);
  const watcher = await startWatcher(lab);
  await lab.sleep(STARTED_MS);
  const ns = await bpfTimeDuring(lab, watcher.pid, work);
  await watcher.stop();
  return ns;
}

async function begin(lab: Lab, who: Who): Promise<{ stop(): Promise<void> } | undefined> {
  const watching = who === 'nobody' || who === 'nobody again' ? undefined : await (who === 'tickward' ? startWatcher(lab) : startRival(lab, who, lab.units));
  // What it still does at its start (the rules are loaded after it watches) is no tax on what runs beside it for days. Nobody waits as long: a processor that rested is slower.
  await lab.sleep(STARTED_MS);
  return watching;
}

async function makeArchive(lab: Lab): Promise<string> {
  const tree = join(lab.memory, 'tree');
  const files = lab.scaled(FILES);
  for (let first = 0; first < files; first += FILES_PER_DIRECTORY) {
    const directory = join(tree, `d${first}`);
    mkdirSync(directory, { recursive: true });
    for (let index = first; index < Math.min(files, first + FILES_PER_DIRECTORY); index += 1) writeFileSync(join(directory, `f${index}`), `file ${index}\n`);
  }
  const archive = join(lab.memory, 'tree.tar');
  await lab.run(['tar', '-cf', archive, '-C', lab.memory, 'tree']);
  rmSync(tree, { recursive: true });
  return archive;
}

const extractedIn = (lab: Lab, place: Place): string => join(lab[place], 'extracted');

/** A file system of its own on the disk, new each time: ext4 makes files 20 times slower for a while where many have just been deleted. On the machine's own disk where there is no loop device. */
function freshDisk(lab: Lab): () => void {
  const directory = extractedIn(lab, 'disk');
  const image = join(lab.disk, 'image');
  mkdirSync(directory, { recursive: true });
  const made = spawnSync('mkfs.ext4', ['-q', '-F', image, '1G']).status === 0 && spawnSync('mount', ['-o', 'loop', image, directory]).status === 0;
  return () => {
    if (made) spawnSync('umount', [directory]);
    rmSync(image, { force: true });
    rmSync(directory, { recursive: true, force: true });
  };
}

async function extractAll(lab: Lab, archive: string): Promise<Record<string, number>> {
  const costs: Record<string, number> = {};
  for (const place of PLACES) {
    const { wall, cpu } = await extract(lab, archive, place);
    costs[`tar ${place}`] = wall;
    costs[`tar ${place} cpu`] = cpu;
  }
  return costs;
}

/** In ns. What is in memory is removed again. */
async function extract(lab: Lab, archive: string, place: Place): Promise<{ wall: number; cpu: number }> {
  const directory = extractedIn(lab, place);
  mkdirSync(directory, { recursive: true });
  const { wall = [], user = [], system = [] } = numbersOf(await lab.run([lab.program('timed'), 'tar', '-xf', archive, '-C', directory]));
  if (place === 'memory') rmSync(directory, { recursive: true });
  return { wall: wall[0] ?? Number.NaN, cpu: (user[0] ?? Number.NaN) + (system[0] ?? Number.NaN) };
}
