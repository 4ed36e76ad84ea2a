/** Whose package a file is, asked of the machine's own dpkg. */
import { existsSync, lstatSync } from 'node:fs';
import { expect, test } from 'vitest';
import { packagesOf } from '../../src/host/packages.ts';

const isMerged = lstatSync('/lib').isSymbolicLink() && existsSync('/var/lib/dpkg/info/apt.list');

test.skipIf(!isMerged)('both names that a file has where /lib is a link to /usr/lib are of its package, also when they are asked for at once (needs the package apt)', async () => {
  const both = ['/lib/systemd/system/apt-daily.timer', '/usr/lib/systemd/system/apt-daily.timer'];
  for (const paths of [...both.map((path) => [path]), both, both.toReversed()]) expect(Object.fromEntries(await packagesOf(paths))).toEqual(Object.fromEntries(paths.map((path) => [path, 'apt'])));
});

test.skipIf(!isMerged)('of so many files that they fit into no call, too (needs the package apt)', async () => {
  const many = Array.from({ length: 20_000 }, (_, n) => `/opt/${'x'.repeat(110)}/${n}`);
  expect(Object.fromEntries(await packagesOf([...many, '/usr/bin/dpkg']))).toEqual({ '/usr/bin/dpkg': 'dpkg' });
}, 60_000);
