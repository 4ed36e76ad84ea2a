import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inspect, MOST_HASHED } from '../../src/host/inspect.ts';
import { ownershipOf } from '../../src/host/ownership.ts';
import { persistentFiles } from '../../src/host/persistence.ts';
import { unitFiles } from '../../src/host/unit-files.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { noMounts, printedAmongMounts } from '../helpers/mounts.ts';
import { noDpkg } from '../helpers/needs.ts';
import { plant } from '../helpers/response.ts';

const hash = (algorithm: string, data: Buffer): string => createHash(algorithm).update(data).digest('hex');

describe('a file', () => {
  test.each([0, 1, 65_536, 65_537, 300_000])('of %i bytes is hashed whole, and its start is kept', (size) => {
    const path = join(temporaryDirectory(), 'f');
    const data = Buffer.alloc(size, 'abc');
    writeFileSync(path, data, { mode: 0o640 });
    expect(inspect(path, 100_000)).toMatchObject({ kind: 'file', real: path, size, mode: '0640', sha256: hash('sha256', data), md5: hash('md5', data), head: data.subarray(0, 100_000) });
  });

  test('that is larger than what is hashed, or than is left to hash, is only begun', () => {
    const path = join(temporaryDirectory(), 'f');
    writeFileSync(path, 'start');
    truncateSync(path, MOST_HASHED + 1);
    const { sha256, head } = inspect(path, 5);
    expect([sha256, head.toString()]).toEqual([null, 'start']);
    truncateSync(path, 10);
    expect(inspect(path, 5, 9)).toMatchObject({ sha256: null, md5: null });
  });

  test('behind links is told with where they lead', () => {
    const root = temporaryDirectory();
    plant(root, { f: 'x', one: '-> f', two: '-> one', gone: '-> nothing', round: '-> round' });
    expect(['two', 'gone', 'round', 'none'].map((name) => inspect(join(root, name), 1)).map(({ kind, real }) => `${kind} ${real.slice(root.length + 1)}`)).toEqual(['file f', 'missing gone', 'unreadable round', 'missing none']);
  });

  test('of an ELF program keeps little of its start, of a script with a NUL in it all', () => {
    expect(inspect(process.execPath, 100_000).head).toHaveLength(4_096);
    const path = join(temporaryDirectory(), 'f');
    writeFileSync(path, `#!/bin/sh\n\0\n${'#'.repeat(50_000)}\n/tmp/x\n`);
    expect(inspect(path, 100_000).head.toString().endsWith('/tmp/x\n')).toBe(true);
  });
});


test.skipIf(noDpkg !== undefined)(`whose package a file is, under both names of a merged /usr, and whether it was changed (${noDpkg ?? 'by dpkg'})`, async () => {
  const md5 = hash('md5', readFileSync('/usr/bin/dpkg'));
  const found = await ownershipOf(new Map([['/usr/bin/dpkg', md5], ['/usr/bin/dpkg-query', '0'.repeat(32)], ['/bin/sh', null], ['/nonexistent', md5], ['/etc/\udcff', md5]]));
  expect(found.get('/usr/bin/dpkg')).toEqual({ package: 'dpkg', changed: false });
  expect(found.get('/usr/bin/dpkg-query')).toEqual({ package: 'dpkg', changed: true });
  expect([...found.keys()]).not.toContain('/nonexistent');
  const shell = inspect('/bin/sh', 1);
  expect([...(await ownershipOf(new Map([[shell.real, shell.md5]]))).values()]).toMatchObject([{ changed: false }]);
});

/** Has rpm's words for a file, and is what rpm(8) is on a host without dpkg. */
const RPM = (words: string, code: number, knowsItself = true): string => `#!/bin/sh\n[ "$*" != '--query rpm' ] || exit ${knowsItself ? 0 : 1}\necho "${words}" >&2\necho "file is not owned by any package"\nexit ${code}\n`;
const NEITHER = /^which files belong to packages is not known: neither dpkg nor rpm has the files of this host$/;
const ONLY_RPM = 'for each in dpkg dpkg-query; do mount --bind "$0/gone" $(readlink -f /usr/bin/$each); done; mount --bind "$0" /usr/local/bin';

