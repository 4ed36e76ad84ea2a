/** Blocks what an attack talks to: addresses and networks in the kernel, in both directions; names by the hosts file. */
import { hostname, networkInterfaces } from 'node:os';
import { z } from 'zod';
import { advisedMessageOf } from '../model/errors.ts';
import type { Action, ActionContext, Change, UndoReport } from './action.ts';
import { blockedTables, blockIn, unblockIn } from './block-nft.ts';
import { blockId, type Blocked } from './block-rules.ts';
import { startExpiry, stopExpiry } from './block-expiry.ts';
import { endConnectionsWith } from './connections.ts';
import { blocksIn, withBlock, withoutBlock } from './hosts-file.ts';
import { sortOut, type Indicators } from './indicators.ts';
import { worded } from './journal-forms.ts';
import { holds, networkText, type Network } from './networks.ts';
import { isolationNow } from './packet-filter.ts';
import { parsePeer, peerOfSsh } from './peers.ts';
import { obstacleToRewrite, readContent, rewrite } from './rewrite.ts';
import { undoEach } from './undoing.ts';

const params = z.strictObject({
  /** Addresses and networks. */
  addresses: z.array(z.string()).default([]),
  /** Names of hosts. */
  domains: z.array(z.string()).default([]),
  /** It ends by itself after so many seconds; 0: it stays until it is undone. */
  seconds: z.int().min(0).max(365 * 86_400).default(0),
});

type Params = z.infer<typeof params>;

interface Data extends Indicators {
  seconds: number;
}

const id = z.string().regex(/^[0-9a-f]{12}$/);
const blockChange = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('blocked'), id }),
  z.object({ kind: z.literal('hosts'), id, sha256: z.string(), mtime_ns: z.string() }),
  z.object({ kind: z.literal('expiry'), id }),
]);

export const blockIoc: Action<Params, Data> = {
  name: 'block_ioc',
  summary: 'blocks addresses and networks in both directions, and names by the hosts file',
  example: 'action: block_ioc\nparams: {addresses: ["203.0.113.7", "198.51.100.0/24"], domains: ["c2.example"], seconds: 86400}',
  needs: ['root'],
  undoable: true,
  reversible: 'its own rules and its own lines of the hosts file are taken out; all else stays',
  params,

  async plan(given, context) {
    const precious = { own: ownAddresses(), peers: peersOf(context), hostname: hostname() };
    const { refused, networks, domains } = sortOut(given.addresses, given.domains, precious);
    const all: Data = { networks, domains, seconds: given.seconds };
    if (refused.length > 0) return { state: 'blocked', reason: `not blocked: ${refused.join('; ')}`, steps: stepsOf(all, context), notes: [], data: all };
    if (all.networks.length + all.domains.length === 0) return { state: 'nothing-to-do', reason: 'no address and no name is given', steps: [], notes: [], data: all };
    if (context.uid !== 0) return { state: 'blocked', reason: 'only root may change the packet filter and the hosts file: run as root', steps: stepsOf(all, context), notes: [], data: all };
    try {
      // Whoever an isolation lets through responds as well, from wherever this is run.
      const spared = all.networks.length === 0 ? [] : (await isolationNow()).now?.peers ?? [];
      const locked = sortOut(given.addresses, [], { ...precious, peers: spared.map(({ network }) => network) }).refused;
      if (locked.length > 0) return { state: 'blocked', reason: `not blocked: ${locked.join('; ')}`, steps: stepsOf(all, context), notes: [], data: all };
      const data = await missingOf(all, context);
      const steps = stepsOf(data, context);
      if (steps.length === 0) return { state: 'nothing-to-do', reason: 'all of it is blocked already', steps, notes: [], data };
      const notes = [...(data.domains.length === 0 ? [] : ['only these names, not names below them; programs that ask a name server themselves are not reached']), ...(data.networks.length === 0 ? [] : ['a reboot or `nft flush ruleset` unblocks the addresses'])];
      const reason = obstacle(data, context);
      return reason === undefined ? { state: 'ready', steps, notes, data } : { state: 'blocked', reason, steps, notes, data };
    } catch (error) {
      return { state: 'blocked', reason: advisedMessageOf(error), steps: stepsOf(all, context), notes: [], data: all };
    }
  },

  async apply({ steps, data }, context, record) {
    const own = blockId(context.run, context.step);
    const texts = steps.map(({ text }) => text);
    const announce = (change: Change['data']): void => record(worded(texts.shift(), change));
    const remarks: string[] = [];
    if (data.networks.length > 0) {
      announce({ kind: 'blocked', id: own });
      await blockIn(own, data.networks, data.seconds);
      remarks.push(...(await endConnectionsWith(data.networks)));
    }
    if (data.domains.length > 0) {
      // First, so that no names are left that nobody would take out.
      if (data.seconds > 0) {
        announce({ kind: 'expiry', id: own });
        await startExpiry(own, data.seconds, context);
      }
      const comment = `run ${context.run}, step ${context.step}; taken out by: tickward undo ${context.run} ${context.step}`;
      const block = { names: data.domains, ...(data.seconds === 0 ? {} : { until: Date.now() + data.seconds * 1000 }) };
      rewrite(hostsOf(context), ({ text }) => withBlock(text, own, block, comment), ({ sha256, state }) => announce({ kind: 'hosts', id: own, sha256, mtime_ns: state.mtime_ns }));
    }
    return remarks;
  },

  async verify({ data }, context) {
    const { networks, domains } = await missingOf(data, context);
    const open = [...networks.map(networkText), ...domains];
    if (open.length > 0) return { ok: false, text: `not blocked: ${open.join(', ')}` };
    const dropped = data.networks.length === 0 ? undefined : (await blockedTables()).get(blockId(context.run, context.step))?.dropped;
    const count = [data.networks.length === 0 ? undefined : counted(data.networks.length, 'address or network', 'addresses and networks'), data.domains.length === 0 ? undefined : counted(data.domains.length, 'name', 'names')].filter((each) => each !== undefined);
    return { ok: true, text: `${count.join(' and ')} blocked${data.seconds === 0 ? '' : ` for ${data.seconds} s`}${dropped === undefined ? '' : `, ${dropped} packets dropped so far`}` };
  },

  undo: (changes, context) => undoEach(changes, (change, report) => takeBack(change, context, report)),
};

