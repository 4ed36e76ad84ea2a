/** remove_timer against an owner who fights for the timer, on booted hosts; and the race of links. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { boot, CHECKOUT, noBoot, prepareBase, type Booted } from '../helpers/booted.ts';
import { planted, plantHostile, treeOf } from '../helpers/hostile.ts';
import { linkRace, naive, safe } from '../helpers/link-race.ts';
import type { Benchmark, Figure, Measured } from './benchmark.ts';
import type { Lab } from './lab.ts';
import { median } from './statistics.ts';

const HOSTS = 5;
const WATCHED_MS = 60_000;
const RACES = 5_000;
const TIMER = '/etc/systemd/system/evil-clock.timer';
const LIMIT_MS = 30_000;

interface Removed {
  /** The whole command: start, plan, removal, verification. ms */
  whole: number;
  /** From the first entry of the step in the journal to the last, with the verification. ms */
  step: number;
  alive: number;
  /** Samples in which something of it ran again, and how many samples there were. */
  returns: number;
  samples: number;
  /** How often the sibling put it back and started it meanwhile. */
  dropped: number;
  /** Paths that are not as before after the undo. */
  differing: string[];
}

export const removal: Benchmark = {
  name: 'removal',
  summary: 'a timer whose owner fights for it taken out on booted hosts, and 5,000 rounds of the link race',
  limit: 900,
  async run(lab): Promise<Measured> {
    const race = await raceOf(lab);
    const reason = noBoot ?? prepareBase();
    if (reason !== undefined) return { figures: [...race.figures, { name: 'hostile timer: removed in', value: Number.NaN, unit: 'ms', note: reason }], raw: race.raw };
    const hosts: Removed[] = [];
    for (let index = 0; index < (lab.quick ? 1 : HOSTS); index += 1) hosts.push(await measure(lab, index === 0 ? lab.scaled(WATCHED_MS) : 0));
    const [first] = hosts;
    const differing = hosts.flatMap((host) => host.differing);
    const figures: Figure[] = [
      { name: 'hostile timer: removed and verified in', value: median(hosts.map(({ step }) => step)), unit: 'ms', target: { most: 1_000 }, note: `median of ${hosts.length} hosts, the slowest ${Math.max(...hosts.map(({ step }) => step)).toFixed(0)} ms` },
      { name: 'the same, the whole command with start and plan', value: median(hosts.map(({ whole }) => whole)), unit: 'ms' },
      { name: 'of 20 planted processes alive', value: Math.max(...hosts.map(({ alive }) => alive)), unit: 'processes', target: { most: 0 } },
      { name: 'returns though a sibling drops it again', value: first?.returns ?? Number.NaN, unit: 'samples', target: { most: 0 }, note: `of ${first?.samples} samples in ${lab.scaled(WATCHED_MS) / 1000} s, in which it was put back and started ${first?.dropped} times` },
      { name: 'paths that differ after the undo', value: differing.length, unit: 'paths', target: { most: 0 }, ...(differing.length === 0 ? {} : { note: differing.join(', ') }) },
    ];
    return { figures: [...figures, ...race.figures], raw: { hosts: hosts.map((host) => ({ ...host })), race: race.raw } };
  },
};

async function measure(lab: Lab, watchedMs: number): Promise<Removed> {
  let clean = async (): Promise<void> => {};
  try {
    const host = await boot((end) => (clean = end));
    plantHostile(host);
    if (!(await lab.until(() => planted(host) === 20, LIMIT_MS, 50))) throw new Error('the twenty processes did not start');
    const before = treeOf(host);
    // For the time alone there is nobody who changes what the undo is compared with.
    if (watchedMs > 0) host.shell('systemctl start keeper.service');
    const started = performance.now();
    const { run } = JSON.parse(command(host, ['respond', '--file', TIMER, '--only', 'remove', '--yes', '--json'])) as { run: string };
    const whole = performance.now() - started;
    const alive = planted(host);
    const seen = await watch(lab, host, watchedMs);
    if (watchedMs > 0) host.shell(`systemctl stop keeper.service; rm -f ${TIMER}`);
    const step = stepTime(command(host, ['runs', 'show', run, '--json']));
    command(host, ['undo', run, '--json']);
    const after = treeOf(host);
    // The sibling works in this directory: its time is no longer that of before.
    const isOurs = (path: string): boolean => watchedMs === 0 || path !== '/etc/systemd/system';
    const differing = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((path) => isOurs(path) && before[path] !== after[path]);
    return { whole, step, alive, ...seen, differing };
  } finally {
    await clean();
  }
}

function command(host: Booted, args: readonly string[]): string {
  const { status, stdout, stderr } = host.run([`${CHECKOUT}/src/cli/tickward`, ...args]);
  if (status !== 0) throw new Error(`tickward ${args.join(' ')}: ${stderr}${stdout}`);
  return stdout;
}

async function watch(lab: Lab, host: Booted, ms: number): Promise<Pick<Removed, 'returns' | 'samples' | 'dropped'>> {
  const seen = { returns: 0, samples: 0, dropped: 0 };
  const dropped = (): number => Number(host.run(['cat', '/run/keeper.count']).stdout || 0);
  const first = dropped();
  for (const end = performance.now() + ms; performance.now() < end; await lab.sleep(200)) {
    const active = host.run(['systemctl', 'is-active', 'evil-clock.timer', 'evil-clock.service']).stdout.split('\n').some((state) => state === 'active' || state === 'activating');
    if (active || planted(host) > 0) seen.returns += 1;
    seen.samples += 1;
  }
  return { ...seen, dropped: dropped() - first };
}

function stepTime(json: string): number {
  const entries = (JSON.parse(json) as { entries: { kind: string; time: string }[] }).entries;
  const at = (kind: string): number => Date.parse(entries.find((entry) => entry.kind === kind)?.time ?? '');
  return at('step-done') - at('step-started');
}

async function raceOf(lab: Lab): Promise<Measured> {
  const raced = async (name: string, attempt: (path: string) => void): ReturnType<typeof linkRace> => {
    lab.progress(`${name} code against exchanged links`);
    mkdirSync(join(lab.disk, name));
    return await linkRace(join(lab.disk, name), { rounds: lab.scaled(RACES), limitMs: 120_000, attempt, stopAtFirst: false, onTestFinished: () => {} });
  };
  const [ours, other] = [await raced('our', safe), await raced('naive', naive)];
  return {
    figures: [
      { name: 'victims of the link race', value: ours.victims, unit: 'files', target: { most: 0 }, note: `in ${ours.rounds} rounds, of which ${ours.removed} removed the planted file; code that looks first and removes by the path then deletes ${other.victims} in ${other.rounds}` },
      { name: 'rounds of the link race', value: ours.rounds, unit: 'rounds', target: { least: lab.scaled(RACES) } },
    ],
    raw: { ours, naive: other },
  };
}
