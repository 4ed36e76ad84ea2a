/** The Debian package. */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { architecture, FILES, made, type Build } from './build.ts';
import { settle, sizeOf } from './tree.ts';

/** `root` is a filled tree, to which what dpkg wants is added. */
export async function makeDeb(root: string, build: Build): Promise<string> {
  const size = sizeOf(root);
  const sums = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => `${createHash('md5').update(readFileSync(path)).digest('hex')}  ${path.slice(root.length + 1)}\n`);
  const control = join(root, 'DEBIAN');
  mkdirSync(control);
  for (const name of ['postinst', 'prerm', 'postrm']) cpSync(join(FILES, 'debian', name), join(control, name));
  writeFileSync(join(control, 'conffiles'), '/etc/tickward/config.yaml\n');
  writeFileSync(join(control, 'md5sums'), sums.join(''));
  writeFileSync(join(control, 'control'), `Package: tickward
Version: ${build.version}
Architecture: ${architecture().deb}
Maintainer: The Tickward authors <tickward@localhost>
Installed-Size: ${Math.ceil(size / 1024)}
Depends: libc6 (>= 2.28), libstdc++6 (>= 5), init-system-helpers (>= 1.51)
Recommends: nftables
Section: admin
Priority: optional
Description: finds systemd timers made by someone who should not
 Watches the unit directories of a host, says which process made, changed or
 removed a unit file, judges it by Elastic's rules, answers the queries of the
 investigation guide, and takes the timer out so that it can be undone. Brings
 its own Node.js and an extension for osquery.
`);
  settle(root, build.epoch);
  const path = join(build.out, `tickward_${build.version}_${architecture().deb}.deb`);
  // One thread: how xz cuts its blocks depends on their number.
  await made('dpkg-deb', ['--root-owner-group', '--threads-max=1', ...(build.quick ? ['-Zgzip', '-z1'] : ['-Zxz', '-z6']), '--build', root, path], { env: { SOURCE_DATE_EPOCH: String(build.epoch) } });
  return path;
}
