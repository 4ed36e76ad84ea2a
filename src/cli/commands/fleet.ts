/** `tickward fleet`: the same on many hosts, through Ansible. */
import { Argument, type Command } from 'commander';
import { TickwardError } from '../../model/errors.ts';
import { printable } from '../../model/text.ts';
import { FleetRecords } from '../../fleet/records.ts';
import { needsAttention, summaryOf } from '../../fleet/rows.ts';
import { Exit, type Context, type Register } from '../context.ts';
import { filled } from '../filled.ts';
import type { ExportKind } from '../fleet-export.ts';
import { printHosts, runOnHosts, type FleetRunOptions } from '../fleet-run.ts';
import { stepsOf } from '../only.ts';
import { refuseUnheeded } from '../unheeded.ts';

interface SweepOptions extends FleetRunOptions {
  unit: string[];
  path: string[];
  hash: string[];
  command: string[];
  address: string[];
  key: string[];
}

const EXIT = '\nExit code 3 when something was found (in a dry run: when a host would be changed), when a host did not do it, when its record could not be kept, or when a step is left for a person; each such host is named with its reason.';
const EXPORTS = ['fleetdm', 'fleetdm-script', 'elastic'] as const satisfies ExportKind[];
const collect = (value: string, before: string[]): string[] => [...before, value];

export const fleet: Register = (program, act) => {
  const command = program.command('fleet').description('looks, responds and takes back on many hosts, through Ansible');
  command.addHelpText('after', '\nExamples:\n  tickward fleet sweep --inventory hosts.ini --unit evil.timer --address 203.0.113.7\n  tickward fleet respond --inventory hosts.ini --file /etc/systemd/system/evil.timer --only remove --dry-run');
  /** What every one of them takes. */
  const over = (name: string, description: string, examples: string) => command
    .command(name)
    .description(description)
    .requiredOption('--inventory <file>', "Ansible's inventory", filled)
    .option('--limit <pattern>', "some of its hosts, as Ansible's --limit", filled)
    .option('--forks <number>', 'hosts at once', '20')
    .option('--serial <waves>', 'in waves: numbers or shares of hosts, separated by commas (1,20%,100%)')
    .option('--max-fail-percent <percent>', 'no further wave when more hosts of one than this failed')
    .option('--deadline <seconds>', 'how long a host may take', '60')
    .option('--program <path>', 'where tickward is on the hosts (default /usr/bin/tickward)', filled)
    .option('--report <file>', 'a page over all hosts, as HTML', filled)
    .addHelpText('after', `\nExamples:\n${examples}\n${EXIT}`);

  over('sweep', 'asks every host for the same traces', '  tickward fleet sweep --inventory hosts.ini --unit evil.timer --hash 73cb…\n  tickward fleet sweep --inventory hosts.ini --command /tmp/.x --report sweep.html --json')
    .option('--unit <name>', 'a unit; more than once for several', collect, [])
    .option('--path <path>', 'a file', collect, [])
    .option('--hash <sha256>', 'a file with this content', collect, [])
    .option('--command <text>', 'a piece of a command', collect, [])
    .option('--address <address>', 'an address or a name of a host', collect, [])
    .option('--key <key>', 'an ssh key or its fingerprint (SHA256:…)', collect, [])
    .action(act(async (context, options: SweepOptions) => {
      const indicators = { units: options.unit, paths: options.path, hashes: options.hash, commands: options.command, addresses: options.address, keys: options.key };
      if (Object.values(indicators).every((values) => values.length === 0)) throw new TickwardError('USAGE', 'there is nothing to look for', { hint: 'give --unit, --path, --hash, --command, --address or --key' });
      const { checked } = await import('../../actions/sweep-indicators.ts');
      const [wrong] = checked(indicators).notes;
      if (wrong !== undefined) throw new TickwardError('USAGE', printable(wrong), { hint: 'a unit with its ending, a whole path, all 64 digits of a sha256, an address or a name, an ssh key or SHA256:…' });
      return runOnHosts(context, { do: 'sweep', indicators }, options);
    }));
  over('investigate', 'runs the guide over a file on every host', '  tickward fleet investigate --inventory hosts.ini --file /etc/systemd/system/evil.timer')
    .requiredOption('--file <path>', 'the unit file')
    .action(act((context, options: FleetRunOptions & { file: string }) => {
      mustBeWhole(options.file);
      return runOnHosts(context, { do: 'investigate', path: options.file }, options);
    }));
  over('respond', 'carries out a playbook over a file on every host', '  tickward fleet respond --inventory hosts.ini --file /etc/systemd/system/evil.timer --only remove --dry-run\n  tickward fleet respond --inventory hosts.ini --file /etc/systemd/system/evil.timer --only remove --serial 1,20%,100% --max-fail-percent 10 --yes')
    .requiredOption('--file <path>', 'the unit file')
    .option('--playbook <name>', 'another playbook than the one of the rule')
    .requiredOption('--only <steps>', 'ids of steps or names of actions, separated by commas')
    .option('--dry-run', 'shows what would be done on each host and changes nothing')
    .action(act((context, options: FleetRunOptions & { file: string; playbook?: string; only: string }) => {
      mustBeMeant(context, options);
      mustBeWhole(options.file);
      return runOnHosts(context, { do: 'respond', path: options.file, ...(options.playbook === undefined ? {} : { playbook: options.playbook }), only: stepsOf(options.only) }, options);
    }));
  over('release', 'ends the isolation of every host', '  tickward fleet release --inventory hosts.ini --yes')
    .option('--dry-run', 'shows what would be done on each host and changes nothing')
    .action(act((context, options: FleetRunOptions) => {
      mustBeMeant(context, options);
      return runOnHosts(context, { do: 'release' }, options);
    }));
  over('undo', 'takes back on every host what a fleet run did there', '  tickward fleet undo 0193… --inventory hosts.ini --yes')
    .argument('<run>', 'the fleet run')
    .action(act((context, fleetRun: string, options: FleetRunOptions) => {
      mustBeMeant(context, options, `see first what it did on which host: tickward fleet status ${printable(fleetRun)}`);
      return undo(context, fleetRun, options);
    }));
  command
    .command('status [run]')
    .description('fleet runs, oldest first, or what each host said in one')
    .option('--inventory <file>', "instead: open alerts of the hosts of this inventory", filled)
    .option('--limit <pattern>', "some of its hosts, as Ansible's --limit", filled)
    .option('--forks <number>', 'hosts at once', '20')
    .option('--deadline <seconds>', 'how long a host may take', '30')
    .option('--program <path>', 'where tickward is on the hosts', filled)
    .addHelpText('after', '\nExamples:\n  tickward fleet status\n  tickward fleet status 0193… --json\n  tickward fleet status --inventory hosts.ini')
    .action(act((context, id: string | undefined, options: FleetRunOptions, given: Command) => {
      if (options.inventory === undefined) {
        refuseUnheeded(given, ['limit', 'forks', 'deadline', 'program'], 'the record of fleet runs', 'with --inventory hosts are asked for their open alerts');
        return showRuns(context, id);
      }
      if (id !== undefined) refuseUnheeded(given, ['inventory'], 'the record of one fleet run', 'leave out the run to ask hosts for their open alerts, or --inventory to read the record');
      return runOnHosts(context, { do: 'status' }, options);
    }));
  command.command('task <file>', { hidden: true }).description("what Ansible's module calls on a host").action(act(async (context, file: string) => {
    const { answerTask } = await import('../fleet-task.ts');
    return answerTask(context, file);
  }));
  command
    .command('export')
    .addArgument(new Argument('<kind>', 'for whom').choices(EXPORTS))
    .description('for other managers: fleetdm (queries in its YAML), fleetdm-script (a removal, for its scripts), elastic (rules with guides as NDJSON)')
    .option('--file <path>', 'the unit file that the script takes out')
    .option('--only <steps>', 'what of the playbook the script does', 'remove')
    .addHelpText('after', '\nExamples:\n  tickward fleet export fleetdm > tickward.yaml && fleetctl apply -f tickward.yaml\n  tickward fleet export fleetdm-script --file /etc/systemd/system/evil.timer > remove.sh\n  tickward fleet export elastic > rules.ndjson')
    .action(act(async ({ out }, kind: ExportKind, options: { file?: string; only: string }, given: Command) => {
      if (kind !== 'fleetdm-script') refuseUnheeded(given, ['file', 'only'], `export ${kind}`, 'only the script is for one unit: tickward fleet export fleetdm-script');
      if (options.file !== undefined) mustBeWhole(options.file);
      const { exportFor } = await import('../fleet-export.ts');
      const text = exportFor(kind, options);
      if (out.json) out.document({ kind, text });
      else process.stdout.write(text);
      return Exit.DONE;
    }));
};

