/** Which paths are of a unit: what is anywhere else is never taken away as one. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isAmong, isSameEntry, linkOnTheWay, placeOf, whyNoPlace } from '../../src/actions/removal-place.ts';
import { temporaryDirectory } from '../helpers/events.ts';

/** Units are read from `etc` and `usr`; `elsewhere` has the same names. */
function setUp(): { root: string; at: (name: string) => Buffer; directories: string[] } {
  const root = temporaryDirectory();
  for (const folder of ['etc', 'usr', 'elsewhere']) {
    for (const name of ['real.timer.d', 'timers.target.wants']) mkdirSync(join(root, folder, name), { recursive: true });
    mkdirSync(join(root, folder, 'drop-ins'));
    for (const name of ['evil.timer.d', 'evil.target', 'evil.timer.x']) symlinkSync('drop-ins', join(root, folder, name));
    for (const name of ['evil.timer', 'real.timer.d/more.conf', 'drop-ins/more.conf']) writeFileSync(join(root, folder, name), '');
  }
  return { root, at: (name) => Buffer.from(join(root, name)), directories: [join(root, 'etc'), join(root, 'usr')] };
}

test.each<[path: string, unit: string | undefined, whole?: boolean]>([
  ['evil.timer', 'evil.timer', true],
  ['evil.service', 'evil.service', true],
  ['real.timer.d/more.conf', 'real.timer', false],
  ['evil.timer.d', 'evil.timer', false],
  ['timers.target.wants/evil.timer', 'evil.timer', false],
  ['evil.target.requires/evil.service', 'evil.service', false],
  ['evil.target.upholds/evil.service', 'evil.service', false],
  ['real.timer.d', undefined],
  ['evil.target', undefined],
  ['evil.timer.x', undefined],
  ['drop-ins/more.conf', undefined],
  ['drop-ins/evil.timer', undefined],
])('%s is of %s, and of nothing where no units are read', (path, unit, whole) => {
  const { at, directories } = setUp();
  expect(placeOf(at(`etc/${path}`), directories)).toEqual(unit === undefined ? undefined : { unit, whole });
  expect(placeOf(at(`elsewhere/${path}`), directories)).toBeUndefined();
});

test('of drop-ins in a linked directory the link is what there is among the units, and nothing where no units are read', () => {
  const { at, directories } = setUp();
  const leads = (path: string): string => linkOnTheWay(at(path), directories).toString();
  expect(['etc/evil.timer.d/more.conf', 'etc/real.timer.d/more.conf', 'etc/evil.timer.x/more.conf', 'elsewhere/evil.timer.d/more.conf'].map(leads)).toEqual(
    ['etc/evil.timer.d', 'etc/real.timer.d/more.conf', 'etc/evil.timer.x/more.conf', 'elsewhere/evil.timer.d/more.conf'].map((path) => at(path).toString()),
  );
});

test('why a path is of no unit is said by where it is', () => {
  const { at, directories } = setUp();
  for (const path of ['etc/evil.target', 'etc/drop-ins/more.conf']) expect(whyNoPlace(at(path), directories)).toMatch(/^is neither a timer or a service/);
  expect(whyNoPlace(at('elsewhere/evil.timer'), directories)).toBe('is in no directory that systemd reads units from');
  expect(whyNoPlace(Buffer.from('/home/nobody-here/.config/systemd/user/evil.timer'), directories)).toMatch(/^is in no directory of units of any user/);
});

test('a directory is one by what it is, and an entry by its name in it', () => {
  const { root, at, directories } = setUp();
  expect([`${root}/etc`, `${root}//etc`, `${root}/elsewhere`, `${root}/none`].map((directory) => isAmong(directory, directories))).toEqual([true, true, false, false]);
  const same = (one: string, other: string): boolean => isSameEntry(at(one), Buffer.from(`${root}/${other}`));
  expect([same('etc/evil.timer', 'etc/evil.timer'), same('etc/evil.timer', '/etc/evil.timer'), same('etc/evil.timer', 'etc/evil.target'), same('etc/evil.timer', 'elsewhere/evil.timer'), same('none/evil.timer', 'gone/evil.timer')]).toEqual([true, true, false, false, false]);
});
