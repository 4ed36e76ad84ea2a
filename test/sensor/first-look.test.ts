/** That what the first look finds is no news also where mounts come while it is not over, as at boot. */
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../helpers/events.ts';
import { noMounts, printedAmongMounts } from '../helpers/mounts.ts';
import { REPOSITORY } from '../helpers/program.ts';

/** More than can be looked at before the sensor says that it watches; of all users together less than is kept in mind. */
const [HOMES, FILES] = [4_000, 10];

const PROGRAM = `
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { unitPlaces } from '${REPOSITORY}/src/host/directories.ts';
import { hostIdentity } from '${REPOSITORY}/src/host/identity.ts';
import { startSensor } from '${REPOSITORY}/src/sensor/index.ts';

const base = process.env.BASE;
const homes = Array.from({ length: ${HOMES} }, (_, n) => base + '/' + n);
for (const home of homes) {
  mkdirSync(home + '/.config/systemd/user', { recursive: true });
  for (let n = 0; n < ${FILES}; n += 1) writeFileSync(home + '/.config/systemd/user/' + n + '.timer', '');
}
await setTimeout(50);
const named = new Map([...unitPlaces(homes.map((home) => ({ home }))).named].filter(([name]) => name === base.split('/')[1]));
const events = [];
const sensor = await startSensor({ places: () => ({ named }), host: hostIdentity(), onNotice: () => undefined, onEvents: (found) => void events.push(...found) });
const isLooking = () => sensor.blind.some((line) => line.includes('yet to be looked at'));
const wasLooking = isLooking();
const mounted = spawnSync('mount', ['-t', 'tmpfs', 'first-look', '/mnt']).status;
while (isLooking()) await setTimeout(20);
await setTimeout(500);
await sensor.stop();
console.log(JSON.stringify({ wasLooking, mounted, told: events.length, first: events.slice(0, 2).map(({ event, tickward }) => [event.action, tickward.source]) }));
`;

test.skipIf(noMounts !== undefined)(`what was there before the start is no news where something is mounted during the first look (${noMounts ?? 'in a mount namespace'})`, () => {
  const base = temporaryDirectory('/dev/shm');
  expect(printedAmongMounts(`export BASE=${base}`, PROGRAM)).toEqual({ wasLooking: true, mounted: 0, told: 0, first: [] });
});
