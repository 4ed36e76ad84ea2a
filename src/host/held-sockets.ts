/** Sockets of network namespaces with the processes that hold them. */
import { contentOf, descriptorsOf, networkNamespaceOf, processIds } from './proc.ts';
import { SOCKET_FILES, type SocketEntry } from './sockets.ts';

export interface HeldSocket extends SocketEntry {
  /** Name of the file in /proc/PID/net: `tcp6`. */
  file: string;
  pids: number[];
}

/** Of each namespace that one of these processes is in, once; `pid` is the one by which it was read. What is gone or not ours to read is left out. */
export function* socketsAround(pids: Iterable<number>): Generator<{ namespace: string; pid: number; sockets: HeldSocket[] }> {
  const holders = new Map<string, number[]>();
  for (const pid of processIds()) {
    for (const { target } of quietly(() => descriptorsOf(pid)) ?? []) {
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode !== undefined) holders.set(inode, [...(holders.get(inode) ?? []), pid]);
    }
  }
  const seen = new Set<string>();
  for (const pid of pids) {
    const namespace = quietly(() => networkNamespaceOf(pid));
    if (namespace === undefined || seen.has(namespace)) continue;
    seen.add(namespace);
    const sockets = SOCKET_FILES.flatMap(({ file, parse }) => [...parse(quietly(() => contentOf(pid, `net/${file}`)) ?? '')].map((socket) => ({ ...socket, file, pids: holders.get(socket.inode) ?? [] })));
    yield { namespace, pid, sockets };
  }
}

function quietly<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
