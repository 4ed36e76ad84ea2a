/** osquery's `process_open_sockets`: /proc/PID/net of one process in each network namespace, and whose descriptor each socket is by /proc/PID/fd. */
import { contentOf, descriptorsOf, networkNamespaceOf } from '../../host/proc.ts';
import { SOCKET_FILES, type SocketEntry } from '../../host/sockets.ts';
import { equals, type QueryContext, type Table } from '../../model/table.ts';
import { legible } from '../../model/text.ts';
import { askedProcesses, attempt } from './pids.ts';

/** The process of a socket that no process has open any more, or none that we may look at. */
const NOBODY = { pid: -1, fd: -1 };

export const process_open_sockets: Table = {
  name: 'process_open_sockets',
  description: 'Processes which have open network sockets on the system.',
  columns: [
    { name: 'pid', type: 'INTEGER', additional: true },
    { name: 'fd', type: 'BIGINT' },
    { name: 'socket', type: 'BIGINT' },
    { name: 'family', type: 'INTEGER' },
    { name: 'protocol', type: 'INTEGER' },
    { name: 'local_address', type: 'TEXT' },
    { name: 'remote_address', type: 'TEXT' },
    { name: 'local_port', type: 'INTEGER' },
    { name: 'remote_port', type: 'INTEGER' },
    { name: 'path', type: 'TEXT' },
    { name: 'state', type: 'TEXT' },
    { name: 'net_namespace', type: 'TEXT' },
  ],
  *generate(context) {
    for (const { inode, holder, namespace, ...socket } of openSockets(context)) yield { ...holder, socket: inode, ...socket, path: legible(socket.path), net_namespace: namespace };
  },
};

export interface OpenSocket extends SocketEntry {
  holder: { pid: number; fd: number };
  /** Number of its network namespace. */
  namespace: string;
}

/** Of a socket that several processes hold one is named, as osquery does: the last in the order of the pids as text. With a pid in the query only what that one holds. */
export function* openSockets(context: QueryContext): Iterable<OpenSocket> {
  const asked = equals(context, 'pid');
  const filtered = asked.length > 0 && !asked.includes('-1');
  const pids = (filtered ? askedProcesses(context) : askedProcesses({ ...context, constraints: () => [] })).map(String).sort().map(Number);
  const holders = context.uses('pid') || context.uses('fd') || filtered ? holdersOf(pids, context) : new Map<string, OpenSocket['holder']>();
  // A join asks once for each process, and most have none.
  if (filtered && holders.size === 0) return;
  for (const [namespace, pid] of namespacesOf(pids, context)) {
    for (const socket of socketsOf(pid, context)) {
      const holder = holders.get(socket.inode);
      if (holder !== undefined || !filtered) yield { ...socket, holder: holder ?? NOBODY, namespace };
    }
  }
}

/** Each network namespace with a process that is in it. Those that may not be looked up are taken for one of the others. */
function namespacesOf(pids: readonly number[], context: QueryContext): Map<string, number> {
  const found = new Map<string, number>();
  for (const pid of pids) {
    context.checkpoint();
    const namespace = attempt(context, 'network namespaces', () => networkNamespaceOf(pid));
    if (namespace !== undefined && !found.has(namespace)) found.set(namespace, pid);
  }
  return found;
}

function holdersOf(pids: readonly number[], context: QueryContext): Map<string, OpenSocket['holder']> {
  const holders = new Map<string, OpenSocket['holder']>();
  for (const pid of pids) {
    context.checkpoint();
    for (const { fd, target } of attempt(context, 'sockets', () => descriptorsOf(pid)) ?? []) if (target.startsWith('socket:[')) holders.set(target.slice('socket:['.length, -1), { pid, fd });
  }
  return holders;
}

/** Of the network namespace that a process is in. A protocol that the kernel does not know has no file. */
function* socketsOf(pid: number, context: QueryContext): Iterable<SocketEntry> {
  for (const { file, parse } of SOCKET_FILES) {
    context.checkpoint();
    const text = attempt(context, `/proc/PID/net/${file}`, () => contentOf(pid, `net/${file}`));
    if (text !== undefined) yield* parse(text);
  }
}
