/** osquery's `deb_package_files`: the files of each package as dpkg lists them (/var/lib/dpkg/info/PACKAGE.list). */
import { readFileSync, readdirSync } from 'node:fs';
import { equals, type QueryContext, type Table } from '../../model/table.ts';
import { legible, textOfBytes } from '../../model/text.ts';
import { ADMINDIR } from './deb_packages.ts';
import { linesOf, unreadable } from './lines.ts';

export const deb_package_files: Table = {
  name: 'deb_package_files',
  description: 'Installed files from DEB packages that are currently installed on the system.',
  columns: [
    { name: 'package', type: 'TEXT', index: true, optimized: true },
    { name: 'path', type: 'TEXT', index: true },
    { name: 'admindir', type: 'TEXT', additional: true, optimized: true },
  ],
  *generate(context) {
    const admindirs = equals(context, 'admindir');
    const packages = new Set(equals(context, 'package'));
    const paths = equals(context, 'path');
    for (const admindir of admindirs.length === 0 ? [ADMINDIR] : admindirs) {
      for (const { name, list } of lists(`${admindir}/info`, context)) {
        context.checkpoint();
        if (packages.size > 0 && !packages.has(name)) continue;
        if (paths.length > 0 && !mentions(list, paths)) continue;
        for (const path of linesOf(list, context)) if (path !== '') yield { package: name, path, admindir };
      }
    }
  },
};

/** `libc6:amd64.list` is of the package libc6. */
function lists(folder: string, context: QueryContext): { name: string; list: string }[] {
  try {
    return readdirSync(folder).filter((file) => file.endsWith('.list')).sort().map((file) => ({ name: file.slice(0, -'.list'.length).split(':')[0] ?? '', list: `${folder}/${file}` }));
  } catch (error) {
    unreadable(folder, error, context);
    return [];
  }
}

/** Hundreds of lists are looked through in some 10 ms this way. What cannot be read is left to `linesOf`, which says so. */
function mentions(list: string, paths: readonly string[]): boolean {
  try {
    const text = legible(textOfBytes(readFileSync(list)));
    return paths.some((path) => text.includes(`${path}\n`));
  } catch {
    return true;
  }
}
