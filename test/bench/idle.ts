/** What watching costs while nothing happens; all three at the same time, so that each has the same machine around it. */
import type { Benchmark, Measured, RivalName } from './benchmark.ts';
import { install } from './installed.ts';
import { cpuMs, memoryMb } from './proc.ts';
import { installedRivals, startRival } from './rivals.ts';
import { startWatcher } from './watcher.ts';

const SECONDS = 20;
/** Not counted: what a start leaves to be done. */
const WARM_UP_MS = 3_000;

export const idle: Benchmark = {
  name: 'idle',
  summary: 'CPU and resident memory while nothing happens',
  limit: 120,
  async run(lab): Promise<Measured> {
    lab.freshHost();
    const watcher = await startWatcher(lab, { program: (await install(lab)).tickward });
    const rivals: { name: RivalName; pid: number; stop(): Promise<void> }[] = [];
    for (const name of installedRivals()) {
      const { pid, stop } = await startRival(lab, name, '/etc/systemd');
      rivals.push({ name, pid, stop });
    }
    await lab.sleep(WARM_UP_MS);
    lab.progress('measuring');
    const before = new Map([watcher, ...rivals].map(({ pid }) => [pid, cpuMs(pid)]));
    const started = performance.now();
    await lab.sleep(lab.scaled(SECONDS) * 1000);
    const seconds = (performance.now() - started) / 1000;
    const cost = (pid: number): { cpu: number; memory: number } => ({ cpu: (cpuMs(pid) - (before.get(pid) ?? 0)) / seconds, memory: memoryMb(pid, 'VmRSS') });
    const ours = cost(watcher.pid);
    const theirs = rivals.map(({ name, pid }) => ({ name, ...cost(pid) }));
    for (const rival of rivals) await rival.stop();
    await watcher.stop();
    const note = theirs.map(({ name, cpu, memory }) => `${name} ${cpu.toFixed(3)} ms/s and ${memory.toFixed(1)} MB`).join(', ');
    return {
      figures: [
        { name: 'CPU', value: ours.cpu, unit: 'ms/s', target: { most: 1 }, ratios: Object.fromEntries(theirs.filter(({ cpu }) => cpu > 0).map(({ name, cpu }) => [name, ours.cpu / cpu])), ...(note === '' ? {} : { note }) },
        { name: 'resident memory', value: ours.memory, unit: 'MB', target: { most: 90 }, ratios: Object.fromEntries(theirs.map(({ name, memory }) => [name, ours.memory / memory])) },
      ],
      raw: { seconds, tickward: ours, rivals: theirs },
    };
  },
};
