/** 200,000 files at once: is any lost, and what does it cost? The same for inotifywait and fatrace, one after the other in each round. */
import type { Benchmark, Figure, RivalName } from './benchmark.ts';
import { install } from './installed.ts';
import { numbersOf } from './json.ts';
import type { Lab } from './lab.ts';
import { cpuMs, memoryMb } from './proc.ts';
import { installedRivals, startRival } from './rivals.ts';
import { countFiles } from './rows.ts';
import { median } from './statistics.ts';
import { startWatcher, STARTED_MS } from './watcher.ts';

const FILES = 200_000;
const ROUNDS = 3;
/** Longer than the longest time between two comparisons of the directories (30–60 s): what is not a row then is lost. */
const SETTLE_LIMIT_MS = 70_000;

/** Sockets: units that no shipped rule is about as long as they run nothing, so that storing is measured and not alerting. */
const PLAIN = 'socket';
/** Every file alerts: the dearest storm there is. */
const ALERTING = 'timer';

/** As storm.c names them. */
const NAMES = /^f\d+\./;

type Subject = 'tickward' | 'alerting' | RivalName | 'nobody';

interface Storm {
  lost: number;
  /** Events that say that a file is gone: none is. */
  invented: number;
  cpuUsPerFile: number;
  peakMb: number;
  /** What the creator paid, ns a file. */
  creatorNs: number;
  /** From the last file to the last row, ms. */
  behindMs: number;
  /** Of the lost ones, a few. */
  missing?: string[];
}

export const storm: Benchmark = {
  name: 'storm',
  summary: '200,000 files in one directory: lost, CPU and memory, against inotifywait and fatrace',
  limit: 1_500,
  async run(lab) {
    const subjects: Subject[] = ['nobody', 'tickward', ...installedRivals(), 'alerting'];
    const found: { subject: Subject; storm: Storm }[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      // Another order each round, so that nobody always has the warm or the busy machine.
      for (const subject of [...subjects.slice(round), ...subjects.slice(0, round)]) {
        lab.progress(`round ${round + 1} of ${ROUNDS}: ${subject}`);
        found.push({ subject, storm: await measure(lab, subject) });
      }
    }
    return { figures: figuresOf(found, lab.scaled(FILES)), raw: found.map(({ subject, storm: figures }) => ({ subject, ...figures })) };
  },
};

function figuresOf(found: readonly { subject: Subject; storm: Storm }[], files: number): Figure[] {
  const middle = (subject: Subject, which: Exclude<keyof Storm, 'missing'>): number => median(found.filter((one) => one.subject === subject).map((one) => one.storm[which]));
  const most = (subject: Subject, which: Exclude<keyof Storm, 'missing'>): number => Math.max(...found.filter((one) => one.subject === subject).map((one) => one.storm[which]));
  const rivals = installedRivals();
  const against = (which: Exclude<keyof Storm, 'missing'>): Pick<Figure, 'ratios'> => ({ ratios: Object.fromEntries(rivals.map((name) => [name, middle('tickward', which) / middle(name, which)])) });
  const cpu = middle('tickward', 'cpuUsPerFile');
  const lostByRivals = rivals.map((name) => `${name} lost up to ${most(name, 'lost')} and took ${middle(name, 'cpuUsPerFile').toFixed(2)} µs of CPU a file`).join(', ');
  return [
    { name: 'lost', value: most('tickward', 'lost'), unit: 'files', target: { most: 0 }, note: [`of ${files}, the worst of ${ROUNDS} rounds`, lostByRivals].filter(Boolean).join('; ') },
    { name: 'said to be deleted', value: Math.max(most('tickward', 'invented'), most('alerting', 'invented')), unit: 'files', target: { most: 0 } },
    { name: 'CPU a file, stored', value: cpu, unit: 'µs', target: { most: 15 }, ...against('cpuUsPerFile') },
    ...(rivals.includes('fatrace') ? [{ name: 'CPU against fatrace', value: cpu / middle('fatrace', 'cpuUsPerFile'), unit: '×', target: { most: 1 } }] : []),
    { name: 'highest resident memory', value: most('tickward', 'peakMb'), unit: 'MB', target: { most: 120 }, ...against('peakMb') },
    { name: 'last file to last row', value: middle('tickward', 'behindMs'), unit: 'ms' },
    { name: 'cost to the creator, a file', value: (middle('tickward', 'creatorNs') - middle('nobody', 'creatorNs')) / 1000, unit: 'µs', note: `a file takes ${(middle('nobody', 'creatorNs') / 1000).toFixed(2)} µs with nobody watching${rivals.map((name) => `, ${(middle(name, 'creatorNs') / 1000).toFixed(2)} µs with ${name}`).join('')}` },
    { name: 'every file alerts: CPU a file', value: middle('alerting', 'cpuUsPerFile'), unit: 'µs' },
    { name: 'every file alerts: lost', value: most('alerting', 'lost'), unit: 'files', target: { most: 0 } },
    { name: 'every file alerts: highest memory', value: most('alerting', 'peakMb'), unit: 'MB' },
  ];
}

