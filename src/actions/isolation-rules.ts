/** The nftables tables that isolate a host, as text for `nft -f`. Pure. */
import { LOOPBACK_IFINDEX, NFT_NETDEVICE_MAX } from '../host/kernel.ts';
import { commentOf, type Isolation } from './isolation.ts';
import { networkText, type Network } from './networks.ts';

/** The same name in two families: `inet` cuts IPv4 and IPv6 of every program; `netdev` what is sent past them on an interface (AF_PACKET). */
export const TABLE = 'tickward';

/** Before connection tracking and before the chains of firewalls and container engines, whose `filter` priority is 0 (nft(8)). */
export const PRIORITY = -300;

export const CHAINS = { isolate_input: 'input', isolate_output: 'output', isolate_forward: 'forward' } as const;

/** Without neighbour discovery no IPv6 peer can be reached; hop limit 255 proves that it comes from the link (RFC 4861). */
const NEIGHBOURS = 'icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 accept';
/** Switches that listen to it would otherwise stop to pass on neighbour discovery after some minutes (RFC 4541). */
const GROUPS_ASKED = 'icmpv6 type mld-listener-query ip6 hoplimit 1 accept';
const GROUPS_TOLD = 'icmpv6 type { mld-listener-report, mld2-listener-report } ip6 hoplimit 1 accept';
/** A peer behind a tunnel would otherwise get no full packet. */
const TOO_BIG = ['icmp type destination-unreachable icmp code frag-needed accept', 'icmpv6 type packet-too-big accept'];

const INBOUND = ['ip saddr . tcp dport @management4 accept', 'ip6 saddr . tcp dport @management6 accept', ...resolvers('saddr', 'sport')];
const OUTBOUND = ['ip daddr . tcp sport @management4 accept', 'ip6 daddr . tcp sport @management6 accept', ...resolvers('daddr', 'dport')];
/** The port that a peer sees may be another one than the service has: where a rule of this host redirects it, answers have that port by the time they leave the interface. */
const ANSWERS = ['ip daddr @peers4 meta l4proto tcp accept', 'ip6 daddr @peers6 meta l4proto tcp accept', ...resolvers('daddr', 'dport')];
const LEASES_IN = ['udp sport 67 udp dport 68 accept', 'udp sport 547 udp dport 546 accept'];
const LEASES_OUT = ['udp sport 68 udp dport 67 accept', 'udp sport 546 udp dport 547 accept'];

/** What stands before the drop in each chain. `dhcp` is the only thing that changes their number. */
export function allowedIn(name: keyof typeof CHAINS | 'egress', dhcp: boolean): string[] {
  switch (name) {
    case 'isolate_input':
      return [`iif ${LOOPBACK_IFINDEX} accept`, ...INBOUND, ...(dhcp ? LEASES_IN : []), NEIGHBOURS, GROUPS_ASKED, ...TOO_BIG];
    case 'isolate_output':
      return [`oif ${LOOPBACK_IFINDEX} accept`, ...OUTBOUND, ...(dhcp ? LEASES_OUT : []), NEIGHBOURS, GROUPS_TOLD];
    case 'isolate_forward':
      return [];
    case 'egress':
      return ['ether type arp accept', ...ANSWERS, ...(dhcp ? LEASES_OUT : []), NEIGHBOURS, GROUPS_TOLD];
  }
}

/**
 * One transaction. Stateless on purpose: `ct state established accept` would let a connection of the attacker go on. The sets `armed` are the dead man's switch: their elements
 * time out in the kernel, and with them the drop rules stop to match. `interfaces`: where raw packets are cut; none where the kernel cannot do that.
 */
