import { expect, test } from 'vitest';
import { unitOfPath } from '../../src/host/unit-of.ts';

test.each([
  ['/etc/systemd/system/a.timer', 'a.timer timer system'],
  ['/usr/lib/systemd/user/a.service', 'a.service service user'],
  ['/home/anyone/.config/systemd/user/a.timer', 'a.timer timer user'],
  ['/srv/homes/x/y/.config/systemd/user/a.timer', 'a.timer timer user'],
  ['/root/.local/share/systemd/user/a.timer', 'a.timer timer user'],
  ['/run/user/1000/systemd/transient/a.timer', 'a.timer timer user'],
  ['/etc/systemd/system/a.timer.d/x.conf', 'a.timer drop-in system'],
  ['/etc/systemd/system/timers.target.wants/a.timer', 'a.timer wants system'],
  ['/home/u/.config/systemd/user/a.timer.d/x.conf', 'a.timer drop-in user'],
  ['/etc/systemd/system-generators/evil', 'evil generator system'],
])('%s is %s', (path, expected) => {
  const found = unitOfPath(path);
  expect(`${found?.unit} ${found?.unit_type} ${found?.scope}`).toBe(expected);
});

test.each(['/etc/systemd/system', '/etc/systemd/system/', '/etc/systemd/system/folder/a.timer', '/etc/systemd/system/a.d/b/c.conf', '/etc/passwd', '/', '/etc/systemd/system-generators/a/b', '/home/u/.config/systemd/user/x/y.timer', '/home/u/config/systemd/user/y.timer'])('%s belongs to no unit', (path) => {
  expect(unitOfPath(path)).toBeUndefined();
});
