/** osquery's `rpm_package_files`: the files of each package with owner, mode and digest as they were installed, asked of rpm(8) itself. */
import { modeText } from '../../model/mode.ts';
import { equals, type QueryContext, type Row, type Table } from '../../model/table.ts';
import { askRpm } from './rpm.ts';

/** `[…]` repeats for each file, `%{=…}` is of the package. */
const FORMAT = '[%{=NAME}\\t%{FILENAMES}\\t%{FILEUSERNAME}\\t%{FILEGROUPNAME}\\t%{FILEMODES}\\t%{FILESIZES}\\t%{=FILEDIGESTALGO}\\t%{FILEDIGESTS}\\n]';
/** PGPHASHALGO_SHA256 of rpm. */
const SHA256 = '8';

export const rpm_package_files: Table = {
  name: 'rpm_package_files',
  description: 'RPM packages that are currently installed on the host system.',
  columns: [
    { name: 'package', type: 'TEXT', index: true, optimized: true },
    { name: 'path', type: 'TEXT', index: true },
    { name: 'username', type: 'TEXT' },
    { name: 'groupname', type: 'TEXT' },
    { name: 'mode', type: 'TEXT' },
    { name: 'size', type: 'BIGINT' },
    { name: 'sha256', type: 'TEXT', collate: 'nocase' },
  ],
  *generate(context) {
    for (const fields of askRpm(selectionOf(context), FORMAT, context)) yield rowOf(fields);
  },
};

/** Some packages, the packages of some files, or all. */
function selectionOf(context: QueryContext): string[] {
  const packages = equals(context, 'package');
  if (packages.length > 0) return ['--', ...packages];
  const paths = equals(context, 'path');
  return paths.length > 0 && paths.every((path) => path.startsWith('/')) ? ['--file', '--', ...paths] : ['--all'];
}

export function rowOf(fields: readonly string[]): Row {
  const [package_, path, username, groupname, mode = '', size, algorithm, digest] = fields;
  // rpm writes the mode, type included, as a signed or unsigned 16-bit number.
  return { package: package_, path, username, groupname, mode: modeText(Number(mode)), size, sha256: algorithm === SHA256 ? digest : '' };
}
