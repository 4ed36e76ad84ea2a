/** Cuts the host off the network except for those who respond. `release` ends it, `confirm_isolation` keeps it. */
import { z } from 'zod';
import { advisedMessageOf, messageOf, TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import type { Action, ActionContext, Plan } from './action.ts';
import { blockedTables } from './block-nft.ts';
import { endConnectionsBut } from './connections.ts';
import type { InForce, Isolation } from './isolation.ts';
import { differencesOf } from './isolation-difference.ts';
import { isConnected, leaks, obstacleFor } from './isolation-proof.ts';
import { worded } from './journal-forms.ts';
import { holds, networkText, parseNetwork, type Network } from './networks.ts';
import { isolationNow, packetFilter } from './packet-filter.ts';
import { distinctPeers, parsePeer, peerOfSsh, peerText } from './peers.ts';
import { undoAtOnce } from './undoing.ts';

const DEFAULT_SECONDS = 300;
export const MOST_SECONDS = 30 * 86_400;

const LIMITS = [
  'interfaces that come later are not cut for raw packets (AF_PACKET); what comes in can still be listened to; other ways out (vsock, AF_XDP, serial lines) stay',
  'a reboot or `nft flush ruleset` ends it: `tickward isolate --status` says so',
];

const params = z.strictObject({
  /** Besides the peer of the ssh session and those of the settings. */
  management: z.array(z.string()).default([]),
  /** Servers that may be asked for names. */
  dns: z.array(z.string()).default([]),
  /** Whether DHCP leases may be kept. */
  dhcp: z.boolean().default(true),
  /** The kernel ends the isolation by itself after so many seconds unless it is confirmed; 0: it stays until it is released. */
  seconds: z.int().min(0).max(MOST_SECONDS).default(DEFAULT_SECONDS),
  /** Isolate also where nobody could come back over the network. */
  force: z.boolean().default(false),
});

type Params = z.infer<typeof params>;

interface Data extends Isolation {
  force: boolean;
}

export const isolate: Action<Params, Data> = {
  name: 'isolate',
  summary: 'cuts the host off the network except for those who respond',
  example: 'action: isolate\nparams: {seconds: 300, management: ["192.0.2.10:22", "198.51.100.0/24"], dns: ["192.0.2.53"]}',
  needs: ['root', 'nft'],
  undoable: true,
  reversible: 'the rules are taken out; every other rule stays as it is. Without that the kernel ends it when its time is over, or a reboot does',
  params,

  async plan(given, context) {
    const data: Data = { peers: distinctPeers(peersOf(given, context)), dns: given.dns.map(resolver), dhcp: given.dhcp, seconds: given.seconds, force: given.force };
    const steps = [{ text: textOf(data), target: 'packet filter' }];
    if (context.uid !== 0) return { state: 'blocked', reason: 'only root may change the packet filter: run as root', steps, notes: [], data };
    try {
      const { filter, now } = await packetFilter();
      if (now?.missing.length === 0) return standing(data, now, steps, context.run);
      const reason = (await lockOut(data)) ?? (await filter.obstacle(data));
      const notes = [...filter.gaps(), ...LIMITS];
      return reason === undefined ? { state: 'ready', steps, notes, data } : { state: 'blocked', reason, steps, notes, data };
    } catch (error) {
      return { state: 'blocked', reason: advisedMessageOf(error), steps, notes: [...LIMITS], data };
    }
  },

  async apply(plan, context, record) {
    const [step] = plan.steps;
    const { filter, now } = await packetFilter();
    if (now?.missing.length === 0) throw refusedFor(now);
    const obstacle = await filter.obstacle(plan.data);
    if (obstacle !== undefined) throw new TickwardError('FAILED', obstacle, { hint: 'isolate the host from outside (switch, hypervisor)' });
    record(worded(step?.text, { kind: 'isolated', run: context.run, seconds: plan.data.seconds }));
    const isOurs = (): boolean => context.sshConnection !== undefined && isConnected(context.sshConnection);
    const wasConnected = isOurs();
    try {
      await filter.load(plan.data, context.run, now);
    } catch (error) {
      // Of two at once, the later one must not cut off those whom the other lets through.
      const first = await filter.inForce();
      throw first === undefined || first.run === now?.run ? error : refusedFor(first);
    }
    const remarks = await endConnectionsBut(plan.data.peers);
    const fault = wasConnected && !isOurs() ? 'the ssh session that we run in is gone' : await faultOf(plan.data, context);
    if (fault === undefined) return remarks;
    const other = await filter.inForce();
    // To take the rules of another run out would leave the host open that both isolated.
    if (other !== undefined && other.run !== context.run) throw refusedFor(other);
    await filter.remove();
    throw new TickwardError('FAILED', `the isolation did not hold and was taken back: ${fault}`, { hint: 'isolate the host from outside (switch, hypervisor)' });
  },

  async verify(plan, context) {
    const fault = await faultOf(plan.data, context);
    if (fault !== undefined) return { ok: false, text: fault };
    const { now } = await packetFilter();
    return { ok: true, text: `isolated${now?.dropped === undefined ? '' : `, ${now.dropped} packets dropped so far`}${now === undefined ? '' : endText(now)}` };
  },

  undo: (changes) => undoAtOnce(async ({ done, already, failed }) => {
    const runs = changes.flatMap(({ data }) => (data['kind'] === 'isolated' && typeof data['run'] === 'string' ? [data['run']] : []));
    if (runs.length === 0) return;
    const { filter, now } = await isolationNow();
    if (now === undefined) return void already.push('the isolation was gone already');
    if (!runs.includes(now.run)) return void already.push(`the isolation is left: run ${printable(now.run)} made it`);
    // What was opened while it was in force would go on now.
    if (now.missing.length === 0) await endConnectionsBut(now.peers);
    await filter.remove();
    if ((await filter.inForce()) === undefined) done.push('the isolation was ended');
    else failed.push('the isolation is still there after it was taken out');
  }),
};

function peersOf(given: Params, context: ActionContext): ReturnType<typeof parsePeer>[] {
  const ssh = peerOfSsh(context.sshConnection);
  return [...(ssh === undefined ? [] : [ssh]), ...[...context.management, ...given.management].map(parsePeer)];
}

/** Throws BAD_INPUT for what is no address of a name server. */
export function resolver(text: string): Network {
  const network = parseNetwork(text);
  if (network === undefined || network.prefix === 0) throw new TickwardError('BAD_INPUT', `${printable(text)} is no address of a name server`, { hint: 'write 192.0.2.53' });
  return network;
}

function textOf({ peers, dns, dhcp, seconds }: Isolation): string {
  const way = peers.length === 0 ? 'nobody is let through' : `only ${peers.map(peerText).join(', ')} ${peers.length === 1 ? 'gets' : 'get'} through`;
  const also = [...(dns.length === 0 ? [] : [`names may be asked of ${dns.map(networkText).join(', ')}`]), ...(dhcp ? ['DHCP goes on'] : [])];
  return `drop all network traffic in, out and forwarded, and end the connections that exist: ${[way, ...also, seconds === 0 ? 'until it is released' : `for ${seconds} s, then the kernel ends it by itself unless it is confirmed`].join('; ')}`;
}

export function endText({ expires }: InForce): string {
  return expires === undefined ? ', until it is released' : `, ends by itself in ${expires} s`;
}

/** What is to be done on a host that is isolated: nothing where it is as asked, or by this run before it was cut off. Nothing in force is changed behind the back of who put it there. */
function standing(data: Data, now: InForce, steps: Plan['steps'], run: string): Plan<Data> {
  const already = `the host is isolated already, by run ${printable(now.run)}${endText(now)}`;
  const differences = now.run === run ? [] : differencesOf(data, now);
  if (differences.length === 0) return { state: 'nothing-to-do', reason: already, steps: [], notes: now.gaps, data };
  return { state: 'blocked', reason: `${already}, and not as asked: ${differences.join('; ')}. Release it first (tickward release), then isolate anew`, steps, notes: now.gaps, data };
}

function otherRun({ run }: InForce): string {
  return `run ${printable(run)} isolated the host at the same time, by rules of its own, which are left`;
}

function refusedFor(other: InForce): TickwardError {
  return new TickwardError('REFUSED', otherRun(other), { hint: 'tickward isolate --status says whether they hold and who gets through' });
}

/** A response takes no `--force` for this: there the step says so. */
const ALL_THE_SAME = '`force: true` in the step or `tickward isolate --force` does it all the same';

/** Why the responder would be locked out. */
async function lockOut({ peers, force }: Data): Promise<string | undefined> {
  if (force) return undefined;
  if (peers.length === 0) return `nobody could come back over the network: this is no ssh session and no management peer is named (\`management\` in the settings or in the step, \`--allow\` of \`tickward isolate\`; ${ALL_THE_SAME})`;
  const blocked = await blockedNetworks();
  const obstacles = await Promise.all(peers.map((peer) => (blocked.some((each) => holds(each, peer.network)) ? `${networkText(peer.network)} is blocked here by block_ioc (tickward runs says by which run: undo it)` : obstacleFor(peer))));
  return obstacles.includes(undefined) ? undefined : `nobody could come back over the network: ${obstacles.join('; ')} (name another peer; ${ALL_THE_SAME})`;
}

/** What block_ioc cuts off, whatever an isolation lets through; none where there is no nft, with which it does that. */
async function blockedNetworks(): Promise<Network[]> {
  try {
    return [...(await blockedTables()).values()].flatMap((table) => table.blocked.map(({ network }) => network));
  } catch (error) {
    if (error instanceof TickwardError && error.code === 'UNSUPPORTED') return [];
    throw error;
  }
}

/** Looks at the rules, and tries a packet out and the way back. */
async function faultOf(data: Data, context: ActionContext): Promise<string | undefined> {
  try {
    const { now } = await packetFilter();
    if (now === undefined) return 'its rules are not there: somebody took them out, or the host was booted since';
    if (now.run !== context.run) return otherRun(now);
    if (now.missing.length > 0) return now.missing.join('; ');
    const out = await leaks(data.peers);
    if (out.length > 0) return `a packet to ${out.join(' and ')} still goes out`;
    return await lockOut(data);
  } catch (error) {
    return messageOf(error);
  }
}
