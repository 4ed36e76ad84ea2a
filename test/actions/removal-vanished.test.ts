import { expect, test } from 'vitest';
import type { UnitState } from '../../src/actions/manager.ts';
import { remarkOn } from '../../src/actions/removal-vanished.ts';
import { mountPointOf } from '../../src/host/units.ts';

const active = (id: string, fragment = ''): UnitState => ({ id, load: 'loaded', active: 'active', freezer: 'running', cgroup: '', fragment, invocation: '' });

test('what holds a file system or swap is named with what would end it, and what else is left by its kind', () => {
  expect(remarkOn([], [], [active('dev-sdz9.swap'), active('-.mount'), active('made.slice'), active('cron.service', '/usr/lib/systemd/system/cron.service')])).toMatch(
    /^nothing that generators had made is gone with it; still mounted, and for you to decide: \/ \([a-z0-9]+\): it may be .* before systemctl stop '-\.mount'; still in use as swap, and for you to decide: dev-sdz9\.swap: .* before systemctl stop 'dev-sdz9\.swap'; still there, and nothing makes it any more: made\.slice: .*; goes on as it was started, .*: cron\.service$/,
  );
});

test('names that an attacker chose neither become commands nor act on the terminal', () => {
  const said = remarkOn([], [], [active("a';id;\u001B[2J.mount")]);
  expect(said).toContain(String.raw`systemctl stop 'a'\'';id;\e[2J.mount'`);
});

test.each([
  ['-.mount', '/'],
  ['home.mount', '/home'],
  [String.raw`mnt-a\x20b\x2dc.mount`, '/mnt/a b-c'],
  [String.raw`mnt-\xc3\xa4.mount`, '/mnt/ä'],
])('%s is mounted at %s', (unit, path) => {
  expect(mountPointOf(unit)).toBe(path);
});
