/** `tickward isolate` and `tickward release`: the host off the network and back, without a playbook. */
import type { Command } from 'commander';
import { MOST_SECONDS, resolver } from '../../actions/isolate.ts';
import { parsePeer } from '../../actions/peers.ts';
import { messageOf, TickwardError } from '../../model/errors.ts';
import { printable } from '../../model/text.ts';
import { isolationStatus, type IsolationStatus } from '../../respond/isolation-status.ts';
import { Exit, type Context, type Register } from '../context.ts';
import { durationMs } from '../duration.ts';
import { filled } from '../filled.ts';
import { carryOutOne } from '../single.ts';
import { refuseUnheeded } from '../unheeded.ts';

interface IsolateOptions {
  allow: string[];
  dns: string[];
  dhcp: boolean;
  for?: string;
  force?: true;
  confirm?: true;
  status?: true;
  dryRun?: true;
}

/** What only one that is put in force now can be told. */
const OF_A_NEW_ONE = ['allow', 'dns', 'dhcp', 'force'];

const collect = (value: string, before: string[]): string[] => {
  const parts = value.split(',').map((part) => part.trim()).filter(Boolean);
  // Of a comma alone as well: whom it names is let through, and nobody else.
  filled(parts.join());
  return [...before, ...parts];
};

export const isolate: Register = (program, act) => {
  program
    .command('isolate')
    .description('cuts the host off the network except for those who respond, until it is released or the time is over')
    .option('--allow <peers>', 'who still gets through, besides the peer of this ssh session: ADDRESS, NETWORK, each also with :PORT of the service here (22)', collect, [])
    .option('--dns <servers>', 'name servers that may be asked', collect, [])
    .option('--no-dhcp', 'let DHCP leases run out')
    .option('--for <span>', 'the kernel ends it by itself after this time unless it is confirmed; 0: it stays (default 5m; with --confirm 0)')
    .option('--confirm', 'keep the isolation that is in force: you can still get in')
    .option('--status', 'whether the host is isolated, by which run, for how long, and whether somebody flushed it')
    .option('--force', 'also where nobody could come back over the network')
    .option('--dry-run', 'shows exactly what would be done and changes nothing')
    .addHelpText('after', `
Examples:
  sudo tickward isolate --dry-run
  sudo tickward isolate --allow 192.0.2.10 --yes     then, from a new session: sudo tickward isolate --confirm --yes
  sudo tickward isolate --allow '192.0.2.0/24,[2001:db8::7]:2222' --dns 192.0.2.53 --for 1h --yes
  sudo tickward isolate --status --json
  sudo tickward release --yes

On a host that is isolated already it does nothing, and fails (exit code 1) with what differs where that is for other
peers, name servers or a shorter time: release it first.
Exit code of --status: 0 isolated or not, 3 when it was isolated and something took that away before its time.`)
    .action(act((context, options: IsolateOptions, command: Command) => run(context, options, command)));
};

export const release: Register = (program, act) => {
  program
    .command('release')
    .description('ends the isolation of the host')
    .option('--dry-run', 'shows exactly what would be done and changes nothing')
    .addHelpText('after', '\nExamples:\n  sudo tickward release --dry-run\n  sudo tickward release --yes')
    .action(act((context, options: { dryRun?: true }) => carryOutOne(context, 'release', {}, options.dryRun === true)));
};

async function run(context: Context, options: IsolateOptions, command: Command): Promise<number> {
  if (options.status === true) refuseUnheeded(command, [...OF_A_NEW_ONE, 'confirm', 'for', 'dryRun'], '--status', 'look first, then do it');
  // Whoever names a peer would believe that it gets through now.
  if (options.confirm === true) refuseUnheeded(command, OF_A_NEW_ONE, '--confirm', 'to change who gets through: tickward release, then tickward isolate');
  if (options.status === true) return status(context);
  const dryRun = options.dryRun === true;
  for (const peer of options.allow) asUsage(() => parsePeer(peer));
  for (const server of options.dns) asUsage(() => resolver(server));
  const span = options.for === undefined ? {} : { seconds: secondsOf(options.for) };
  if (options.confirm === true) return carryOutOne(context, 'confirm_isolation', span, dryRun);
  return carryOutOne(context, 'isolate', { ...span, management: options.allow, dns: options.dns, dhcp: options.dhcp, force: options.force === true }, dryRun);
}

function secondsOf(text: string): number {
  const seconds = text === '0' ? 0 : Math.ceil(durationMs(text) / 1000);
  if (seconds > MOST_SECONDS) throw new TickwardError('USAGE', `--for takes 30 days at most, not ${printable(text)}`, { hint: '--for 0 isolates until it is released' });
  return seconds;
}

/** What is wrong on the command line is no run that failed. */
function asUsage(check: () => unknown): void {
  try {
    check();
  } catch (error) {
    throw new TickwardError('USAGE', messageOf(error), { ...(error instanceof TickwardError && error.hint !== undefined ? { hint: error.hint } : {}), cause: error });
  }
}

async function status(context: Context): Promise<number> {
  const { out, uid } = context;
  if (uid !== 0) throw new TickwardError('UNSUPPORTED', 'only root may look at the packet filter', { hint: 'sudo tickward isolate --status' });
  const found = await isolationStatus(context.store().journal);
  if (out.json) out.document(found);
  else for (const line of linesOf(found)) out.line(line);
  return found.lost === null ? Exit.DONE : Exit.FINDINGS;
}

function linesOf(found: IsolationStatus): string[] {
  if (!found.isolated) return [found.lost === null ? 'The host is not isolated.' : `The host is NOT isolated any more: ${printable(found.lost)}`, ...found.missing.map((what) => `  ${printable(what)}`)];
  return [
    `The host is isolated by run ${printable(found.run ?? '')} (${found.filter}), ${found.expires === null ? 'until it is released' : `for ${found.expires} s more unless it is confirmed: tickward isolate --confirm`}.`,
    `  gets through: ${found.peers.length === 0 ? 'nobody' : found.peers.join(', ')}`,
    ...(found.dropped === null ? [] : [`  packets dropped so far: ${found.dropped}`]),
    ...found.gaps.map((gap) => `  note: ${printable(gap)}`),
  ];
}
