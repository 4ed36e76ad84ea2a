/** The tables of an isolation as `nft -j list table` gives them, and what is missing in them. Pure. */
import { TickwardError } from '../model/errors.ts';
import { isObject } from '../model/object.ts';
import { printable } from '../model/text.ts';
import { readComment, type InForce } from './isolation.ts';
import { allowedIn, CHAINS, PRIORITY, TABLE } from './isolation-rules.ts';
import { parseNetwork, type Network } from './networks.ts';
import type { Peer } from './peers.ts';

type Fields = { readonly [key: string]: unknown };

/** `interfaces`: those that there are now. A table of family netdev that is not there is no fault where it never was. */
export function readIsolation(inet: string, netdev: string | undefined, interfaces: readonly string[]): InForce {
  const host = readTable(inet);
  const raw = netdev === undefined ? undefined : readTable(netdev);
  const { run, cutsRaw } = readComment(String(host.rules.find(isDrop)?.['comment'] ?? ''));
  const missing = [...['ipv4', 'ipv6'].filter((family) => !host.armed.has(family)).map((family) => `${family} is no longer cut: the time ran out`), ...missingChains(host), ...(raw !== undefined ? missingEgress(raw) : cutsRaw ? [`raw packets are not cut any more: the table netdev ${TABLE} is gone`] : [])];
  const later = raw === undefined ? [] : interfaces.filter((name) => !raw.armed.has(name));
  const clocks = [host, raw].flatMap((table) => [...(table?.armed.values() ?? [])]);
  const expiries = clocks.flatMap(({ expires }) => expires ?? []);
  const spans = clocks.flatMap(({ lasts }) => lasts ?? []);
  const drops = [host, raw].flatMap((table) => table?.rules.filter(isDrop) ?? []);
  return { run, peers: host.peers, dns: host.dns, dhcp: host.rules.filter(isIn('isolate_input')).findIndex(isDrop) === allowedIn('isolate_input', true).length, missing, gaps: later.length === 0 ? [] : [`raw packets (AF_PACKET) on ${later.map(printable).join(', ')} are not cut`], dropped: drops.reduce((sum, rule) => sum + packetsOf(rule), 0), ...(expiries.length === 0 ? {} : { expires: Math.min(...expiries) }), ...(spans.length === 0 ? {} : { lasts: Math.min(...spans) }) };
}

/** Names in the set of interfaces whose raw packets are cut. */
export function armedInterfaces(netdev: string): string[] {
  return [...readTable(netdev).armed.keys()];
}

/** Seconds until it is not armed any more, and those that it was given; without them: for ever. */
interface Clock {
  expires?: number;
  lasts?: number;
}

interface Listed {
  /** What is armed, and for how long. */
  armed: Map<string, Clock>;
  peers: Peer[];
  dns: Network[];
  chains: Fields[];
  rules: Fields[];
}

function readTable(json: string): Listed {
  const objects = listed(json);
  const of = (kind: string): Fields[] => objects.map((each) => fields(each[kind])).filter((each) => each !== undefined);
  const elements = (name: string): unknown[] => {
    const found = of('set').find((set) => set['name'] === name)?.['elem'];
    return Array.isArray(found) ? found : [];
  };
  const armed = elements('armed').map((each) => fields(fields(each)?.['elem']) ?? { val: each });
  return { armed: new Map(armed.map((each) => [String(each['val']), clockOf(each)])), peers: [4, 6].flatMap((family) => elements(`management${family}`).flatMap(peerOf)), dns: [4, 6].flatMap((family) => elements(`resolvers${family}`).flatMap((each) => networkOf(each) ?? [])), chains: of('chain'), rules: of('rule') };
}

/** `{concat: [ADDRESS, PORT]}`, where a network is `{prefix: {addr, len}}`. */
function peerOf(element: unknown): Peer[] {
  const parts = fields(element)?.['concat'];
  const [where, port] = Array.isArray(parts) ? (parts as unknown[]) : [];
  const network = networkOf(where);
  return network === undefined || typeof port !== 'number' ? [] : [{ network, port }];
}

function networkOf(element: unknown): Network | undefined {
  const prefix = fields(fields(element)?.['prefix']);
  return parseNetwork(prefix === undefined ? String(element) : `${String(prefix['addr'])}/${String(prefix['len'])}`);
}

function clockOf({ expires, timeout }: Fields): Clock {
  return { ...(typeof expires === 'number' ? { expires } : {}), ...(typeof timeout === 'number' ? { lasts: timeout } : {}) };
}

function missingChains({ chains, rules }: Listed): string[] {
  return Object.entries(CHAINS).flatMap(([name, hook]) => {
    const found = chains.find((each) => each['name'] === name);
    if (found?.['hook'] !== hook || found['prio'] !== PRIORITY) return [`chain ${name} is not at its hook`];
    return fault(name, rules.filter(isIn(name)), name as keyof typeof CHAINS);
  });
}

function missingEgress({ armed, chains, rules }: Listed): string[] {
  const egress = chains.filter((each) => each['hook'] === 'egress' && each['prio'] === PRIORITY);
  if (egress.length === 0) return ['raw packets are not cut: the egress chain is gone'];
  return [...(armed.size === 0 ? ['raw packets are no longer cut: the time ran out'] : []), ...egress.flatMap((each) => fault(String(each['name']), rules.filter(isIn(String(each['name']))), 'egress'))];
}

/** Somebody may have taken the drop out, or put something before it. */
function fault(name: string, rules: readonly Fields[], kind: Parameters<typeof allowedIn>[0]): string[] {
  const drop = rules.findIndex(isDrop);
  if (drop < 0) return [`chain ${name} drops nothing`];
  return [true, false].some((dhcp) => allowedIn(kind, dhcp).length === drop) ? [] : [`chain ${name} lets other things through than it should`];
}

function isIn(chain: string): (rule: Fields) => boolean {
  return (rule) => rule['chain'] === chain;
}

function isDrop(rule: Fields): boolean {
  return expressions(rule).some((each) => 'drop' in each) && expressions(rule).some((each) => fields(each['match'])?.['right'] === '@armed');
}

function packetsOf(rule: Fields): number {
  return expressions(rule).reduce((sum, each) => sum + Number(fields(each['counter'])?.['packets'] ?? 0), 0);
}

function expressions(rule: Fields): Fields[] {
  return Array.isArray(rule['expr']) ? rule['expr'].map(fields).filter((each) => each !== undefined) : [];
}

function listed(json: string): Fields[] {
  try {
    const objects = fields(JSON.parse(json))?.['nftables'];
    return Array.isArray(objects) ? objects.map(fields).filter((each) => each !== undefined) : [];
  } catch (error) {
    throw new TickwardError('FAILED', 'nft listed its table in a form that is not understood', { hint: `see it: nft list table inet ${TABLE}`, cause: error });
  }
}

function fields(value: unknown): Fields | undefined {
  return isObject(value) ? value : undefined;
}
