import { expect, test } from 'vitest';
import { classify, isUnitSubdirectory, isUnitText, placeIn, unitDirectories, unitPlaces, userDirectories, type Place } from '../../src/host/directories.ts';
import { parseGroup, parsePasswd } from '../../src/host/passwd.ts';

test('homes outside /home are watched, a home that is the root or relative is not', () => {
  const users = parsePasswd('svc:x:900:900::/srv/svc/:/bin/sh\nnobody:x:65534:65534::/:/bin/false\nodd:x:7:7::nowhere:/bin/sh\n');
  const homes = users.flatMap((user) => userDirectories(user)).map((directory) => directory.path).filter((path) => !path.startsWith('/run/'));
  expect(homes).toEqual(['/srv/svc/.config/systemd/user.control', '/srv/svc/.config/systemd/user', '/srv/svc/.local/share/systemd/user']);
});

test('two users with one home give each directory once', () => {
  const users = parsePasswd('a:x:1:1::/h:/bin/sh\nb:x:2:1::/h:/bin/sh\n');
  const paths = unitDirectories(users).map((directory) => directory.path);
  expect(new Set(paths).size).toBe(paths.length);
});

test.each([
  ['a.timer', 'timer', 'a.timer'],
  ['a.service', 'service', 'a.service'],
  ['a.timer.d/x.conf', 'drop-in', 'a.timer'],
  ['timers.target.wants/a.timer', 'wants', 'a.timer'],
  ['timers.target.upholds/a.timer', 'wants', 'a.timer'],
  ['a.mount', 'other', 'a.mount'],
] as const)('%s is a %s of %s', (relative, unit_type, unit) => {
  expect(classify({ kind: 'units' }, relative)).toEqual({ unit, unit_type });
});

test.each(['timers.target.wants', 'a.service.requires', 'timers.target.upholds', '-.mount.wants', 'dev-sda.device.wants', 'a@.timer.d', 'a-.service.d', 'timer.d', 'socket.d', 'x.scope.d'])('%s in a unit directory counts', (name) => {
  expect(isUnitSubdirectory(name)).toBe(true);
});

test.each(['a.timer', 'wants', 'a.conf.d', 'a.timer.d.bak', 'timers.target.wants~'])('%s does not', (name) => {
  expect(isUnitSubdirectory(name)).toBe(false);
});

test('what the manager loads before all else counts: /etc/systemd/system.control, portable services, ~/.config/systemd/user.control', () => {
  const paths = unitDirectories(parsePasswd('a:x:1:1::/home/a:/bin/sh\n')).map((directory) => directory.path);
  expect(paths).toEqual(expect.arrayContaining(['/etc/systemd/system.control', '/etc/systemd/system.attached', '/run/systemd/system.attached', '/home/a/.config/systemd/user.control']));
});

test.each([
  ['a.timer', true],
  ['a@.service', true],
  ['a.socket', true],
  ['a.timer.d/x.conf', true],
  ['service.d/x.conf', true],
  ['a.timer.d/x.conf.bak', false],
  ['a.timer.d/.#override.conf0123', false],
  ['timers.target.wants/a.timer', false],
  ['a.timer.dpkg-new', false],
  ['README', false],
])('%s is read as a unit: %s', (relative, isIt) => {
  expect([isUnitText({ kind: 'units' }, relative), isUnitText({ kind: 'generators' }, relative)]).toEqual([isIt, false]);
});

test('generators of the environment are generators: the manager runs them too', () => {
  expect(unitDirectories([]).filter(({ path }) => path.includes('environment')).map(({ path, kind, scope }) => `${path} ${kind} ${scope}`)).toContain('/etc/systemd/system-environment-generators generators system');
});

test('anything in a generator directory is a generator', () => {
  expect(classify({ kind: 'generators' }, 'evil')).toEqual({ unit: 'evil', unit_type: 'generator' });
});

test('malformed lines of passwd and group are left out', () => {
  expect(parsePasswd('root:x:0:0:root:/root:/bin/bash\nbroken\n+nis::::::\n#c:x:1:1::/:\n')).toHaveLength(1);
  expect(parseGroup('adm:x:4:syslog,bob\nbad\n')).toEqual([{ name: 'adm', gid: 4, members: ['syslog', 'bob'] }]);
});

test('homes beside, above and below each other each lead to their units, in whatever order they come', () => {
  const homes = ['/srv/a', '/srv/a/b', '/srv/a/b/c', '/srv/d/', '/srv/a', '/home/x', '/home/x/y', '/srv'];
  for (let turn = 0; turn < homes.length; turn += 1) {
    const root = unitPlaces([...homes.slice(turn), ...homes.slice(0, turn)].map((home) => ({ home })));
    for (const home of homes) {
      const place = [...home.split('/').filter(Boolean), '.config', 'systemd', 'user'].reduce<Place | undefined>((at, name) => at && placeIn(at, name), root);
      expect({ turn, home, unit: place?.unit }).toEqual({ turn, home, unit: { scope: 'user', kind: 'units' } });
    }
  }
});

test.each(['', ':x:1:1::/:', 'a:x:1', 'a:x:one:1::/h:/bin/sh', 'a:x:12345678901:1::/h:/bin/sh', '#a:x:1:1::/h:/bin/sh'])('%j is no user', (line) => {
  expect(parsePasswd(`${line}\nroot:x:0:0:root:/root:/bin/bash\n`)).toEqual([{ name: 'root', uid: 0, gid: 0, gecos: 'root', home: '/root', shell: '/bin/bash' }]);
});
