/** Isolation where there is no nft: chains of our own in front of INPUT, OUTPUT and FORWARD, by iptables(8) and ip6tables(8). */
import { type ExecResult, run } from '../exec.ts';
import { messageOf, TickwardError } from '../model/errors.ts';
import { firstLineOf } from '../model/text.ts';
import { commentOf, readComment, type InForce, type Isolation, type PacketFilter } from './isolation.ts';
import { networkText, parseNetwork, type Network } from './networks.ts';
import type { Peer } from './peers.ts';

const FAMILIES = [4, 6] as const;
type Family = (typeof FAMILIES)[number];

const CHAINS = { INPUT: 'TICKWARD_IN', OUTPUT: 'TICKWARD_OUT', FORWARD: 'TICKWARD_FWD' } as const;
type Hook = keyof typeof CHAINS;
const HOOKS = Object.keys(CHAINS) as Hook[];

const NEIGHBOURS = ['router-solicitation', 'router-advertisement', 'neighbour-solicitation', 'neighbour-advertisement'].map((type) => `-p icmpv6 --icmpv6-type ${type} -m hl --hl-eq 255`);

/** `variant`: `` for what the host itself uses, `-legacy` for the kernel's older tables. */
export function iptables(variant: '' | '-legacy'): PacketFilter {
  const program = (family: Family, suffix = ''): string => `${family === 4 ? 'iptables' : 'ip6tables'}${variant}${suffix}`;
  const listed = (family: Family): Promise<ExecResult> => run(program(family), ['-w', '5', '-S']);
  const change = async (family: Family, rules: readonly string[], failure: string): Promise<void> => {
    const result = await run(program(family, '-restore'), ['-w', '5', '--noflush'], { input: `*filter\n${rules.join('\n')}\nCOMMIT\n` });
    if (result.exitCode !== 0) throw new TickwardError('FAILED', `${program(family)} ${failure}: ${firstLineOf(result.stderr)}`, { hint: 'isolate the host from outside (switch, hypervisor)' });
  };
  const lines = async (family: Family): Promise<string[]> => {
    const result = await listed(family);
    if (result.exitCode !== 0) throw new TickwardError('FAILED', `${program(family)} does not list its rules: ${firstLineOf(result.stderr)}`, { hint: 'this process needs CAP_NET_ADMIN' });
    return result.stdout.split('\n');
  };
  const remove = async (): Promise<void> => {
    for (const family of FAMILIES) {
      const own = removalOf(await lines(family));
      if (own.length > 0) await change(family, own, 'did not end the isolation');
    }
  };
  const load = async (each: (family: Family) => readonly string[]): Promise<void> => {
    await remove();
    try {
      for (const family of FAMILIES) await change(family, each(family), 'did not load the isolation');
    } catch (error) {
      await remove();
      throw error;
    }
  };
  return {
    name: 'iptables',
    async obstacle() {
      try {
        for (const family of FAMILIES) {
          const result = await listed(family);
          if (result.exitCode !== 0) return `${program(family)} does not work here: ${firstLineOf(result.stderr)}`;
        }
        return undefined;
      } catch (error) {
        return messageOf(error);
      }
    },
    gaps: () => ['packets that a program writes to an interface itself (AF_PACKET) are not cut, and IPv4 is cut some milliseconds before IPv6: there is no nft here'],
    load: (wanted, id) => load((family) => rulesOf(family, wanted, id, Date.now())),
    async inForce() {
      const families = await Promise.all(FAMILIES.map(lines));
      return readRules(families, Date.now());
    },
    async expireIn(seconds) {
      for (const family of FAMILIES) await change(family, expiryOf(await lines(family), seconds, Date.now()), 'did not set the time');
    },
    async save() {
      return JSON.stringify(await Promise.all(FAMILIES.map(async (family) => ownLines(await lines(family)))));
    },
    restore: (saved) => load((family) => (JSON.parse(saved) as string[][])[FAMILIES.indexOf(family)] ?? []),
    remove,
  };
}

/** For iptables-restore. The kernel itself stops to drop when the time is over (xt_time; UTC). */
export function rulesOf(family: Family, { peers, dns, dhcp, seconds }: Isolation, id: string, now: number): string[] {
  const ours = peers.filter(({ network }) => network.family === family);
  const servers = dns.filter((each) => each.family === family).map(networkText);
  const resolve = (address: string, port: string): string[] => servers.flatMap((server) => ['udp', 'tcp'].map((transport) => `${address} ${server} -p ${transport} --${port} 53`));
  const lease = family === 4 ? { client: 68, server: 67 } : { client: 546, server: 547 };
  const allowed: Record<Hook, string[]> = {
    INPUT: ['-i lo', ...ours.map(({ network, port }) => `-s ${networkText(network)} -p tcp --dport ${port}`), ...resolve('-s', 'sport'), ...(dhcp ? [`-p udp --sport ${lease.server} --dport ${lease.client}`] : []), ...(family === 6 ? [...NEIGHBOURS, '-p icmpv6 --icmpv6-type packet-too-big'] : ['-p icmp --icmp-type fragmentation-needed'])],
    OUTPUT: ['-o lo', ...ours.map(({ network, port }) => `-d ${networkText(network)} -p tcp --sport ${port}`), ...resolve('-d', 'dport'), ...(dhcp ? [`-p udp --sport ${lease.client} --dport ${lease.server}`] : []), ...(family === 6 ? NEIGHBOURS : [])],
    FORWARD: [],
  };
  return [
    ...HOOKS.map((hook) => `:${CHAINS[hook]} - [0:0]`),
    ...HOOKS.flatMap((hook) => [...allowed[hook].map((rule) => `-A ${CHAINS[hook]} ${rule} -j RETURN`), `-A ${CHAINS[hook]} ${until(seconds, now)}-m comment --comment "${commentOf(id)}" -j DROP`]),
    ...HOOKS.map((hook) => `-I ${hook} 1 -j ${CHAINS[hook]}`),
  ];
}

