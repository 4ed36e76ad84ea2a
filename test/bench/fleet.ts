/** Eight booted hosts with nothing but the .deb asked and changed at once over real ssh, beside Ansible's own `raw` that calls the same program; then eight of which three do not answer. */
import { join } from 'node:path';
import { prepareBase } from '../helpers/booted.ts';
import { BROKEN_HOSTS, fleetOf, noFleet, strike, type Answered, type Bed } from '../helpers/fleet.ts';
import type { Benchmark, Figure, Measured } from './benchmark.ts';
import type { Lab } from './lab.ts';
import { median } from './statistics.ts';

const HOSTS = 8;
/** Where the .deb puts it. */
const PROGRAM = '/usr/bin/tickward';
const ROUNDS = 3;
const DEADLINE = 20;

export const fleet: Benchmark = {
  name: 'fleet',
  summary: 'sweep and respond on eight booted hosts by Ansible, beside its raw module; then with one down, one refusing and one hung among the eight',
  limit: 900,
  async run(lab): Promise<Measured> {
    const reason = noFleet ?? prepareBase();
    if (reason !== undefined) return { figures: [{ name: 'sweep of a fleet', value: Number.NaN, unit: 's', note: reason }], raw: {} };
    const cleanings: (() => Promise<void>)[] = [];
    try {
      return await measure(lab, await fleetOf(Array.from({ length: HOSTS }, (_, index) => `h${index + 1}`), (clean) => cleanings.push(clean)));
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
  lab.progress('three of eight broken');
  const whole = names.slice(0, HOSTS - BROKEN_HOSTS.length);
  const timer = whole.map((name) => bed.hosts.get(name)).flatMap((host) => (host === undefined ? [] : [strike(host, 'evil-broken')]))[0] ?? '';
  const some = ['--limit', [...whole, ...BROKEN_HOSTS].join(','), '--deadline', String(DEADLINE)];
  const swept = await bed.fleet('sweep', ...some, '--unit', 'evil-broken.timer');
  const cleaned = await bed.fleet('respond', ...some, '--file', timer, '--only', 'remove', '--yes');
  const seconds = (name: string): number => median(times[name] ?? []) / 1_000;
  const withBroken = (name: string, state: string, { ms, code, rows }: Answered): Figure => ({ name: `${name} of eight with three broken`, value: ms / 1_000, unit: 's', target: { most: DEADLINE + 3 }, note: `exit code ${code}; ${[...rows.values()].filter((row) => row.state === state).length} of ${whole.length} ${state}; ${BROKEN_HOSTS.map((each) => `${each}: ${rows.get(each)?.state ?? 'not named'}`).join(', ')}` });
  return {
    figures: [
      { name: `sweep of ${HOSTS} hosts`, value: seconds('sweep'), unit: 's', target: { most: 6 }, note: `median of ${rounds}` },
      { name: `respond on ${HOSTS} hosts`, value: seconds('respond'), unit: 's', target: { most: 10 }, note: `median of ${rounds}; ${done} of ${HOSTS * rounds} hosts changed` },
      { name: 'respond against ansible -m raw with the same calls', value: seconds('respond') / seconds('raw respond'), unit: '×', target: { most: 1.5 }, note: `raw: ${seconds('raw respond').toFixed(2)} s` },
      withBroken('sweep', 'found', swept),
      withBroken('respond', 'changed', cleaned),
    ],
    raw: { times, broken: [...swept.rows.values(), ...cleaned.rows.values()].map(({ host, state, reason }) => ({ host, state, ...(reason === undefined ? {} : { reason }) })) },
  };
}

async function raw(lab: Lab, { inventory, directory }: Bed, names: readonly string[], command: string): Promise<number> {
  const before = performance.now();
  await lab.run(['env', `ANSIBLE_LOCAL_TEMP=${join(directory, 'ansible')}`, 'ansible', 'all', '-i', inventory, '--limit', names.join(','), '--forks', '20', '-m', 'raw', '-a', command]);
  return performance.now() - before;
}
