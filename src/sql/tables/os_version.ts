/** osquery's `os_version`: /etc/os-release (os-release(5)); on Red Hat's and Gentoo's the older release files win, as in osquery. */
import { readlinkSync } from 'node:fs';
import { machine } from 'node:os';
import type { Row, Table } from '../../model/table.ts';
import { readWhole } from './lines.ts';
import { askedRoots } from './namespaces.ts';

export const os_version: Table = {
  name: 'os_version',
  description: 'A single row containing the operating system name and version.',
  columns: [
    { name: 'name', type: 'TEXT' },
    { name: 'version', type: 'TEXT', collate: 'version' },
    { name: 'major', type: 'INTEGER' },
    { name: 'minor', type: 'INTEGER' },
    { name: 'patch', type: 'INTEGER' },
    { name: 'build', type: 'TEXT' },
    { name: 'platform', type: 'TEXT' },
    { name: 'platform_like', type: 'TEXT' },
    { name: 'codename', type: 'TEXT' },
    { name: 'arch', type: 'TEXT' },
    { name: 'pid_with_namespace', type: 'INTEGER', additional: true, hidden: true },
    { name: 'mount_namespace_id', type: 'TEXT', hidden: true },
  ],
  *generate(context) {
    for (const { pid, path } of askedRoots(context)) {
      const read = (file: string): string | undefined => readWhole(context, path(file), { mayBeAbsent: true });
      const [redhat, gentoo] = [read('/etc/redhat-release'), read('/etc/gentoo-release')];
      const older = redhat === undefined ? gentoo === undefined ? {} : parseRelease(gentoo, 'gentoo') : parseRelease(redhat, 'rhel');
      yield { ...UNKNOWN, ...parseOsRelease(read('/etc/os-release') ?? ''), ...older, arch: machine(), pid_with_namespace: pid, ...(pid === 0 ? {} : { mount_namespace_id: mountNamespaceOf(pid) }) };
    }
  },
};

const UNKNOWN: Row = { name: 'Unknown', major: 0, minor: 0, patch: 0, platform: 'posix' };

const COLUMNS: Readonly<Record<string, string>> = { NAME: 'name', VERSION: 'version', BUILD_ID: 'build', ID: 'platform', ID_LIKE: 'platform_like' };

/** Distributions call their code name VERSION_CODENAME, and some also by names of their own that end alike. */
export function parseOsRelease(text: string): Row {
  const row: Row = {};
  for (const line of text.split('\n')) {
    const [, key = '', quoted = ''] = /^\s*([A-Z0-9_]+)=(.*)$/.exec(line) ?? [];
    const value = quoted.trim().replace(/^(["'])(.*)\1$/, '$2');
    const column = COLUMNS[key] ?? (key.includes('CODENAME') ? 'codename' : undefined);
    if (column !== undefined) row[column] = value;
    if (key === 'VERSION_ID') {
      const [major, minor, patch] = value.split('.');
      Object.assign(row, { major }, minor === undefined ? {} : { minor }, patch === undefined ? {} : { patch });
    }
  }
  return row;
}

/** `CentOS Linux release 7.9.2009 (Core)`. */
export function parseRelease(text: string, platform: string): Row {
  const version = text.trim().replace(/\s+/g, ' ');
  const [whole, name, major, minor, patch = '0'] = /([\w+\s]+) .* (\d+)\.(\d+)\.?(\w+)?/.exec(version) ?? [];
  return { platform, platform_like: platform, version, build: '', ...(whole === undefined ? {} : { name, major, minor, patch }) };
}

function mountNamespaceOf(pid: number): string {
  try {
    return /\d+/.exec(readlinkSync(`/proc/${pid}/ns/mnt`))?.[0] ?? '';
  } catch {
    return '';
  }
}
