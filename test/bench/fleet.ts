/** Eight booted hosts asked and changed at once over real ssh, beside Ansible's own `raw` that calls the same program; then with three that do not answer. */
import { join } from 'node:path';
import { prepareBase, PROGRAM } from '../helpers/booted.ts';
import { fleetOf, noFleet, strike, type Bed } from '../helpers/fleet.ts';
import type { Benchmark, Measured } from './benchmark.ts';
import type { Lab } from './lab.ts';
import { median } from './statistics.ts';

const HOSTS = 8;
const ROUNDS = 3;
const DEADLINE = 20;

export const fleet: Benchmark = {
  name: 'fleet',
  summary: 'sweep and respond on eight booted hosts by Ansible, beside its raw module; one host down, one refusing, one hung',
  limit: 900,
  async run(lab): Promise<Measured> {
    const reason = noFleet ?? prepareBase();
    if (reason !== undefined) return { figures: [{ name: 'sweep of a fleet', value: Number.NaN, unit: 's', note: reason }], raw: {} };
    const cleanings: (() => Promise<void>)[] = [];
    try {
      return await measure(lab, await fleetOf(Array.from({ length: HOSTS }, (_, index) => `h${index + 1}`), { down: 'false', refusing: 'echo no', hung: 'sleep 600' }, (clean) => cleanings.push(clean)));
    } finally {
      for (const clean of cleanings.toReversed()) await clean();
    }
  },
};

async function measure(lab: Lab, bed: Bed): Promise<Measured> {
  const names = [...bed.hosts.keys()];
  const all = ['--limit', names.join(',')];
  const rounds = lab.quick ? 1 : ROUNDS;
  const times: Record<string, number[]> = { sweep: [], respond: [], 'raw respond': [] };
  let done = 0;
  for (let round = 0; round < rounds; round += 1) {
    lab.progress(`round ${round + 1} of ${rounds}`);
    const [ours, theirs] = ['ours', 'raw'].map((kind) => [...bed.hosts.values()].map((host) => strike(host, `evil-${kind}-${round}`))[0] ?? '');
    times['sweep']?.push((await bed.fleet('sweep', ...all, '--unit', `evil-ours-${round}.timer`)).ms);
    const responded = await bed.fleet('respond', ...all, '--file', ours ?? '', '--only', 'remove', '--yes');
    times['respond']?.push(responded.ms);
    done += [...responded.rows.values()].filter(({ state }) => state === 'changed').length;
    // What fleet respond asks of a host: the response, and its record.
    times['raw respond']?.push(await raw(lab, bed, names, `run=$(${PROGRAM} respond --file ${theirs} --only remove --yes --json --no-input | sed 's/.*"run":"\\([^"]*\\)".*/\\1/'); ${PROGRAM} runs show $run --json`));
  }
  const broken = await bed.fleet('sweep', '--unit', 'evil-ours-0.timer', '--deadline', String(DEADLINE));
  const seconds = (name: string): number => median(times[name] ?? []) / 1_000;
  const answered = [...broken.rows.values()].filter(({ state }) => state === 'ok' || state === 'found').length;
  return {
    figures: [
      { name: `sweep of ${HOSTS} hosts`, value: seconds('sweep'), unit: 's', target: { most: 6 }, note: `median of ${rounds}` },
      { name: `respond on ${HOSTS} hosts`, value: seconds('respond'), unit: 's', target: { most: 10 }, note: `median of ${rounds}; ${done} of ${HOSTS * rounds} hosts changed` },
      { name: 'respond against ansible -m raw with the same calls', value: seconds('respond') / seconds('raw respond'), unit: '×', target: { most: 1.5 }, note: `raw: ${seconds('raw respond').toFixed(2)} s` },
      { name: 'with three broken hosts', value: broken.ms / 1_000, unit: 's', target: { most: DEADLINE + 3 }, note: `exit code ${broken.code}; ${answered} of ${HOSTS} answered; ${['down', 'refusing', 'hung'].map((name) => `${name}: ${broken.rows.get(name)?.state ?? 'not named'}`).join(', ')}` },
    ],
    raw: { times, broken: [...broken.rows.values()].map(({ host, state, reason }) => ({ host, state, ...(reason === undefined ? {} : { reason }) })) },
  };
}

async function raw(lab: Lab, { inventory, directory }: Bed, names: readonly string[], command: string): Promise<number> {
  const before = performance.now();
  await lab.run(['env', `ANSIBLE_LOCAL_TEMP=${join(directory, 'ansible')}`, 'ansible', 'all', '-i', inventory, '--limit', names.join(','), '--forks', '20', '-m', 'raw', '-a', command]);
  return performance.now() - before;
}
