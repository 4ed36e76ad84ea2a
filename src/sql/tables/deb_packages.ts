/** osquery's `deb_packages`: what dpkg has installed, by its status file (dpkg(1), deb-control(5)). */
import { equals, type Row, type Table } from '../../model/table.ts';
import { linesOf } from './lines.ts';
import { NAMESPACE_COLUMNS } from './paths.ts';

export const ADMINDIR = '/var/lib/dpkg';

export const deb_packages: Table = {
  name: 'deb_packages',
  description: 'The installed DEB package database.',
  columns: [
    { name: 'name', type: 'TEXT' },
    { name: 'version', type: 'TEXT', collate: 'version_dpkg' },
    { name: 'source', type: 'TEXT' },
    { name: 'size', type: 'BIGINT' },
    { name: 'arch', type: 'TEXT' },
    { name: 'revision', type: 'TEXT' },
    { name: 'status', type: 'TEXT' },
    { name: 'maintainer', type: 'TEXT' },
    { name: 'section', type: 'TEXT' },
    { name: 'priority', type: 'TEXT' },
    { name: 'admindir', type: 'TEXT', additional: true, optimized: true },
    ...NAMESPACE_COLUMNS,
  ],
  *generate(context) {
    const asked = equals(context, 'admindir');
    for (const admindir of asked.length === 0 ? [ADMINDIR] : asked) {
      for (const fields of paragraphs(linesOf(`${admindir}/status`, context))) {
        const row = rowOf(fields);
        if (row !== undefined) yield { ...row, admindir, pid_with_namespace: 0 };
      }
    }
  },
};

/** deb-control(5): `Field: value` lines, paragraphs parted by an empty line. Values over several lines are of no use here. */
function* paragraphs(lines: Iterable<string>): Generator<Map<string, string>> {
  let fields = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (line === '') {
      if (fields.size > 0) yield fields;
      fields = new Map();
    } else if (colon > 0 && !/^\s/.test(line)) fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  if (fields.size > 0) yield fields;
}

function rowOf(fields: ReadonlyMap<string, string>): Row | undefined {
  const field = (name: string): string => fields.get(name) ?? '';
  if (field('Package') === '' || field('Status').endsWith(' not-installed')) return undefined;
  const version = field('Version');
  const dash = version.lastIndexOf('-');
  return {
    name: field('Package'),
    version,
    source: field('Source'),
    size: fields.get('Installed-Size'),
    arch: field('Architecture'),
    revision: dash < 0 ? '' : version.slice(dash + 1),
    status: field('Status'),
    maintainer: field('Maintainer'),
    section: field('Section'),
    priority: field('Priority'),
  };
}
