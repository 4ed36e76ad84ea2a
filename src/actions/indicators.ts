/** What may be blocked: indicators come from reports and alerts, and so partly from the attacker, who would like the host to block its own. Pure. */
import { printable, shorten } from '../model/text.ts';
import { networkText, overlap, parseNetwork, type Network } from './networks.ts';

export interface Indicators {
  networks: Network[];
  domains: string[];
}

export interface Precious {
  /** Addresses of this host. */
  own: readonly string[];
  /** Those who respond. */
  peers: readonly Network[];
  /** Of this host, as it calls itself. */
  hostname: string;
}

/** Wider ones are a mistake: whole parts of the Internet. */
const LEAST_PREFIX = { 4: 8, 6: 16 } as const;

/** RFC 6890. Link-local IPv6 carries neighbour discovery. */
const SPECIAL: readonly [string, string][] = [
  ['0.0.0.0/8', 'this host'],
  ['127.0.0.0/8', 'the loopback'],
  ['224.0.0.0/4', 'multicast'],
  ['255.255.255.255', 'broadcast'],
  ['::', 'this host'],
  ['::1', 'the loopback'],
  ['fe80::/10', 'the link itself: without it no IPv6 works'],
  ['ff00::/8', 'multicast'],
];

const SHOWN = 80;

/** What can be blocked, each once, and why the rest cannot. */
export function sortOut(addresses: readonly string[], domains: readonly string[], precious: Precious): Indicators & { refused: string[] } {
  const networks: Network[] = [];
  const names: string[] = [];
  const refused: string[] = [];
  for (const text of addresses) {
    const network = parseNetwork(text.trim());
    const reason = network === undefined ? 'is no address and no network' : whyNotNetwork(network, precious);
    if (reason !== undefined || network === undefined) refused.push(`${shorten(text, SHOWN)} ${reason}`);
    else if (!networks.some((each) => networkText(each) === networkText(network))) networks.push(network);
  }
  for (const text of domains) {
    const name = text.trim().replace(/\.$/, '').toLowerCase();
    const reason = whyNotDomain(name, precious);
    if (reason !== undefined) refused.push(`${shorten(text, SHOWN)} ${reason}`);
    else if (!names.includes(name)) names.push(name);
  }
  // The kernel takes no overlapping networks into a set.
  return { networks: networks.filter((each) => !networks.some((other) => other !== each && other.prefix < each.prefix && overlap(other, each))), domains: names, refused };
}

function whyNotNetwork(network: Network, { own, peers }: Precious): string | undefined {
  if (network.prefix < LEAST_PREFIX[network.family]) return `is too wide: /${LEAST_PREFIX[network.family]} is the widest that is blocked`;
  const special = SPECIAL.find(([text]) => overlapsText(network, text));
  if (special !== undefined) return `is ${special[1]}`;
  const ours = own.find((address) => overlapsText(network, address));
  if (ours !== undefined) return `holds ${printable(ours)}, an address of this host`;
  const peer = peers.find((each) => overlap(each, network));
  return peer === undefined ? undefined : `would lock out the responder at ${networkText(peer)}`;
}

function overlapsText(network: Network, text: string): boolean {
  const other = parseNetwork(text);
  return other !== undefined && overlap(network, other);
}

/** Names as DNS has them (RFC 1035, with the underscore of RFC 8553): nothing else gets into the hosts file. */
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

function whyNotDomain(name: string, { hostname }: Precious): string | undefined {
  const labels = name.split('.');
  if (name.length > 253 || labels.length < 2 || !labels.every((label) => LABEL.test(label)) || /^\d+$/.test(labels.at(-1) ?? '')) return 'is no name of a host: it takes letters, digits and dashes, with a dot (other scripts as xn--…)';
  if (labels.at(-1) === 'localhost' || name === 'localhost.localdomain') return 'is this host';
  const ours = hostname.toLowerCase();
  return name === ours || name.startsWith(`${ours}.`) ? 'is the name of this host' : undefined;
}