export function rulesetOf(wanted: Isolation, run: string, interfaces: readonly string[]): string {
  const drop = `counter drop comment "${commentOf(run, interfaces.length > 0)}"`;
  const inet = Object.entries(CHAINS).map(([name, hook]) => chain(name, `hook ${hook}`, [...allowedIn(name as keyof typeof CHAINS, wanted.dhcp), `meta nfproto @armed ${drop}`]));
  const netdev = groupsOf(interfaces).map((names, index) => chain(`egress${index}`, `hook egress devices = { ${names.map(quoted).join(', ')} }`, [...allowedIn('egress', wanted.dhcp), `oifname @armed ${drop}`]));
  return [
    ...table('inet', [armed('typeof meta nfproto', ['ipv4', 'ipv6'], wanted.seconds), ...setsOf(wanted, 'management'), ...inet]),
    ...(interfaces.length === 0 ? gone('netdev') : table('netdev', [armed('type ifname', interfaces.map(quoted), wanted.seconds), ...setsOf(wanted, 'peers'), ...netdev])),
  ].join('\n');
}

/** Sets the clock of the dead man's switch anew, or takes it out (0). */
export function expiryOf(families: readonly ('inet' | 'netdev')[], seconds: number, interfaces: readonly string[]): string {
  const elements = { inet: ['ipv4', 'ipv6'], netdev: interfaces.map(quoted) };
  return families.map((family) => `flush set ${family} ${TABLE} armed\nadd element ${family} ${TABLE} armed { ${timed(elements[family], seconds)} }\n`).join('');
}

/** Deletes tables whether they are there or not. */
export function gone(...families: readonly ('inet' | 'netdev')[]): string[] {
  return families.map((family) => `add table ${family} ${TABLE}\ndelete table ${family} ${TABLE}`);
}

/** Names that nft takes in quotes: it knows no escapes. The kernel allows others. */
export function isQuotable(name: string): boolean {
  return /^[A-Za-z0-9_.@+-]{1,15}$/.test(name);
}

function table(family: 'inet' | 'netdev', parts: readonly string[]): string[] {
  return [...gone(family), `table ${family} ${TABLE} {`, ...parts, '}', ''];
}

function armed(type: string, elements: readonly string[], seconds: number): string {
  return `  set armed {\n    ${type}\n    flags timeout\n    elements = { ${timed(elements, seconds)} }\n  }`;
}

function timed(elements: readonly string[], seconds: number): string {
  return elements.map((element) => (seconds === 0 ? element : `${element} timeout ${seconds}s`)).join(', ');
}

/** Of the peers with the port of their service, or the addresses alone. */
function setsOf({ peers, dns }: Isolation, who: 'management' | 'peers'): string[] {
  return ([4, 6] as const).flatMap((family) => {
    const ours = peers.filter(({ network }) => network.family === family);
    return [
      who === 'management'
        ? set(`management${family}`, `ipv${family}_addr . inet_service`, 'interval', ours.map(({ network, port }) => `${networkText(network)} . ${port}`))
        : // One may stand for several services, and in a network that stands for another.
          set(`peers${family}`, `ipv${family}_addr`, 'interval; auto-merge', ours.map(({ network }) => networkText(network))),
      set(`resolvers${family}`, `ipv${family}_addr`, 'interval', dns.filter((each: Network) => each.family === family).map(networkText)),
    ];
  });
}

function set(name: string, type: string, flags: string, elements: readonly string[]): string {
  return `  set ${name} {\n    type ${type}\n    flags ${flags}\n${elements.length === 0 ? '' : `    elements = { ${elements.join(', ')} }\n`}  }`;
}

function resolvers(address: 'saddr' | 'daddr', port: 'sport' | 'dport'): string[] {
  return [['ip', '4'], ['ip6', '6']].flatMap(([protocol, family]) => ['udp', 'tcp'].map((transport) => `${protocol} ${address} @resolvers${family} ${transport} ${port} 53 accept`));
}

function chain(name: string, hook: string, rules: readonly string[]): string {
  return `  chain ${name} {\n${[`type filter ${hook} priority ${PRIORITY}; policy accept;`, ...rules].map((line) => `    ${line}`).join('\n')}\n  }`;
}

function groupsOf(names: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(names.length / NFT_NETDEVICE_MAX) }, (_, index) => names.slice(index * NFT_NETDEVICE_MAX, (index + 1) * NFT_NETDEVICE_MAX));
}

function quoted(name: string): string {
  return `"${name}"`;
}
