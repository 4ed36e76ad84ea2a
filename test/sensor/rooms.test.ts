/** What a user may fill with files and directories does not grow the sensor without end, and what was left out is said. */
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { unitPlaces, type Place } from '../../src/host/directories.ts';
import { hostIdentity } from '../../src/host/identity.ts';
import { ALL_FOLDERS, type KnownEntry, type KnownFolders } from '../../src/model/baseline.ts';
import { Entries } from '../../src/model/entries.ts';
import { startSensor, type Sensor } from '../../src/sensor/index.ts';
import { Rooms } from '../../src/sensor/rooms.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { Told } from '../helpers/sensing.ts';
import { until } from '../helpers/until.ts';

const [NAMES, DIRECTORIES, ALL_DIRECTORIES] = [65_536, 4_096, 16_384];
const UNITS = '.config/systemd/user';
const NOWHERE: Place = { named: new Map() };

function roomOf(rooms: Rooms, users: string): ReturnType<Rooms['of']> {
  return rooms.of({ users, place: { ...NOWHERE, unit: { scope: 'user', kind: 'units' } } });
}

function fill(take: () => boolean, most: number): number {
  let taken = 0;
  while (taken <= most && take()) taken += 1;
  return taken;
}

test('a user who takes all the room takes none of others, and users together none of the system', () => {
  const rooms = new Rooms();
  const said: string[] = [];
  rooms.onFull = (line) => said.push(line);
  const taken = Array.from({ length: 5 }, (_, n) => fill(() => roomOf(rooms, `/home/${n}`).directories.take(), DIRECTORIES));
  expect(taken).toEqual([DIRECTORIES, DIRECTORIES, DIRECTORIES, DIRECTORIES, 0]);
  expect(said.map((line) => line.replace(/ hold .*/, ''))).toEqual([0, 1, 2, 3].map((n) => `the unit directories in /home/${n}`).concat('the unit directories of all users'));
  expect(rooms.lines).toEqual(said);
  expect(rooms.of({ place: { ...NOWHERE, unit: { scope: 'system', kind: 'units' } } }).directories.left).toBe(ALL_DIRECTORIES);
  roomOf(rooms, '/home/0').directories.giveBack();
  rooms.again();
  expect([roomOf(rooms, '/home/4').directories.take(), roomOf(rooms, '/home/4').directories.take(), rooms.lines.length]).toEqual([true, false, 1]);
  // Said once.
  expect(said).toHaveLength(5);
});

test('what is in a directory of the system counts as the system’s, also below a home', () => {
  const rooms = new Rooms();
  const place: Place = { ...NOWHERE, unit: { scope: 'system', kind: 'units' } };
  expect(rooms.of({ users: '/run/systemd', place })).toBe(rooms.of({ place }));
  expect(rooms.of({ users: '/run/systemd', place: NOWHERE, within: { directory: { path: '/run/systemd/system', scope: 'system', kind: 'units' }, relative: 'a.timer.d' } })).toBe(rooms.of({ place }));
});

interface Watched {
  told: Told;
  known: KnownFolders;
  sensor: Sensor;
  stop: () => Promise<void>;
}

/** Watches homes and nothing else; with what was known before, as after a restart. */
async function watchHomes(above: string, homes: readonly string[], before?: KnownFolders): Promise<Watched> {
  const told = new Told(above);
  const known: KnownFolders = new Map(before);
  const [, top = ''] = above.split('/');
  const named = new Map([...unitPlaces(homes.map((home) => ({ home }))).named].filter(([name]) => name === top));
  const sensor = await startSensor({
    places: () => ({ named }),
    host: hostIdentity(),
    rescanSeconds: 0.1,
    onNotice: ({ message }) => void told.notices.push(message),
    onEvents(events, changed) {
      told.events.push(...events);
      for (const entry of changed) remember(known, entry);
    },
    ...(before === undefined ? {} : { baseline: () => before }),
  });
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= sensor.stop());
  onTestFinished(stop);
  await until(() => !sensor.blind.some((line) => line.includes('yet to be looked at')));
  return { told, known, sensor, stop };
}

