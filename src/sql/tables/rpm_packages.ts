/** osquery's `rpm_packages`: what rpm has installed, asked of rpm(8) itself. */
import { equals, type Table } from '../../model/table.ts';
import { NAMESPACE_COLUMNS } from './paths.ts';
import { askRpm } from './rpm.ts';

/** In the order of the columns. */
const TAGS = ['NAME', 'VERSION', 'RELEASE', 'SOURCERPM', 'SIZE', 'SHA1HEADER', 'ARCH', 'EPOCH', 'INSTALLTIME', 'VENDOR', 'GROUP'];
const FORMAT = `${TAGS.map((tag) => `%{${tag}}`).join('\\t')}\\n`;

export const rpm_packages: Table = {
  name: 'rpm_packages',
  description: 'RPM packages that are currently installed on the host system.',
  columns: [
    { name: 'name', type: 'TEXT', index: true, optimized: true },
    { name: 'version', type: 'TEXT', index: true, collate: 'version_rhel' },
    { name: 'release', type: 'TEXT', index: true },
    { name: 'source', type: 'TEXT' },
    { name: 'size', type: 'BIGINT' },
    { name: 'sha1', type: 'TEXT', collate: 'nocase' },
    { name: 'arch', type: 'TEXT', index: true },
    { name: 'epoch', type: 'INTEGER', index: true },
    { name: 'install_time', type: 'INTEGER' },
    { name: 'vendor', type: 'TEXT' },
    { name: 'package_group', type: 'TEXT' },
    ...NAMESPACE_COLUMNS,
  ],
  *generate(context) {
    const names = equals(context, 'name');
    for (const fields of askRpm(names.length === 0 ? ['--all'] : ['--', ...names], FORMAT, context)) {
      const [name, version, release, source, size, sha1, arch, epoch, install_time, vendor, package_group] = fields;
      yield { name, version, release, source, size, sha1, arch, epoch: epoch || undefined, install_time, vendor, package_group, pid_with_namespace: 0 };
    }
  },
};