function until(seconds: number, now: number): string {
  return seconds === 0 ? '' : `-m time --datestop ${new Date(now + seconds * 1000).toISOString().slice(0, 19)} `;
}

/** What stands for our own chains in the output of `-S`, as rules to load again. */
function ownLines(lines: readonly string[]): string[] {
  const rules = lines.filter((line) => /^-A TICKWARD_(?:IN|OUT|FWD) /.test(line));
  return rules.length === 0 ? [] : [...HOOKS.map((hook) => `:${CHAINS[hook]} - [0:0]`), ...rules, ...HOOKS.map((hook) => `-I ${hook} 1 -j ${CHAINS[hook]}`)];
}

function removalOf(lines: readonly string[]): string[] {
  const jumps = HOOKS.flatMap((hook) => lines.filter((line) => line === `-A ${hook} -j ${CHAINS[hook]}`).map((line) => line.replace(/^-A/, '-D')));
  const chains = HOOKS.map((hook) => CHAINS[hook]).filter((name) => lines.includes(`-N ${name}`));
  return [...jumps, ...chains.map((name) => `-F ${name}`), ...chains.map((name) => `-X ${name}`)];
}

function expiryOf(lines: readonly string[], seconds: number, now: number): string[] {
  return lines.filter(isDrop).flatMap((line) => [line.replace(/^-A/, '-D'), line.replace(/-m time .*?(?=-m comment)/, '').replace('-m comment', `${until(seconds, now)}-m comment`)]);
}

function isDrop(line: string): boolean {
  return /^-A TICKWARD_(?:IN|OUT|FWD) .*-j DROP$/.test(line);
}

/** From the output of `-S` of each family. The kernel counts packets, but -S does not say so. */
export function readRules(families: readonly (readonly string[])[], now: number): InForce | undefined {
  if (!families.some((lines) => lines.some(isDrop))) return undefined;
  const missing = families.flatMap((lines, index) => HOOKS.flatMap((hook) => faultOf(lines, hook).map((what) => `IPv${FAMILIES[index]}: ${what}`)));
  const drops = families.flatMap((lines) => lines.filter(isDrop));
  const ends = drops.flatMap((line) => /--datestop (\S+)/.exec(line)?.[1] ?? []).map((time) => Math.round((Date.parse(`${time}Z`) - now) / 1000));
  const expires = ends.length === 0 ? undefined : Math.min(...ends);
  if (expires !== undefined && expires <= 0) missing.push('nothing is cut any longer: the time ran out');
  return { run: readComment(/--comment "([^"]*)"/.exec(drops[0] ?? '')?.[1] ?? '').run, peers: families.flatMap((lines) => lines.flatMap(peerOf)), dns: families.flatMap((lines) => lines.flatMap(resolverOf)), dhcp: families.some((lines) => lines.some(isLease)), missing, gaps: [], ...(expires === undefined || expires <= 0 ? {} : { expires }) };
}

function peerOf(line: string): Peer[] {
  const [, address, port] = /^-A TICKWARD_IN -s (\S+) -p tcp .*--dport (\d+) -j RETURN$/.exec(line) ?? [];
  const network = parseNetwork(address ?? '');
  return network === undefined ? [] : [{ network, port: Number(port) }];
}

function resolverOf(line: string): Network[] {
  const [, address] = /^-A TICKWARD_OUT -d (\S+) -p udp .*--dport 53 -j RETURN$/.exec(line) ?? [];
  const network = parseNetwork(address ?? '');
  return network === undefined ? [] : [network];
}

function isLease(line: string): boolean {
  return /^-A TICKWARD_OUT -p udp .*--dport (?:67|547) -j RETURN$/.test(line);
}

function faultOf(lines: readonly string[], hook: Hook): string[] {
  const first = lines.find((line) => line.startsWith(`-A ${hook} `));
  if (first !== `-A ${hook} -j ${CHAINS[hook]}`) return [`chain ${CHAINS[hook]} is not the first of ${hook}`];
  return lines.some((line) => line.startsWith(`-A ${CHAINS[hook]} `) && isDrop(line)) ? [] : [`chain ${CHAINS[hook]} drops nothing`];
}
