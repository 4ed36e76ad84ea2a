/** The nftables table that isolates a host, as text to load and as the listing to check. Pure. */
import { isIP, isIPv4 } from 'node:net';
import { TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';

/** Family `inet` covers IPv4 and IPv6 at once. */
export const TABLE = 'tickward';

/** Before connection tracking and before the chains of firewalls and container engines, whose `filter` priority is 0 (nft(8)). */
const PRIORITY = -300;

const CHAINS = { isolate_input: 'input', isolate_output: 'output', isolate_forward: 'forward' } as const;

export interface Peer {
  address: string;
  /** Of the service on this host. */
  port: number;
}

const SSH_PORT = 22;

/** `ADDRESS`, `ADDRESS:PORT` or `[ADDRESS]:PORT`; an address without a port may use ssh. */
export function parsePeer(text: string): Peer {
  const bracketed = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text);
  const plain = /^([\d.]+):(\d{1,5})$/.exec(text);
  const address = withoutZone(bracketed?.[1] ?? plain?.[1] ?? text);
  const port = Number(bracketed?.[2] ?? plain?.[2] ?? SSH_PORT);
  if (isIP(address) === 0 || port < 1 || port > 65_535) throw new TickwardError('BAD_INPUT', `${printable(text)} is no management peer`, { hint: 'write 192.0.2.1, 192.0.2.1:22 or [2001:db8::1]:22' });
  return { address, port };
}

/** `CLIENT CLIENT-PORT SERVER SERVER-PORT` (ssh(1)); undefined where it is something else. */
export function peerOfSsh(connection: string | undefined): Peer | undefined {
  const [client, , , port] = connection?.trim().split(/\s+/) ?? [];
  const address = withoutZone(client ?? '');
  return isIP(address) === 0 || !/^\d{1,5}$/.test(port ?? '') ? undefined : { address, port: Number(port) };
}

function withoutZone(address: string): string {
  return address.replace(/%.*$/, '');
}

export function peerText(peer: Peer): string {
  return `${peer.address} (to port ${peer.port} here)`;
}

/**
 * Stateless on purpose: `ct state established accept` would let a connection of the attacker go on. The set `armed` is the dead man's switch: its elements time out in the kernel,
 * and with them the drop rules stop to match. 0 seconds: no time-out.
 */
export function rulesetOf(peers: readonly Peer[], seconds: number, run: string): string {
  const timeout = seconds === 0 ? '' : ` timeout ${seconds}s`;
  return `add table inet ${TABLE}
delete table inet ${TABLE}
table inet ${TABLE} {
  set armed {
    typeof meta nfproto
    flags timeout
    elements = { ipv4${timeout}, ipv6${timeout} }
  }
  set management4 {
    type ipv4_addr . inet_service
    ${elementsOf(peers.filter((peer) => isIPv4(peer.address)))}
  }
  set management6 {
    type ipv6_addr . inet_service
    ${elementsOf(peers.filter((peer) => !isIPv4(peer.address)))}
  }
${chain('isolate_input', ['iifname "lo" accept', 'ip saddr . tcp dport @management4 accept', 'ip6 saddr . tcp dport @management6 accept', 'udp sport 67 udp dport 68 accept', 'udp sport 547 udp dport 546 accept', NEIGHBOURS], run)}
${chain('isolate_output', ['oifname "lo" accept', 'ip daddr . tcp sport @management4 accept', 'ip6 daddr . tcp sport @management6 accept', 'udp sport 68 udp dport 67 accept', 'udp sport 546 udp dport 547 accept', NEIGHBOURS], run)}
${chain('isolate_forward', [], run)}
}
`;
}

/** Without neighbour discovery no IPv6 peer can be reached; hop limit 255 proves that it comes from the link (RFC 4861). */
const NEIGHBOURS = 'icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 accept';

function chain(name: keyof typeof CHAINS, rules: readonly string[], run: string): string {
  const lines = [`type filter hook ${CHAINS[name]} priority ${PRIORITY}; policy accept;`, ...rules, `meta nfproto @armed counter drop comment "${commentOf(run)}"`];
  return `  chain ${name} {\n${lines.map((line) => `    ${line}`).join('\n')}\n  }`;
}

function elementsOf(peers: readonly Peer[]): string {
  const unique = [...new Set(peers.map((peer) => `${peer.address} . ${peer.port}`))];
  return unique.length === 0 ? '' : `elements = { ${unique.join(', ')} }`;
}

/** Stands at the drop rules: nft 1.0 does not list the comment of a table as JSON. Run ids are made by us, of hexadecimal digits and dashes; nothing else gets into the ruleset. */
export function commentOf(run: string): string {
  return `isolated by tickward, run ${run.replace(/[^0-9A-Za-z-]/g, '')}`;
}

export interface Isolation {
  comment: string;
  /** What is missing for it to be in force; empty when it is. */
  missing: string[];
  /** Packets dropped so far. */
  dropped: number;
  /** Seconds until it ends by itself; undefined when it does not. */
  expires?: number;
}

/** What `nft -j list table inet tickward` says. */
export function readListing(json: string): Isolation {
  const objects = listed(json);
  const missing: string[] = [];
  const armed = objects.map((each) => record(each['set'])).find((set) => set?.['name'] === 'armed');
  const elements = Array.isArray(armed?.['elem']) ? armed['elem'].map((each: unknown) => record(record(each)?.['elem']) ?? { val: each }) : [];
  for (const family of ['ipv4', 'ipv6']) if (!elements.some((each) => each['val'] === family)) missing.push(`${family} is no longer cut: the time ran out`);
  const rules = objects.map((each) => record(each['rule'])).filter((rule) => rule !== undefined);
  for (const [name, hook] of Object.entries(CHAINS)) {
    const found = objects.map((each) => record(each['chain'])).find((each) => each?.['name'] === name);
    if (found?.['hook'] !== hook || found['prio'] !== PRIORITY) missing.push(`chain ${name} is not at its hook`);
    else if (!rules.some((rule) => rule['chain'] === name && isDrop(rule))) missing.push(`chain ${name} drops nothing`);
  }
  const expiries = elements.map((each) => each['expires']).filter((each) => typeof each === 'number');
  return { comment: String(rules.find(isDrop)?.['comment'] ?? ''), missing, dropped: droppedBy(rules), ...(expiries.length === 0 ? {} : { expires: Math.min(...expiries) }) };
}

function isDrop(rule: Fields): boolean {
  return expressions(rule).some((each) => 'drop' in each) && expressions(rule).some((each) => record(each['match'])?.['right'] === '@armed');
}

function droppedBy(rules: readonly Fields[]): number {
  return rules.filter(isDrop).flatMap((rule) => expressions(rule)).reduce((sum, each) => sum + Number(record(each['counter'])?.['packets'] ?? 0), 0);
}

type Fields = { readonly [key: string]: unknown };

function expressions(rule: Fields): Fields[] {
  return Array.isArray(rule['expr']) ? rule['expr'].map(record).filter((each) => each !== undefined) : [];
}

function listed(json: string): Fields[] {
  try {
    const objects = record(JSON.parse(json))?.['nftables'];
    return Array.isArray(objects) ? objects.map(record).filter((each) => each !== undefined) : [];
  } catch (error) {
    throw new TickwardError('FAILED', 'nft listed its table in a form that is not understood', { hint: `see it: nft list table inet ${TABLE}`, cause: error });
  }
}

function record(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}