/** Nobody is asked a hundred times: a change on many hosts needs --yes, after a look. */
function mustBeMeant({ settings }: Context, { dryRun }: FleetRunOptions, look = 'look with --dry-run first'): void {
  if (dryRun !== true && !settings.yes) throw new TickwardError('USAGE', 'this changes many hosts: it needs --yes', { hint: look });
}

/** Hosts know nothing of the directory that somebody is in here. */
function mustBeWhole(file: string): void {
  if (!file.startsWith('/')) throw new TickwardError('USAGE', `hosts take a whole path, not ${printable(file)}`, { hint: '--file /etc/systemd/system/evil.timer' });
}

function undo(context: Context, fleetRun: string, options: FleetRunOptions): Promise<number> {
  const { rows: before } = new FleetRecords(context.store().directory).read(fleetRun);
  const runs = Object.fromEntries(before.flatMap(({ host, run: hostRun, state }) => (hostRun === undefined || state === 'would-change' ? [] : [[host, hostRun]])));
  if (Object.keys(runs).length === 0) throw new TickwardError('NOT_FOUND', `the fleet run ${printable(fleetRun)} changed no host`, { hint: 'tickward fleet status shows what each host said' });
  return runOnHosts(context, { do: 'undo', run: fleetRun }, options, runs);
}

function showRuns(context: Context, id: string | undefined): number {
  const { out } = context;
  const records = new FleetRecords(context.store().directory);
  if (id === undefined) {
    const all = records.list();
    if (out.json) for (const request of all) out.document(request);
    else if (all.length === 0) out.progress('no fleet runs');
    else out.table(['run', 'started', 'by', 'what', 'inventory'], all.map((request) => [request.run, request.started, request.by, `${request.task.do}${request.dry_run ? ' (dry run)' : ''}`, request.inventory]), ['run']);
    return Exit.DONE;
  }
  const { request, rows } = records.read(id);
  if (out.json) out.document({ ...request, hosts: rows });
  else {
    out.line(`${request.task.do} of ${request.started}, by ${printable(request.by)}: ${summaryOf(rows)}`);
    printHosts(out, rows);
  }
  return needsAttention(rows).length > 0 ? Exit.FINDINGS : Exit.DONE;
}
