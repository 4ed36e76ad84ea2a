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
    const tar = await inTurn(lab, all, tarRounds, () => extract(lab, archive), () => freshDisk(lab));
    const calls = await inTurn(lab, all, callRounds, async () => {
      const found = numbersOf(await lab.run([lab.program('costs'), lab.memory, lab.program('creator')]));
      return Object.fromEntries(Object.entries(found).map(([name, chunks]) => [name, median(chunks)]));
    });
    return { figures: [...tarFigures(tar), ...callFigures(calls), ...(await programFigures(lab))], raw: { tar: Object.fromEntries(tar), calls: Object.fromEntries(calls) } };
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

const percentMore = (ours: number, nobody: number): number => 100 * (ours / nobody - 1);
const microsecondsMore = (ours: number, nobody: number): number => (ours - nobody) / 1000;

function tarFigures(costs: ReadonlyMap<Who, Costs>): Figure[] {
  return PLACES.map((place): Figure => {
    const name = `tar ${place}`;
    const without = costs.get('nobody')?.[name] ?? [];
    const others = [...costs.keys()].filter((who) => who !== 'nobody' && who !== 'tickward').map((who) => `${who} ${against(costs, who, name, percentMore).toFixed(1)} %`);
    return {
      name: `tar x ${place === 'disk' ? 'on disk' : 'in memory'}: slower`,
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

async function programFigures(lab: Lab): Promise<Figure[]> {
  lab.progress('the programs in the kernel');
  const watcher = await startWatcher(lab);
  await lab.sleep(STARTED_MS);
  const execs = lab.scaled(EXECS);
  const ns = await bpfTimeDuring(lab, watcher.pid, () => lab.run([lab.program('costs'), lab.memory, lab.program('creator'), String(execs)]));
  await watcher.stop();
  if (ns === undefined) return [];
  return [{ name: 'exec: BPF programs alone', value: ns / execs / 1000, unit: 'µs', note: `${execs} execs, each with its fork; the kernel's own count of the time that the programs ran, with the time that counting takes` }];
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

const extractedIn = (lab: Lab, place: (typeof PLACES)[number]): string => join(lab[place], 'extracted');

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

async function extract(lab: Lab, archive: string): Promise<Record<string, number>> {
  const costs: Record<string, number> = {};
  for (const place of PLACES) {
    const directory = extractedIn(lab, place);
    mkdirSync(directory, { recursive: true });
    const { wall = [], user = [], system = [] } = numbersOf(await lab.run([lab.program('timed'), 'tar', '-xf', archive, '-C', directory]));
    costs[`tar ${place}`] = wall[0] ?? Number.NaN;
    costs[`tar ${place} cpu`] = (user[0] ?? Number.NaN) + (system[0] ?? Number.NaN);
    if (place === 'memory') rmSync(directory, { recursive: true });
  }
  return costs;
}