test.skipIf((noDpkg ?? noMounts) !== undefined).each([
  ['dpkg cannot read its database', 'garbage\n', 'mount --bind "$0/rpm" /var/lib/dpkg/status', /^which files belong to packages is not known: dpkg-query: error: parsing file '\/var\/lib\/dpkg\/status' /],
  ['dpkg has lost its lists of files', '', 'mount -t tmpfs none /var/lib/dpkg/info; echo 1 > /var/lib/dpkg/info/format', /^which files belong to packages is not known: dpkg-query: warning: files list file for package '[^']+' missing/],
  ['the database of dpkg was taken away', '', 'mount --bind /dev/null /var/lib/dpkg/status', NEITHER],
  ['rpm has no packages', RPM('', 1, false), ONLY_RPM, NEITHER],
  ['rpm cannot read its database', RPM('error: cannot open Packages index using sqlite - Permission denied (13)', 1), ONLY_RPM, /^which files belong to packages is not known: error: cannot open Packages index/],
])(`where %s, no file is taken for one that no package has (${noDpkg ?? noMounts ?? 'in a mount namespace of its own'})`, (_what, text, prepare, warning) => {
  expect(askedOfPackages(text, prepare)).toEqual(['not known', false, [expect.stringMatching(warning)]]);
});

test.skipIf((noDpkg ?? noMounts) !== undefined)('what rpm says of a file that no package has, or that is called like its failure, is an answer', () => {
  expect(askedOfPackages(RPM('error: file /usr/bin/dpkg: No such file or directory', 1), ONLY_RPM)).toEqual(['none', true, []]);
  const name = '/usr/bin/x\nerror: cannot open Packages ';
  expect(askedOfPackages(RPM(`error: file ${name}: No such file or directory`, 1), ONLY_RPM, name)).toEqual(['none', true, []]);
});

/** What is said of a file, and whether it is known to be of no package, where `prepare` made something of `text`. */
function askedOfPackages(text: string, prepare: string, path = '/usr/bin/dpkg'): unknown {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'rpm'), text, { mode: 0o755 });
  writeFileSync(join(directory, 'gone'), '#!/nonexistent\n', { mode: 0o755 });
  const asks = `import { Owners } from ${JSON.stringify(join(import.meta.dirname, '../../src/host/ownership.ts'))}; const path = ${JSON.stringify(path)}; const owners = await Owners.of(new Map([[path, null]])); console.log(JSON.stringify([owners.textOf(path), owners.isForeign(path), owners.warnings]));`;
  return printedAmongMounts(prepare, asks, directory);
}

test('other places from which programs start, of users whose homes may be anything', () => {
  const root = temporaryDirectory();
  plant(root, { 'etc/cron.d/a': 'x', 'var/spool/cron/atjobs/a0001': 'at', 'var/spool/cron/atjobs/.SEQ': '1', 'srv/bob/.ssh/authorized_keys': 'ssh-ed25519 AAAA b', 'srv/bob/.config/autostart/x.desktop': '[Desktop Entry]', 'etc/cron.d/link': '-> /dev/zero' });
  mkdirSync(join(root, 'etc/profile.d/folder'), { recursive: true });
  const user = { name: 'bob', uid: 1000, gid: 1000, gecos: '', shell: '' };
  const { files, warnings } = persistentFiles([{ ...user, home: '/srv/bob/' }, { ...user, home: '/' }, { ...user, home: 'relative' }], root);
  expect(files.map(({ kind, path }) => `${kind} ${path}`).toSorted()).toEqual(['at /var/spool/cron/atjobs/a0001', 'autostart /srv/bob/.config/autostart/x.desktop', 'cron /etc/cron.d/a', 'cron /etc/cron.d/link', 'ssh /srv/bob/.ssh/authorized_keys']);
  expect(files.find(({ path }) => path === '/etc/cron.d/link')?.head).toHaveLength(0);
  expect(warnings).toEqual([]);
});

test('files of unit directories, each directory once, links not followed', () => {
  const root = temporaryDirectory();
  plant(root, { 'units/a.timer': '', 'units/a.timer.d/x.conf': '', 'units/t.target.wants/a.timer': '-> ../a.timer', 'units/other/y': '', 'units/broken.timer': '-> nothing' });
  symlinkSync('units', join(root, 'again'));
  const directories = ['units', 'again', 'none'].map((path) => ({ path: join(root, path), scope: 'system' as const, kind: 'units' as const }));
  expect(unitFiles(directories).files.map(({ path }) => path.slice(root.length + 7)).toSorted()).toEqual(['a.timer', 'a.timer.d/x.conf', 'broken.timer', 't.target.wants/a.timer']);
});