function remember(known: KnownFolders, entry: KnownEntry): void {
  if ('present' in entry && !entry.present) {
    known.delete(entry.folder);
    return;
  }
  const entries = known.get(entry.folder) ?? new Entries();
  known.set(entry.folder, entries);
  if (!('name' in entry)) return;
  if (entry.signature === undefined) entries.delete(entry.name);
  else entries.set(entry.name, entry.signature);
}

test('of more files and directories than there is room for, those left out are told of by the kernel’s word only, also after a restart, and known when there is room', async () => {
  const base = temporaryDirectory();
  const [full, other] = [join(base, 'full', UNITS), join(base, 'other', UNITS)];
  for (const directory of [full, other]) mkdirSync(directory, { recursive: true });
  const files = Array.from({ length: NAMES + 40 }, (_, n) => `f${n}.timer`);
  for (const name of files) writeFileSync(join(full, name), '');
  const directories = Array.from({ length: DIRECTORIES + 10 }, (_, n) => `d${n}.timer.d`);
  for (const name of directories) mkdirSync(join(full, name));
  const homes = [join(base, 'full'), join(base, 'other')];

  const first = await watchHomes(base, homes);
  const refused = (): string[] => first.sensor.blind.filter((line) => line.includes(' hold more than '));
  // On a busy machine the start does not wait until all were looked at.
  await until(() => refused().length === 2);
  expect(refused().sort()).toEqual([
    `the unit directories in ${base}/full hold more than ${DIRECTORIES} directories of drop-ins and of wanted units: what is in the others is not seen`,
    `the unit directories in ${base}/full hold more than ${NAMES} files: of the others, and of directories among them, is told what the kernel tells of, and not what changes while nobody watches`,
  ]);
  const kept = first.known.get(full);
  expect([kept?.size, first.known.size, first.known.has(ALL_FOLDERS)]).toEqual([NAMES, DIRECTORIES + 3, true]);
  const isKept = (name: string): boolean => kept?.has(name) === true;
  const [written = '', removed = '', meanwhile = ''] = files.filter((name) => !isKept(name));
  const [knownOne = '', ...knownOnes] = files.filter(isKept);
  const watched = directories.find((name) => first.known.has(join(full, name))) ?? '';

  writeFileSync(join(full, 'new.timer'), 'x');
  await first.told.line(`creation full/${UNITS}/new.timer`);
  appendFileSync(join(full, written), 'x');
  await first.told.line(`modification full/${UNITS}/${written}`);
  rmSync(join(full, removed));
  await first.told.line(`deletion full/${UNITS}/${removed}`);
  for (const path of [join('full', UNITS, watched, 'a.conf'), join('other', UNITS, 'b.timer'), join('other', UNITS, 'b.timer.d', 'c.conf')]) {
    mkdirSync(join(base, path, '..'), { recursive: true });
    writeFileSync(join(base, path), 'x');
    await first.told.line(`creation ${path}`);
  }
  expect(new Set(first.told.lines()).size).toBe(6);
  await first.stop();

  appendFileSync(join(full, meanwhile), 'x');
  appendFileSync(join(full, knownOne), 'x');
  const second = await watchHomes(base, homes, first.known);
  await second.told.line(`modification full/${UNITS}/${knownOne}`);
  expect(second.told.lines()).toHaveLength(1);

  const gone = knownOnes.slice(0, 100);
  for (const name of gone) rmSync(join(full, name));
  await second.told.count(101);
  await until(() => second.known.get(full)?.has(meanwhile) === true);
  expect(second.known.get(full)?.size).toBe(files.length - gone.length);
  expect(second.told.lines().filter((line) => !line.startsWith('deletion'))).toHaveLength(1);
});
