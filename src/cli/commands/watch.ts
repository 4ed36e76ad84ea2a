/** `tickward watch`: the sensor and the rules in the foreground. */
import { isThisHost } from '../../host/identity.ts';
import { placedMessageOf, TickwardError } from '../../model/errors.ts';
import { shownPath, type Alert } from '../../model/event.ts';
import { printable } from '../../model/text.ts';
import type { Rule } from '../../rule/load.ts';
import type { Sensor } from '../../sensor/index.ts';
import { startWatch } from '../../watch/index.ts';
import { Exit, type Context, type Register } from '../context.ts';
import { durationMs } from '../duration.ts';
import { untilStopped, type Stopping } from '../signals.ts';

interface Options {
  from?: string;
  once?: true;
  for?: string;
}

export const watch: Register = (program, act) => {
  program
    .command('watch')
    .description('watches the unit directories and shows alerts as they come')
    .option('--from <file>', 'judge and store what another sensor wrote (Elastic Defend or other ECS, Auditbeat, osquery, Tickward): follows the file as tail -F does; - reads stdin to its end')
    .option('--once', 'end with the first alerts; with --from, at the end of the file (exit code 3 when there were alerts)')
    .option('--for <span>', 'end after this time: 30s, 5m (exit code 3 when there were alerts and --once was given)')
    .option('--sensor <kind>', 'auto, fanotify, inotify or scan')
    .addHelpText('after', '\nExamples:\n  sudo tickward watch\n  sudo tickward watch --json --state-dir /var/lib/tickward >> alerts.ndjson\n  sudo tickward watch --once --for 5m\n  sudo tickward watch --from /var/log/osquery/osqueryd.results.log\n  tickward watch --from endpoint-events.ndjson --once --json\n  ssh host cat /var/log/auditbeat.ndjson | tickward watch --from - --once')
    .action(act((context, options: Options) => run(context, options)));
};

async function run(context: Context, options: Options): Promise<number> {
  const stopping = untilStopped(options.for === undefined ? undefined : durationMs(options.for));
  try {
    if (options.from === undefined) return await watchUntil(context, options, stopping);
    const { watchFrom } = await import('./watch-from.ts');
    return await watchFrom(context, { from: options.from, once: options.once === true, rules: await installedRules(context), show: (alert) => show(context, alert) }, stopping);
  } finally {
    stopping.stop();
  }
}

async function watchUntil(context: Context, options: Options, stopping: Stopping): Promise<number> {
  let alerts = 0;
  const watching = await startWatch({
    store: context.store(),
    rules: () => installedRules(context),
    mode: context.settings.sensor,
    retention: context.settings.retention,
    onNotice: (notice) => context.notice(notice),
    onSensing: (sensor) => introduce(context, sensor),
    onAlert(alert) {
      alerts += 1;
      show(context, alert);
      if (options.once) stopping.stop();
    },
  });
  await stopping.stopped;
  await watching.stop();
  return options.once && alerts > 0 ? Exit.FINDINGS : Exit.DONE;
}

async function installedRules(context: Context): Promise<readonly Rule[]> {
  const { loadRules } = await import('../../playbooks/rules.ts');
  const rules = loadRules((error, file) => context.notice({ level: 'warn', message: `the rule ${file} does not load: ${placedMessageOf(error)}` }));
  const running = rules.filter(({ run: { runs } }) => runs).length;
  if (running === 0) throw new TickwardError('FAILED', 'no rule is there to watch by: nothing would ever alert', { hint: 'mend what the warnings name, or install Tickward again' });
  context.notice({ level: 'info', message: `judging by ${running} rule(s)` });
  return rules;
}

function introduce(context: Context, sensor: Sensor): void {
  context.notice({ level: 'info', message: `watching by ${sensor.source}; Ctrl-C ends` });
  for (const blind of sensor.blind) context.notice({ level: 'warn', message: blind });
}

function show(context: Context, alert: Alert): void {
  const { out } = context;
  if (out.json) {
    out.document(alert);
    return;
  }
  const { event } = alert;
  const by = event.process;
  out.line(`${out.paint('red', 'ALERT')} ${alert['@timestamp']}  ${out.paint('bold', shownPath(event))} (${event.event.action})`);
  out.line(`  rule     ${alert.rule.name} — ${alert.rule.severity}, risk ${alert.rule.risk_score}, ${alert.rule.threat.technique.join(', ')}`);
  out.line(`  by       ${by?.executable === undefined ? 'not known' : printable(by.executable)}${by === undefined ? '' : ` (pid ${by.pid}, parent ${printable(by.parent?.name ?? '?')})`}, attribution ${event.tickward.attribution}`);
  if (by?.command_line !== undefined) out.line(`  command  ${printable(by.command_line)}`);
  const isHere = event.tickward.source !== 'import' || isThisHost(event.host);
  if (event.tickward.source === 'import') out.line(`  host     ${printable(event.host.name)}, as another sensor told`);
  out.line(`  user     ${printable(event.user?.name ?? event.user?.id ?? 'not known')}`);
  out.line(`  next     ${isHere ? `tickward investigate ${alert.id}` : 'on that host: tickward investigate --file with this path'}`);
}
