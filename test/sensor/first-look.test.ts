/** What happens while everything is looked at for the first time, as at boot with many homes: it takes longer than the sensor waits before it says that it watches. */
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../helpers/events.ts';
import { noMounts, printedAmongMounts } from '../helpers/mounts.ts';
import { REPOSITORY } from '../helpers/program.ts';

const [HOMES, FILES] = [4_000, 10];

/** Does `meanwhile` during the first look, and ends some time after it when `isDone`. */
function program(meanwhile: string, isDone: string): string {
  return `
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { unitPlaces } from '${REPOSITORY}/src/host/directories.ts';
import { hostIdentity } from '${REPOSITORY}/src/host/identity.ts';
import { Entries } from '${REPOSITORY}/src/model/entries.ts';
import { startSensor } from '${REPOSITORY}/src/sensor/index.ts';

const base = process.env.BASE;
const fill = (home, files) => {
  mkdirSync(home + '/.config/systemd/user', { recursive: true });
  for (let n = 0; n < files; n += 1) writeFileSync(home + '/.config/systemd/user/' + n + '.timer', '');
};
const homes = Array.from({ length: ${HOMES} }, (_, n) => base + '/' + n);
for (const home of homes) fill(home, ${FILES});
fill(base + '/late', 1);
await setTimeout(50);
const below = (all) => new Map([...unitPlaces(all.map((home) => ({ home }))).named].filter(([name]) => name === base.split('/')[1]));
const events = [];
const known = new Map();
const options = {
  places: (users) => ({ named: below([...homes, ...users.map(({ home }) => home).filter((home) => home.startsWith(base))]) }),
  host: hostIdentity(),
  rescanSeconds: 0.2,
  onNotice: () => undefined,
  onEvents(found, changed) {
    events.push(...found);
    for (const { folder, name, signature } of changed) {
      if (!known.has(folder)) known.set(folder, new Entries());
      if (signature !== undefined) known.get(folder).set(name, signature);
    }
  },
};
let sensor = await startSensor(options);
const isLooking = () => sensor.blind.some((line) => line.includes('yet to be looked at'));
const wasLooking = isLooking();
${meanwhile}
for (let left = 1_000; left > 0 && (isLooking() || !(${isDone})); left -= 1) await setTimeout(20);
await setTimeout(500);
await sensor.stop();
console.log(JSON.stringify({ wasLooking, told: events.length, first: events.slice(0, 2).map(({ event, file }) => event.action + ' ' + file.path.slice(base.length)) }));
`;
}

const PREPARE = 'export BASE=$0; cp /etc/passwd "$0.passwd"; mount --bind "$0.passwd" /etc/passwd';

test.skipIf(noMounts !== undefined)(`what was there before the start is no news where something is mounted meanwhile (${noMounts ?? 'in a mount namespace'})`, () => {
  const mounts = `spawnSync('mount', ['-t', 'tmpfs', 'first-look', '/mnt'])`;
  expect(printedAmongMounts(PREPARE, program(mounts, 'true'), `${temporaryDirectory('/dev/shm')}/homes`)).toEqual({ wasLooking: true, told: 0, first: [] });
});

test.skipIf(noMounts !== undefined)(`a user who is added meanwhile is watched when it is over (${noMounts ?? 'in a mount namespace'})`, () => {
  const adds = `appendFileSync('/etc/passwd', 'late:x:64321:64321::' + base + '/late:/bin/sh\\n')`;
  expect(printedAmongMounts(PREPARE, program(adds, 'events.length > 0'), `${temporaryDirectory('/dev/shm')}/homes`)).toEqual({ wasLooking: true, told: 1, first: ['creation /late/.config/systemd/user/0.timer'] });
});

test.skipIf(noMounts !== undefined)(`where it is broken off, the next start has no news either of what was not looked at (${noMounts ?? 'in a mount namespace'})`, () => {
  const restarts = 'await sensor.stop(); const wasKnown = known.size; sensor = await startSensor({ ...options, baseline: () => new Map(known) });';
  expect(printedAmongMounts(PREPARE, program(restarts, `wasKnown > 0 && known.size === ${HOMES} + 1`), `${temporaryDirectory('/dev/shm')}/homes`)).toEqual({ wasLooking: true, told: 0, first: [] });
});
