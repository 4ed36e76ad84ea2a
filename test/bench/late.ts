/** Directories that appear together with the file in them: 1,000 users whose homes have none yet. */
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Benchmark, Figure, Measured } from './benchmark.ts';
import type { Lab, User } from './lab.ts';
import { appears, countFiles } from './rows.ts';
import { spoken, tally } from './statistics.ts';
import { STARTED_MS, startWatcher } from './watcher.ts';

const USERS = 1_000;
const FIRST_UID = 70_000;
/** Longer than the longest time between two comparisons of the directories. */
const SETTLE_LIMIT_MS = 70_000;
const LEAST_EXACT = 97;

interface Kind {
  name: string;
  /** Reads the directories from the standard input. */
  argv(lab: Lab): string[];
  executable(lab: Lab): string;
  target?: number;
}

const loop = (body: string): string[] => ['/bin/bash', '-c', `while read -r D; do ${body}; done`];

const KINDS: readonly Kind[] = [
  { name: 'mkdir -p && touch', argv: () => loop('mkdir -p "$D" && touch "$D/a.timer"'), executable: () => realpathSync('/usr/bin/touch'), target: LEAST_EXACT },
  { name: 'mkdir -p && echo >', argv: () => loop('mkdir -p "$D" && echo x > "$D/a.timer"'), executable: () => realpathSync('/bin/bash'), target: LEAST_EXACT },
  { name: 'tight C loop', argv: (lab) => [lab.program('late')], executable: (lab) => lab.program('late') },
];

export const late: Benchmark = {
  name: 'late',
  summary: '1,000 directories that are made together with the file in them, of each kind',
  limit: 600,
  async run(lab) {
    const results: Measured[] = [];
    for (const kind of KINDS) results.push(await measure(lab, kind));
    return { figures: results.flatMap(({ figures }) => figures), raw: results.map(({ raw }) => raw) };
  },
};

async function measure(lab: Lab, kind: Kind): Promise<Measured> {
  lab.progress(kind.name);
  const users: User[] = Array.from({ length: lab.scaled(USERS) }, (_, index) => ({ name: `user${index}`, uid: FIRST_UID + index, home: `/home/user${index}` }));
  lab.freshHost(users);
  const directories = users.map(({ home }) => join(home, '.config/systemd/user'));
  const watcher = await startWatcher(lab);
  await lab.sleep(STARTED_MS);
  const before = performance.now();
  await lab.run(kind.argv(lab), { input: directories.map((directory) => `${directory}\n`).join('') });
  const made = performance.now();
  const files = countFiles(watcher.rows);
  await lab.until(() => files.count() >= users.length, SETTLE_LIMIT_MS, 20);
  const seenMs = performance.now() - made;
  const wanted = new Set(directories.map((directory) => join(directory, 'a.timer')));
  const events = (await watcher.events()).filter((event) => appears(event.event.action) && wanted.has(event.file.path));
  await watcher.stop();

  const first = new Map(events.toReversed().map((event) => [event.file.path, event]));
  const counts = tally([...first.values()].map((event) => event.tickward.attribution));
  const exact = (counts['exact'] ?? 0) + (counts['bpf'] ?? 0);
  const others = [...first.values()].filter((event) => event.process?.executable !== undefined && event.process.executable !== kind.executable(lab));
  const inferred = others.filter((event) => event.tickward.attribution === 'inferred').length;
  const wrong = others.length - inferred;
  const missed = wanted.size - first.size;
  const figures: Figure[] = [
    { name: `${kind.name}: missed`, value: missed, unit: 'files', target: { most: 0 }, note: `${kind.name}: attribution ${spoken(counts)}; made in ${(made - before).toFixed(0)} ms, the last row ${seenMs.toFixed(0)} ms later` },
    { name: `${kind.name}: exact or bpf`, value: (100 * exact) / wanted.size, unit: '%', ...(kind.target === undefined ? {} : { target: { least: kind.target } }) },
    { name: `${kind.name}: wrong program`, value: wrong, unit: 'files', target: { most: 0 } },
    // Who made the directory is said as inferred; that mkdir made the file would be wrong as anything else.
    { name: `${kind.name}: inferred, another program`, value: inferred, unit: 'files' },
    { name: `${kind.name}: said twice`, value: events.length - first.size, unit: 'events', target: { most: 0 } },
  ];
  return { figures, raw: { kind: kind.name, files: wanted.size, attribution: counts, missed, wrong, wrongly_inferred: inferred, made_ms: made - before, seen_ms: seenMs } };
}