async function takeBack({ data }: Change, context: ActionContext, { done, already }: UndoReport): Promise<void> {
  const { data: change } = blockChange.safeParse(data);
  if (change?.kind === 'blocked') {
    if (await unblockIn(change.id)) done.push('the addresses are no longer blocked');
    else already.push('the addresses were no longer blocked');
  } else if (change?.kind === 'hosts') {
    const had = rewrite(hostsOf(context), ({ text }) => withoutBlock(text, change.id), () => {}, (sha256) => (sha256 === change.sha256 ? change.mtime_ns : undefined));
    if (had) done.push(`the names were taken out of ${hostsOf(context)}`);
    else already.push(`${hostsOf(context)} had none of the names any more`);
  } else if (change?.kind === 'expiry') await stopExpiry(change.id);
}

function stepsOf({ networks, domains, seconds }: Data, context: ActionContext): { text: string; target: string }[] {
  const until = seconds === 0 ? 'until it is undone' : `for ${seconds} s`;
  return [
    ...(networks.length === 0 ? [] : [{ text: `drop what goes to or comes from ${networks.map(networkText).join(', ')}, ${until}, and end the connections with them`, target: 'nftables' }]),
    ...(domains.length === 0 || seconds === 0 ? [] : [{ text: `have systemd undo this after ${seconds} s`, target: 'a transient timer' }]),
    ...(domains.length === 0 ? [] : [{ text: `let ${domains.join(', ')} lead nowhere, ${until}`, target: hostsOf(context) }]),
  ];
}

/** What is not blocked yet for at least as long. */
async function missingOf(data: Data, context: ActionContext): Promise<Data> {
  const lasts = ({ expires }: Pick<Blocked, 'expires'>): boolean => expires === undefined || (data.seconds > 0 && expires >= data.seconds - SLACK_SECONDS);
  const blocked = data.networks.length === 0 ? [] : [...(await blockedTables()).values()].flatMap((table) => table.blocked).filter(lasts);
  return { ...data, networks: data.networks.filter((network: Network) => !blocked.some((each) => holds(each.network, network))), domains: missingNames(data.domains, lasts, context) };
}

/** The block of this step is made as a whole: of what it would hold, all or nothing is missing. */
function missingNames(domains: readonly string[], lasts: (until: Pick<Blocked, 'expires'>) => boolean, context: ActionContext): string[] {
  if (domains.length === 0) return [];
  const own = blockId(context.run, context.step);
  const lasting = [...blocksIn(readContent(hostsOf(context)).text)].filter(([, { until }]) => lasts(until === undefined ? {} : { expires: (until - Date.now()) / 1000 }));
  const others = lasting.flatMap(([block, { names }]) => (block === own ? [] : names));
  const ours = lasting.find(([block]) => block === own)?.[1].names ?? [];
  const left = domains.filter((name) => !others.includes(name));
  return left.every((name) => ours.includes(name)) ? [] : left;
}

/** Between loading and looking. */
const SLACK_SECONDS = 30;

function obstacle({ domains, seconds }: Data, context: ActionContext): string | undefined {
  const fixed = domains.length === 0 ? undefined : obstacleToRewrite(hostsOf(context));
  if (fixed !== undefined) return `${fixed}; addresses alone can be blocked (leave out \`domains\`)`;
  if (domains.length === 0 || seconds === 0) return undefined;
  if (context.systemd === 'absent') return 'names in the hosts file end by themselves only where systemd runs: leave out `seconds`, and undo it by hand';
  return context.undoCommand === undefined ? 'it is not known how to undo this later: leave out `seconds`' : undefined;
}

function peersOf(context: ActionContext): Network[] {
  const ssh = peerOfSsh(context.sshConnection);
  return [...(ssh === undefined ? [] : [ssh]), ...context.management.map(parsePeer)].map(({ network }) => network);
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []).map(({ address }) => address);
}

function hostsOf(context: ActionContext): string {
  return context.hosts ?? '/etc/hosts';
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