async function measure(lab: Lab, subject: Subject): Promise<Storm> {
  lab.freshHost();
  const files = lab.scaled(FILES);
  const run = async (extension: string): Promise<number> => numbersOf(await lab.run([lab.program('storm'), lab.units, String(files), extension]))['each']?.[0] ?? Number.NaN;
  if (subject === 'nobody') return { lost: 0, invented: 0, cpuUsPerFile: 0, peakMb: 0, behindMs: 0, creatorNs: await run(PLAIN) };
  if (subject === 'tickward' || subject === 'alerting') return watched(lab, files, subject === 'tickward' ? PLAIN : ALERTING, run);
  const rival = await startRival(lab, subject, lab.units);
  await lab.sleep(STARTED_MS);
  const before = cpuMs(rival.pid);
  const creatorNs = await run(PLAIN);
  const made = performance.now();
  await rival.settled(SETTLE_LIMIT_MS);
  const result: Storm = { creatorNs, behindMs: performance.now() - made, cpuUsPerFile: ((cpuMs(rival.pid) - before) * 1000) / files, peakMb: memoryMb(rival.pid, 'VmHWM'), lost: 0, invented: 0 };
  await rival.stop();
  return { ...result, lost: files - rival.files(NAMES) };
}

async function watched(lab: Lab, files: number, extension: string, run: (extension: string) => Promise<number>): Promise<Storm> {
  const watcher = await startWatcher(lab, { program: (await install(lab)).tickward });
  await lab.sleep(STARTED_MS);
  const before = cpuMs(watcher.pid);
  const creatorNs = await run(extension);
  const made = performance.now();
  // The rows are read when all is over: to read them takes a processor from what is measured. Nothing is deleted here, so the last one's number is how many there are.
  const counted = countFiles(watcher.rows);
  await lab.until(() => watcher.rows.stored() >= files, SETTLE_LIMIT_MS, 100);
  const behindMs = performance.now() - made;
  await idleAgain(lab, watcher.pid);
  const [cpuUsPerFile, peakMb] = [((cpuMs(watcher.pid) - before) * 1000) / files, memoryMb(watcher.pid, 'VmHWM')];
  // One that has two rows for a file has not said all of them by then.
  await lab.until(() => counted.count() >= files, SETTLE_LIMIT_MS, 300);
  const result: Storm = { lost: files - counted.count(), invented: counted.deleted(), cpuUsPerFile, peakMb, creatorNs, behindMs };
  const missing = result.lost === 0 ? [] : counted.missing(Array.from({ length: files }, (_, number) => `${lab.units}/f${number}.${extension}`));
  await watcher.stop();
  return { ...result, missing };
}

/** What it still has to do after the last row (merged writes, a checkpoint) is its cost too. */
async function idleAgain(lab: Lab, pid: number): Promise<void> {
  const QUIET_MS_PER_INTERVAL = 10;
  let before = Number.NEGATIVE_INFINITY;
  await lab.until(() => {
    const now = cpuMs(pid);
    const quiet = now - before < QUIET_MS_PER_INTERVAL;
    before = now;
    return quiet;
  }, SETTLE_LIMIT_MS, 300);
}
