/** The sockets of those processes, asked of the engine. */
import { messageOf } from '../../model/errors.ts';
import type { Sign } from '../result.ts';
import type { Check } from './check.ts';

const COLUMNS = ['pid', 'name', 'role', 'protocol', 'local', 'remote', 'state'] as const;
/** IANA protocol numbers. */
const PROTOCOLS: Record<string, string> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 136: 'udplite', 255: 'raw' };
const MOST_PIDS = 100;

export const connections: Check = {
  id: 'connections',
  title: { en: 'Connections of these processes', 'zh-CN': '这些进程的网络连接' },
  async look({ processes, ask }) {
    // The first process of the host is everyone's ancestor.
    const alive = processes.filter(({ alive: isAlive, pid }) => isAlive && pid > 1);
    if (alive.length === 0) return { columns: COLUMNS, rows: [], skipped: 'none of the processes is there any more' };
    const sql = `SELECT pid, family, protocol, local_address, local_port, remote_address, remote_port, state FROM process_open_sockets WHERE pid IN (${alive.slice(0, MOST_PIDS).map(({ pid }) => pid).join(', ')}) AND family IN (2, 10)`;
    const result = await ask(sql).catch((error: unknown) => messageOf(error));
    if (typeof result === 'string') return { columns: COLUMNS, rows: [], sql, warnings: [`the sockets are not known: ${result}`] };
    const byPid = new Map(alive.map((node) => [String(node.pid), node]));
    const rows = result.rows.map((row) => ({ pid: row['pid'] ?? '', name: byPid.get(row['pid'] ?? '')?.name ?? '', role: byPid.get(row['pid'] ?? '')?.role ?? '', protocol: PROTOCOLS[row['protocol'] ?? ''] ?? row['protocol'] ?? '', local: endpoint(row['local_address'], row['local_port']), remote: isNowhere(row['remote_address'], row['remote_port']) ? '' : endpoint(row['remote_address'], row['remote_port']), state: row['state'] ?? '' }));
    const told = new Map<number, string[]>();
    for (const row of rows) told.set(Number(row.pid), [...(told.get(Number(row.pid)) ?? []), `${row.protocol} ${row.remote === '' ? `${row.local}` : row.remote} ${row.state}`.trim()]);
    const outside = rows.filter(({ role, remote }) => (role === 'unit' || role === 'chain' || role === 'descendant') && remote !== '' && !isLocal(remote));
    const signs: Sign[] = outside.length === 0 ? [] : [{ id: 'talks-to-the-network', weight: 'weak', text: `${outside.length} connection${outside.length === 1 ? '' : 's'} of the unit or the maker lead${outside.length === 1 ? 's' : ''} elsewhere` }];
    return { columns: COLUMNS, rows, sql, warnings: [...result.warnings, ...(alive.length > MOST_PIDS ? [`only the sockets of the first ${MOST_PIDS} of ${alive.length} processes are asked for`] : [])], signs, connections: told, indicators: { addresses: outside.map(({ remote }) => remote.slice(0, remote.lastIndexOf(':'))) } };
  },
};

function endpoint(address = '', port = ''): string {
  return `${address}:${port}`;
}

function isNowhere(address = '', port = ''): boolean {
  return port === '0' || address === '' || address === '0.0.0.0' || address === '::';
}

function isLocal(remote: string): boolean {
  return /^(?:127\.|::1:|::ffff:127\.)/.test(remote);
}
