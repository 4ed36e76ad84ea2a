/** Whether an isolation holds, tried from here: a packet out must fail, and those who respond must be able to come back. */
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { AF_INET, AF_INET6, ARPHRD_ETHER, ARPHRD_INFINIBAND, ARPHRD_LOOPBACK } from '../host/kernel.ts';
import { readIpsecPolicies, readLinks } from '../host/netlink.ts';
import { parseInet, type SocketEntry } from '../host/sockets.ts';
import type { IpsecPolicy } from '../host/xfrm.ts';
import { errnoOf } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import { isWrapped } from './ipsec.ts';
import { holds, parseNetwork, type Network } from './networks.ts';
import { peerText, type Peer } from './peers.ts';

/** Addresses for documentation (RFC 5737, RFC 3849): nobody has them, but a host with a default route would send. */
const NOBODY = ['192.0.2.1', '2001:db8::1'];
/** The discard service (RFC 863). */
const DISCARD = 9;

/** Where a datagram went out to although nothing may; empty when none did. The peers are tried as well: only TCP of theirs gets through. */
export async function leaks(peers: readonly Peer[]): Promise<string[]> {
  const targets = [...new Set([...NOBODY, ...peers.map(({ network }) => network.address)])];
  const sent = await Promise.all(targets.map(sends));
  return targets.filter((_, index) => sent[index]);
}

/** A packet filter that drops what a socket sends lets sendto(2) fail with EPERM; without a route it fails as well. */
function sends(address: string): Promise<boolean> {
  return withSocket(address, (socket, settle) => socket.send('x', DISCARD, address, (error) => settle(error === null)));
}

/** Why this peer could not come back; undefined where nothing speaks against it. */
export async function obstacleFor(peer: Peer): Promise<string | undefined> {
  const { network, port } = peer;
  if (isHere(network)) return `${network.address} is this host itself: whoever comes from there does so through a proxy or a tunnel here (sslh, cloudflared, a reverse tunnel), whose own packets are cut`;
  if (!listensOn(port, network.family)) return `nothing listens for ${peerText(peer)}`;
  const ways = await waysTo(network);
  if (ways.length === 0) return `there is no route to ${network.address}`;
  const policies = ipsecPolicies();
  const wrappings = ways.map(({ link, local }) => (isTunnel(link) ? `the tunnel ${printable(link)}` : isWrapped(peer, local, policies) ? 'IPsec (ip xfrm policy)' : undefined));
  const [first] = wrappings;
  return first === undefined || wrappings.includes(undefined) ? undefined : `the way to ${network.address} leads through ${first}, whose own packets are cut`;
}

/** The loopback, and addresses that this host has. */
function isHere(network: Network): boolean {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []).map(({ address }) => parseNetwork(address));
  return [...LOOPBACK, ...own].some((each) => each !== undefined && holds(each, network));
}

const LOOPBACK = [parseNetwork('127.0.0.0/8'), parseNetwork('::1')].filter((each) => each !== undefined);

const LINK_LOCAL = parseNetwork('fe80::/10');

/** A way that a packet may go. */
interface Way {
  /** Name of the interface; empty where it cannot be told. */
  link: string;
  /** Our address there. */
  local: Network;
}

/** None without a route. An address of a link may be on each interface, for a peer has no zone. */
async function waysTo({ address }: Network): Promise<Way[]> {
  const interfaces = Object.entries(networkInterfaces());
  const linkOf = (local: string): string => interfaces.find(([, addresses]) => addresses?.some((each) => each.address === local))?.[0] ?? '';
  const zones = LINK_LOCAL !== undefined && holds(LINK_LOCAL, { family: 6, address, prefix: 128 }) ? interfaces.map(([name]) => name) : [undefined];
  const ways = await Promise.all(zones.map(async (zone) => {
    const text = await localAddressTo(zone === undefined ? address : `${address}%${zone}`);
    const local = text === undefined ? undefined : parseNetwork(text);
    return text === undefined || local === undefined ? [] : [{ link: zone ?? linkOf(text), local }];
  }));
  return ways.flat();
}

/** None where it cannot be told. */
function ipsecPolicies(): IpsecPolicy[] {
  try {
    return readIpsecPolicies();
  } catch {
    return [];
  }
}

/** Whether the connection of an ssh session (`SSH_CONNECTION`) is still there. */
export function isConnected(sshConnection: string): boolean {
  const [client = '', clientPort, server = '', serverPort] = sshConnection.trim().split(/\s+/);
  const [from, to] = [parseNetwork(client), parseNetwork(server)];
  if (from === undefined || to === undefined) return false;
  return tcpSockets().some((socket) => socket.state === 'ESTABLISHED' && isAt(socket.remote_address, from) && isAt(socket.local_address, to) && socket.remote_port === Number(clientPort) && socket.local_port === Number(serverPort));
}

function listensOn(port: number, family: 4 | 6): boolean {
  return tcpSockets().some((socket) => {
    if (socket.state !== 'LISTEN' || socket.local_port !== port) return false;
    const local = parseNetwork(socket.local_address);
    // The IPv6 wildcard takes IPv4 as well, unless the program says otherwise (ipv6(7)), which is not to be seen from here.
    return local !== undefined && !LOOPBACK.some((each) => holds(each, local)) && (local.family === family || socket.local_address === '::');
  });
}

function tcpSockets(): SocketEntry[] {
  return ([['tcp', AF_INET], ['tcp6', AF_INET6]] as const).flatMap(([file, family]) => {
    try {
      return [...parseInet(readFileSync(`/proc/self/net/${file}`, 'utf8'), family, 6)];
    } catch {
      // A host without IPv6 has no tcp6.
      return [];
    }
  });
}

function isAt(address: string, network: Network): boolean {
  const found = parseNetwork(address);
  return found !== undefined && holds(network, found);
}

/** Undefined without a route. connect(2) of a datagram socket sends nothing. */
function localAddressTo(address: string): Promise<string | undefined> {
  return withSocket<string | undefined>(address, (socket, settle) => socket.connect(DISCARD, address, (error?: Error) => settle(error === undefined || error === null ? socket.address().address : undefined)), undefined);
}

/** Ethernet, InfiniBand and loopback carry packets as they are; WireGuard, IP-in-IP, GRE and others wrap them into packets of this host's own. */
const PLAIN_LINKS: readonly (string | undefined)[] = [String(ARPHRD_ETHER), String(ARPHRD_INFINIBAND), String(ARPHRD_LOOPBACK), undefined];
/** Links of Ethernet that wrap as well, as ip-link(8) names them; `tun` is also the kind of a tap. */
const WRAPPING = ['vxlan', 'geneve', 'gretap', 'ip6gretap', 'erspan', 'ip6erspan', 'macsec', 'tun', 'batadv'];

function isTunnel(name: string): boolean {
  return !PLAIN_LINKS.includes(linkType(name)) || WRAPPING.includes(linkKind(name));
}

/** Empty where it cannot be told. */
function linkKind(name: string): string {
  try {
    return readLinks().find((link) => link.name === name)?.kind ?? '';
  } catch {
    return '';
  }
}

function linkType(name: string): string | undefined {
  try {
    return readFileSync(`/sys/class/net/${name}/type`, 'utf8').trim();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

async function withSocket<Result = boolean>(address: string, use: (socket: ReturnType<typeof createSocket>, settle: (result: Result) => void) => void, otherwise: Result = false as Result): Promise<Result> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  try {
    return await new Promise<Result>((resolve) => {
      socket.on('error', () => resolve(otherwise));
      use(socket, resolve);
    });
  } finally {
    socket.close();
  }
}
