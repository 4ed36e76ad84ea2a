/** osquery's `etc_hosts`: the lines of /etc/hosts (hosts(5)). */
import type { Row, Table } from '../../model/table.ts';
import { readWhole, wordsOf } from './lines.ts';
import { askedRoots } from './namespaces.ts';

export const etc_hosts: Table = {
  name: 'etc_hosts',
  description: 'Line-parsed /etc/hosts.',
  columns: [
    { name: 'address', type: 'TEXT' },
    { name: 'hostnames', type: 'TEXT' },
    { name: 'pid_with_namespace', type: 'INTEGER', additional: true, hidden: true },
  ],
  *generate(context) {
    for (const { pid, path } of askedRoots(context)) for (const row of parseHosts(readWhole(context, path('/etc/hosts')) ?? '')) yield { ...row, pid_with_namespace: pid };
  },
};

export function parseHosts(text: string): Row[] {
  return text.split('\n').flatMap((line) => {
    const [address, ...names] = wordsOf(line);
    if (address === undefined || address.startsWith('#')) return [];
    const comment = names.findIndex((name) => name.startsWith('#'));
    return [{ address, hostnames: names.slice(0, comment < 0 ? names.length : comment).join(' ') }];
  });
}
