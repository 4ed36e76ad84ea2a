/** Cuts the host off the network except for those who respond, by one nftables table of its own. */
import { z } from 'zod';
import { type ExecResult, run } from '../exec.ts';
import { advisedMessageOf, messageOf, TickwardError } from '../model/errors.ts';
import type { Action, HostContext } from './action.ts';
import { commentOf, parsePeer, type Peer, peerOfSsh, peerText, readListing, rulesetOf, TABLE, type Isolation } from './isolation-rules.ts';

const DEFAULT_SECONDS = 3_600;
const MOST_SECONDS = 30 * 86_400;

const params = z.strictObject({
  /** Besides the peer of the ssh session and those of the settings. */
  management: z.array(z.string()).default([]),
  /** The kernel ends the isolation by itself after so many seconds; 0: it stays until it is undone. */
  seconds: z.int().min(0).max(MOST_SECONDS).default(DEFAULT_SECONDS),
  /** Isolate also where nobody could come back over the network. */
  force: z.boolean().default(false),
});

type Params = z.infer<typeof params>;

interface Data {
  peers: Peer[];
  seconds: number;
}

export const isolate: Action<Params, Data> = {
  name: 'isolate',
  summary: 'cuts the host off the network except for those who respond',
  example: 'action: isolate\nparams: {seconds: 3600, management: ["192.0.2.10:22"]}',
  needs: ['root', 'nft'],
  undoable: true,
  reversible: 'the table is deleted; every other rule stays as it is. Without that the kernel ends it when its time is over',
  params,

  async plan(given, context) {
    const peers = peersOf(given, context);
    const way = peers.length === 0 ? 'nobody is let through' : `only ${peers.map(peerText).join(', ')} ${peers.length === 1 ? 'gets' : 'get'} through`;
    const until = given.seconds === 0 ? 'until it is undone' : `for ${given.seconds} s, then the kernel ends it by itself`;
    const planned = {
      steps: [{ text: `drop all network traffic in, out and forwarded, of connections that exist as well: ${way}; ${until}`, target: `nftables table inet ${TABLE}` }],
      notes: ['programs that send raw packets on an interface (AF_PACKET) are not cut, and `nft flush ruleset` or a reboot ends it'],
      data: { peers, seconds: given.seconds },
    };
    const reason = context.uid === 0 ? await obstacle(given, peers, context) : 'only root may change the packet filter: run as root';
    if (reason !== undefined) return { state: 'blocked', reason, ...planned };
    const now = await current(context);
    if (now?.missing.length === 0) return { ...planned, state: 'nothing-to-do', reason: `the host is isolated already (${now.comment})`, steps: [] };
    return { state: 'ready', ...planned };
  },

  async apply(plan, context, record) {
    const [step] = plan.steps;
    record({ ...(step === undefined ? {} : { text: step.text }), data: { kind: 'table', table: TABLE, comment: commentOf(context.run) } });
    const loaded = await nft(context, ['-f', '-'], rulesetOf(plan.data.peers, plan.data.seconds, context.run));
    if (loaded.exitCode !== 0) throw new TickwardError('FAILED', `nft did not load the isolation: ${firstLine(loaded.stderr)}`, { hint: 'nothing was changed; the kernel needs nf_tables with the inet family' });
    const verdict = await isolate.verify(plan, context);
    if (verdict.ok) return [];
    await nft(context, ['delete', 'table', 'inet', TABLE]);
    throw new TickwardError('FAILED', `the isolation did not come into force and was taken back: ${verdict.text}`, { hint: 'isolate the host from outside (switch, hypervisor)' });
  },

  async verify(plan, context) {
    const now = await current(context);
    if (now === undefined) return { ok: false, text: `the table inet ${TABLE} is not there` };
    if (now.missing.length > 0) return { ok: false, text: now.missing.join('; ') };
    if (now.comment !== commentOf(context.run)) return { ok: false, text: `the table belongs to something else: ${now.comment}` };
    if (plan.data.seconds > 0 && now.expires === undefined) return { ok: false, text: 'the isolation would not end by itself' };
    return { ok: true, text: `isolated, ${now.dropped} packets dropped so far${now.expires === undefined ? '' : `, ends by itself in ${now.expires} s`}` };
  },

  async undo(changes, context) {
    const ours = changes.map((change) => change.data['comment']).filter((comment) => typeof comment === 'string');
    if (ours.length === 0) return { done: [], already: [], failed: [] };
    try {
      const now = await current(context);
      if (now === undefined) return { done: [], already: ['the isolation was gone already'], failed: [] };
      if (!ours.includes(now.comment)) return { done: [], already: [`the table inet ${TABLE} is left: another run made it (${now.comment})`], failed: [] };
      const deleted = await nft(context, ['delete', 'table', 'inet', TABLE]);
      if (deleted.exitCode !== 0) return { done: [], already: [], failed: [`the isolation could not be ended: ${firstLine(deleted.stderr)}`] };
      return (await current(context)) === undefined ? { done: ['the isolation was ended'], already: [], failed: [] } : { done: [], already: [], failed: [`the table inet ${TABLE} is still there after it was deleted`] };
    } catch (error) {
      return { done: [], already: [], failed: [advisedMessageOf(error)] };
    }
  },
};

function peersOf(given: Params, context: HostContext): Peer[] {
  const ssh = peerOfSsh(context.sshConnection);
  const all = [...(ssh === undefined ? [] : [ssh]), ...[...context.management, ...given.management].map(parsePeer)];
  return [...new Map(all.map((peer) => [peerText(peer), peer])).values()];
}

async function obstacle(given: Params, peers: readonly Peer[], context: HostContext): Promise<string | undefined> {
  if (peers.length === 0 && !given.force) return 'nobody could come back over the network: this is no ssh session and no management peer is named (`management` in the settings or in the step, or `force: true`)';
  try {
    const version = await nft(context, ['--version']);
    return version.exitCode === 0 ? undefined : `nft does not run: ${firstLine(version.stderr)}`;
  } catch (error) {
    return `${messageOf(error)}: apt-get install nftables`;
  }
}

/** Undefined when the table is not there. */
async function current(context: HostContext): Promise<Isolation | undefined> {
  const tables = await nft(context, ['list', 'tables', 'inet']);
  if (tables.exitCode !== 0) throw new TickwardError('FAILED', `nft does not list its tables: ${firstLine(tables.stderr)}`, { hint: 'the kernel needs nf_tables, and this process CAP_NET_ADMIN' });
  if (!tables.stdout.split('\n').includes(`table inet ${TABLE}`)) return undefined;
  const listing = await nft(context, ['-j', 'list', 'table', 'inet', TABLE]);
  return listing.exitCode === 0 ? readListing(listing.stdout) : undefined;
}

function nft(context: HostContext, args: readonly string[], input?: string): Promise<ExecResult> {
  const options = input === undefined ? {} : { input };
  return context.netns === undefined ? run('nft', args, options) : run('ip', ['netns', 'exec', context.netns, 'nft', ...args], options);
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}
