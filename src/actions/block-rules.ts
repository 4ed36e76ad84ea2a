/** The nftables table of one step that blocks addresses: its own, so that its undo touches no other. Pure. */
import { createHash } from 'node:crypto';
import { networkText, parseNetwork, type Network } from './networks.ts';

/** After an isolation, before all else (isolation-rules.ts). */
const PRIORITY = -290;
const PREFIX = 'tickward_block_';

/** Of a step of a run: names its table, its block in the hosts file and its timer. */
export function blockId(run: string, step: string): string {
  return createHash('sha256').update(`${run} ${step}`).digest('hex').slice(0, 12);
}

export function tableOf(id: string): string {
  return `${PREFIX}${id}`;
}

/** Undefined for tables that are not ours. */
export function idOfTable(name: string): string | undefined {
  return new RegExp(`^${PREFIX}([0-9a-f]{12})$`).exec(name)?.[1];
}

/** One transaction, in place of one that is there. The kernel takes the addresses out when their time is over; 0: never. */
export function blockRules(id: string, networks: readonly Network[], seconds: number): string {
  const table = tableOf(id);
  const drops = (address: 'saddr' | 'daddr'): string[] => [`ip ${address} @blocked4 counter drop`, `ip6 ${address} @blocked6 counter drop`];
  const chain = (hook: string, rules: readonly string[]): string => `  chain ${hook} {\n    type filter hook ${hook} priority ${PRIORITY}; policy accept;\n${rules.map((rule) => `    ${rule}\n`).join('')}  }`;
  return [
    `add table inet ${table}`,
    `delete table inet ${table}`,
    `table inet ${table} {`,
    ...([4, 6] as const).map((family) => set(family, networks.filter((network) => network.family === family), seconds)),
    chain('input', drops('saddr')),
    chain('output', drops('daddr')),
    chain('forward', [...drops('saddr'), ...drops('daddr')]),
    '}',
    '',
  ].join('\n');
}

function set(family: 4 | 6, networks: readonly Network[], seconds: number): string {
  const elements = networks.map((network) => (seconds === 0 ? networkText(network) : `${networkText(network)} timeout ${seconds}s`));
  return `  set blocked${family} {\n    type ipv${family}_addr\n    flags interval, timeout\n${elements.length === 0 ? '' : `    elements = { ${elements.join(', ')} }\n`}  }`;
}

export interface Blocked {
  network: Network;
  /** Seconds until the kernel takes it out; absent: never. */
  expires?: number;
}

/** From `nft --json list table inet …`. */
export function readBlocked(json: string): { blocked: Blocked[]; dropped: number } {
  const objects = (JSON.parse(json) as { nftables?: Listed[] }).nftables ?? [];
  const rules = objects.flatMap(({ rule }) => rule?.expr ?? []);
  return { blocked: objects.flatMap(({ set: found }) => (found?.elem ?? []).flatMap(blockedOf)), dropped: rules.reduce((sum, { counter }) => sum + (counter?.packets ?? 0), 0) };
}

interface Listed {
  set?: { elem?: Element[] };
  rule?: { expr?: { counter?: { packets?: number } }[] };
}

type Value = string | { prefix?: { addr: string; len: number } };
type Element = Value | { elem: { val: Value; expires?: number } };

function blockedOf(element: Element): Blocked[] {
  const { val, expires } = typeof element === 'object' && 'elem' in element ? element.elem : { val: element as Value, expires: undefined };
  const network = parseNetwork(typeof val === 'string' ? val : val.prefix === undefined ? '' : `${val.prefix.addr}/${val.prefix.len}`);
  return network === undefined ? [] : [{ network, ...(expires === undefined ? {} : { expires }) }];
}
