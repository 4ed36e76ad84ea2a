/** Who still gets through to an isolated host: addresses of those who respond, and the port of the service here that they use. Pure. */
import { TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import { holds, networkText, parseNetwork, type Network } from './networks.ts';

export interface Peer {
  network: Network;
  /** Of the service on this host. */
  port: number;
}

const SSH_PORT = 22;

/** `ADDRESS`, `ADDRESS:PORT`, `[ADDRESS]:PORT`, each also with `/PREFIX` at the address; without a port, that of ssh. */
export function parsePeer(text: string): Peer {
  const [, bracketed, dotted, port] = /^(?:\[([^\]]+)\]|([\d./]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const network = parseNetwork(bracketed ?? dotted ?? text);
  const number = Number(port ?? SSH_PORT);
  if (network === undefined || number < 1 || number > 65_535) throw new TickwardError('BAD_INPUT', `${printable(text)} is no management peer`, { hint: 'write 192.0.2.1, 192.0.2.0/24, 192.0.2.1:22 or [2001:db8::1]:22' });
  if (network.prefix === 0) throw new TickwardError('REFUSED', `${printable(text)} lets everybody through`, { hint: 'name the addresses of those who respond' });
  return { network, port: number };
}

/** `CLIENT CLIENT-PORT SERVER SERVER-PORT` (ssh(1)); undefined where it is something else. */
export function peerOfSsh(connection: string | undefined): Peer | undefined {
  const [client = '', , , port = ''] = connection?.trim().split(/\s+/) ?? [];
  const network = parseNetwork(client);
  return network === undefined || !/^\d{1,5}$/.test(port) ? undefined : { network, port: Number(port) };
}

export function peerText({ network, port }: Peer): string {
  return `${networkText(network)} (to port ${port} here)`;
}

/** Without those that another one holds already: the kernel takes no overlapping elements into a set. */
export function distinctPeers(peers: readonly Peer[]): Peer[] {
  const texts = peers.map(peerText);
  const unique = peers.filter((peer, index) => texts.indexOf(peerText(peer)) === index);
  return unique.filter((peer) => !unique.some((other) => other !== peer && other.port === peer.port && holds(other.network, peer.network)));
}
