/** `tickward watch`: the sensor and the rules in the foreground. */
import type { Command } from 'commander';
import { TickwardError } from '../../model/errors.ts';
import type { Alert } from '../../model/event.ts';
import type { Outputs } from '../../output/index.ts';
import type { Rule } from '../../rule/load.ts';
import type { Sensor } from '../../sensor/index.ts';
import { startWatch } from '../../watch/index.ts';
import { printAlert, printNext } from '../alert-text.ts';
import { Exit, type Context, type Register } from '../context.ts';
import { filled } from '../filled.ts';
import { durationMs } from '../duration.ts';
import { untilStopped, type Stopping } from '../signals.ts';
import { refuseUnheeded } from '../unheeded.ts';
import { openWatchOutputs, outputsOf } from '../watch-outputs.ts';

interface Options {
  from?: string;
  once?: true;
  for?: string;
  output: string[];
  check?: true;
}

export const watch: Register = (program, act) => {
  program
    .command('watch')
    .description('watches the unit directories and shows alerts as they come')
    .option('--from <file>', 'judge and store what another sensor wrote (Elastic Defend or other ECS, Auditbeat, osquery, Tickward): follows the file as tail -F does; - reads stdin to its end', filled)
    .option('--once', 'end with the first alerts; with --from, at the end of the file (exit code 3 when there were alerts)')
    .option('--for <span>', 'end after this time: 30s, 5m (exit code 3 when there were alerts and --once was given)')
    .option('--output <where>', 'also to file:/PATH (ECS, a JSON document a line), syslog, journald or command:/PROGRAM (JSON on its input); more than once for several; instead of `outputs` of the configuration', (where: string, before: string[]) => [...before, where], [])
    .option('--sensor <kind>', 'auto, fanotify, inotify or scan')
    .option('--check', 'only reads the settings, and says what is wrong with them (exit code 1): before a start of the service anew')
    .addHelpText('after', '\nExamples:\n  sudo tickward watch\n  sudo tickward watch --json --state-dir /var/lib/tickward >> alerts.ndjson\n  sudo tickward watch --once --for 5m\n  sudo tickward watch --from /var/log/osquery/osqueryd.results.log\n  tickward watch --from endpoint-events.ndjson --once --json\n  ssh host cat /var/log/auditbeat.ndjson | tickward watch --from - --once\n  sudo tickward watch --output file:/var/log/tickward/alerts.ndjson --output journald\n  sudo tickward watch --check && sudo systemctl restart tickward')
    .action(act((context, options: Options, command: Command) => {
      if (options.check) {
        refuseUnheeded(command, ['from', 'once', 'for'], '--check', 'check first, then watch');
        return check(context, options);
      }
      if (options.from !== undefined) refuseUnheeded(command, ['sensor'], '--from', 'leave out --sensor to judge what another sensor wrote, or --from to watch this host');
      return run(context, options);
    }));
};

/** Wrong settings end every command before its action: there is left what the command line says of outputs. They are not opened, since the service asks this before each start, and watches also without them. */
function check({ out, settings }: Context, options: Options): number {
  const outputs = outputsOf(settings, options.output);
  if (out.json) out.document({ ok: true });
  else out.progress(`the settings are right${outputs.length === 0 ? '' : '; whether the outputs can be used is told when watch starts'}`);
  return Exit.DONE;
}

async function run(context: Context, options: Options): Promise<number> {
  const stopping = untilStopped(options.for === undefined ? undefined : durationMs(options.for));
  try {
    const outputs = await openWatchOutputs(context, options.output, options.from !== undefined);
    try {
      return await watchWith(context, options, stopping, outputs);
    } finally {
      await outputs.close();
    }
  } finally {
    stopping.stop();
  }
}

async function watchWith(context: Context, options: Options, stopping: Stopping, outputs: Outputs): Promise<number> {
  if (options.from === undefined) return watchUntil(context, options, stopping, outputs);
  const { watchFrom } = await import('./watch-from.ts');
  const onAlert = (alert: Alert): void => {
    show(context, alert);
    outputs.send(alert);
  };
  return watchFrom(context, { from: options.from, once: options.once === true, rules: await installedRules(context), show: onAlert }, stopping);
}

async function watchUntil(context: Context, options: Options, stopping: Stopping, outputs: Outputs): Promise<number> {
  let alerts = 0;
  const watching = await startWatch({
    store: context.store('write'),
    rules: () => installedRules(context),
    mode: context.settings.sensor,
    retention: context.settings.retention,
    onNotice: (notice) => context.notice(notice),
    onSensing: (sensor) => introduce(context, sensor),
    onAlert(alert) {
      alerts += 1;
      show(context, alert);
      outputs.send(alert);
      if (options.once) stopping.stop();
    },
  });
  await stopping.stopped;
  await watching.stop();
  return options.once && alerts > 0 ? Exit.FINDINGS : Exit.DONE;
}

async function installedRules(context: Context): Promise<readonly Rule[]> {
  const { loadRulesApart } = await import('../../playbooks/rules-apart.ts');
  const rules = await loadRulesApart((message, file) => context.notice({ level: 'warn', message: `the rule ${file} does not load: ${message}` }));
  const running = rules.filter(({ run: { runs } }) => runs).length;
  if (running === 0) throw new TickwardError('FAILED', 'no rule is there to watch by: nothing would ever alert', { hint: 'mend what the warnings name, or install Tickward again' });
  context.notice({ level: 'info', message: `judging by ${running} rule(s)` });
  return rules;
}

async function introduce(context: Context, sensor: Sensor): Promise<void> {
  await context.notice({ level: 'info', message: `watching by ${sensor.source}; Ctrl-C ends` });
  for (const blind of sensor.blind) void context.notice({ level: 'warn', message: blind });
}

function show(context: Context, alert: Alert): void {
  const { out } = context;
  if (out.json) {
    out.document(alert);
    return;
  }
  printAlert(out, alert);
  printNext(out, alert);
}
