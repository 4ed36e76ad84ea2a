/** The sockets of a network namespace as /proc/PID/net shows them (proc(5), Documentation/networking/proc_net_tcp.rst). The parsers are pure. */
import { formatAddress } from './addresses.ts';
import { AF_INET, AF_INET6, AF_PACKET, AF_UNIX, IPPROTO_ICMP, IPPROTO_RAW, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDPLITE } from './kernel.ts';

export interface SocketEntry {
  /** As in the link `socket:[INODE]` of a descriptor. */
  inode: string;
  family: number;
  /** Of IP (6 TCP, 17 UDP …); for packet sockets the Ethernet protocol. */
  protocol: number;
  local_address: string;
  local_port: number;
  remote_address: string;
  remote_port: number;
  /** Of a unix socket; an abstract name begins with `@`. */
  path: string;
  /** Of TCP; `NONE` for packet sockets, else empty. */
  state: string;
}

/** The files in /proc/PID/net, what they hold and how they are read. */
export const SOCKET_FILES: readonly { file: string; parse(text: string): Iterable<SocketEntry> }[] = [
  ...([['icmp', IPPROTO_ICMP], ['tcp', IPPROTO_TCP], ['udp', IPPROTO_UDP], ['udplite', IPPROTO_UDPLITE], ['raw', IPPROTO_RAW]] as const).flatMap(([name, protocol]) => [
    { file: name, parse: (text: string) => parseInet(text, AF_INET, protocol) },
    { file: `${name}6`, parse: (text: string) => parseInet(text, AF_INET6, protocol) },
  ]),
  { file: 'unix', parse: parseUnix },
  { file: 'packet', parse: parsePacket },
];

/** From 1 (include/net/tcp_states.h), in osquery's words. */
const TCP_STATES = ['UNKNOWN', 'ESTABLISHED', 'SYN_SENT', 'SYN_RECV', 'FIN_WAIT1', 'FIN_WAIT2', 'TIME_WAIT', 'CLOSED', 'CLOSE_WAIT', 'LAST_ACK', 'LISTEN', 'CLOSING'];

const NOWHERE = { local_address: '', local_port: 0, remote_address: '', remote_port: 0, path: '', state: '' };

export function* parseInet(text: string, family: number, protocol: number): Iterable<SocketEntry> {
  for (const line of text.split('\n').slice(1)) {
    const [, local, remote, state, , , , , , inode] = line.trim().split(/\s+/);
    if (local === undefined || remote === undefined || inode === undefined) continue;
    const [from, to] = [endpointOf(local), endpointOf(remote)];
    yield {
      inode, family, protocol, path: '',
      local_address: from.address, local_port: from.port, remote_address: to.address, remote_port: to.port,
      state: protocol === IPPROTO_TCP ? (TCP_STATES[Number.parseInt(state ?? '', 16)] ?? 'UNKNOWN') : '',
    };
  }
}

/** `0100007F:1F90`: the address as 32-bit words of a little-endian machine (all that we run on), the port in plain hexadecimal. */
function endpointOf(text: string): { address: string; port: number } {
  const [address = '', port = ''] = text.split(':');
  const bytes = Buffer.from(address, 'hex');
  return { address: bytes.length === 4 || bytes.length === 16 ? formatAddress(bytes.swap32()) : '', port: Number.parseInt(port, 16) };
}

/** A line of a unix socket. Its path may hold anything, line breaks included: what does not look like a line belongs to the path before it. */
const UNIX_LINE = /^[0-9a-f]+: [0-9A-F]{8} ([0-9A-F]{8}) [0-9A-F]{8} [0-9A-F]{4} [0-9A-F]{2} +(\d+)(?: (.*))?$/;

export function* parseUnix(text: string): Iterable<SocketEntry> {
  let last: SocketEntry | undefined;
  for (const line of text.replace(/\n$/, '').split('\n').slice(1)) {
    const [whole, protocol = '', inode = '', path = ''] = UNIX_LINE.exec(line) ?? [];
    if (whole === undefined) {
      if (last !== undefined) last.path += `\n${line}`;
      continue;
    }
    if (last !== undefined) yield last;
    last = { ...NOWHERE, inode, family: AF_UNIX, protocol: Number.parseInt(protocol, 16), path };
  }
  if (last !== undefined) yield last;
}

export function* parsePacket(text: string): Iterable<SocketEntry> {
  for (const line of text.split('\n').slice(1)) {
    const [, , , protocol, , , , , inode] = line.trim().split(/\s+/);
    if (protocol !== undefined && inode !== undefined) yield { ...NOWHERE, inode, family: AF_PACKET, protocol: Number.parseInt(protocol, 16), state: 'NONE' };
  }
}
