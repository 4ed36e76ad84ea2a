/** `tickward alerts`: what a rule said, what was decided about it, and how long that took. */
import { Option } from 'commander';
import { TickwardError } from '../../model/errors.ts';
import type { Alert, AlertStatus, StatusChange } from '../../model/event.ts';
import { printable } from '../../model/text.ts';
import { RELATED_WITHIN_MS, relatedTo } from '../../rule/related.ts';
import { responseTimes, type RuleTimes, type Spread } from '../../rule/response-times.ts';
import { changeText, printAlert, printCase, printNext, whereText } from '../alert-text.ts';
import { Exit, type Context, type Register } from '../context.ts';
import { limit, listing, since, sinceOption, stream, type ListOptions } from '../listing.ts';
import { alertNamed } from '../named.ts';
import { whoDecides } from '../../host/person.ts';

interface AlertOptions extends ListOptions {
  status?: AlertStatus;
  suppressed?: true;
}

const STATUSES: readonly AlertStatus[] = ['open', 'acknowledged', 'closed'];

export const alerts: Register = (program, act) => {
  const command = program.command('alerts').description('alerts: events that a rule matched, and what was decided about them');
  command.addHelpText('after', "\nExamples:\n  tickward alerts\n  tickward alerts list --since 48h --json\n  tickward alerts show 0193…\n  tickward alerts close 0193… --reason 'the backup job of CHG-42'\n  tickward alerts stats --since 30d");
  listing(command, 'alerts')
    .addOption(new Option('--status <status>', 'only those that are').choices(STATUSES))
    .option('--suppressed', 'those that an exception covers instead of those that none does')
    .action(act((context, options: AlertOptions) => {
      const filter = { since: since(options), limit: limit(options), suppressed: options.suppressed === true, ...(options.status === undefined ? {} : { statuses: [options.status] }) };
      const found = context.store().alerts.list(filter);
      return options.suppressed === true ? stream(context, found, [...COLUMNS, 'exception'], (alert) => [...row(alert), alert.suppressed_by]) : stream(context, found, COLUMNS, row);
    }));
  command.command('show <id>').description('one alert, whole: the event, the rule, what was decided, and the alerts of 48 hours before and after by the same user, host, program or path').addHelpText('after', '\nExamples:\n  tickward alerts show 0193…\n  tickward alerts show 0193… --json > alert.json').action(act(show));
  const deciding = (name: string, status: AlertStatus, description: string): void => {
    const decision = command.command(`${name} <id...>`).description(description).addHelpText('after', `\nExamples:\n  tickward alerts ${name} 0193…${status === 'closed' ? " --reason 'the backup job of CHG-42'" : ''}`);
    if (status === 'closed') decision.requiredOption('--reason <text>', 'why: it stays in the history');
    else decision.option('--reason <text>', 'why');
    decision.action(act((context, ids: string[], options: { reason?: string }) => decide(context, ids, status, options.reason)));
  };
  deciding('ack', 'acknowledged', 'says that someone looks at it');
  deciding('close', 'closed', 'says that it is dealt with, and why');
  deciding('reopen', 'open', 'takes back that it was acknowledged or closed; the history stays');
  command.command('stats').description('how long from the event to the alert (MTTD) and from the alert to its being closed (MTTR), by rule').addOption(sinceOption()).addHelpText('after', '\nExamples:\n  tickward alerts stats\n  tickward alerts stats --since 30d --json | jq .').action(act(stats));
};

const COLUMNS = ['time', 'status', 'severity', 'rule', 'path', 'process', 'user', 'id'];

function row(alert: Alert): (string | undefined)[] {
  const { event } = alert;
  return [alert['@timestamp'], alert.status, alert.rule.severity, alert.rule.name, whereText(event), event.process?.executable, event.user?.name ?? event.user?.id, alert.id];
}

function show(context: Context, id: string): number {
  const store = context.store();
  const alert = alertNamed(store, id);
  const at = Date.parse(alert['@timestamp']);
  const history = store.alerts.history(id);
  const related = relatedTo(alert, store.alerts.list({ since: at - RELATED_WITHIN_MS, until: at + RELATED_WITHIN_MS, suppressed: false }));
  if (context.out.json) {
    context.out.document({ ...alert, history, related });
    return Exit.DONE;
  }
  printAlert(context.out, alert);
  printCase(context.out, alert, history, related);
  printNext(context.out, alert);
  return Exit.DONE;
}

/** All or none: each is looked up first. */
function decide(context: Context, ids: readonly string[], status: AlertStatus, reason: string | undefined): number {
  const given = reason?.trim();
  if (given === '') throw new TickwardError('USAGE', 'the reason is empty', { hint: 'say in a few words why, for who reads the history' });
  const store = context.store();
  const found = ids.map((id) => alertNamed(store, id));
  const closed = status === 'acknowledged' ? found.find((alert) => alert.status === 'closed') : undefined;
  if (closed !== undefined) throw new TickwardError('REFUSED', `the alert ${printable(closed.id)} is closed`, { hint: `tickward alerts reopen ${printable(closed.id)}` });
  const change: StatusChange = { time: new Date().toISOString(), status, by: whoDecides(context.uid), ...(given === undefined ? {} : { reason: given }) };
  for (const { id } of found) {
    const changed = store.alerts.setStatus(id, change);
    const history = store.alerts.history(id);
    if (context.out.json) context.out.document({ ...store.alerts.get(id), history });
    else if (changed) context.out.line(`${printable(id)}  ${changeText(change)}`);
    else context.out.progress(`${printable(id)} was ${status} already: nothing was changed`);
  }
  return Exit.DONE;
}

function stats(context: Context, options: ListOptions): number {
  const filter = { since: since(options) };
  const store = context.store();
  const times = responseTimes(store.alerts.list(filter), (id) => store.alerts.history(id));
  if (context.out.json) context.out.document(times);
  else context.out.table(['rule', 'alerts', 'suppressed', 'MTTD median', 'p90', 'closed', 'MTTR median', 'p90'], times.map(statsRow));
  return Exit.DONE;
}

function statsRow({ rule, alerts: count, suppressed, mttd, mttr }: RuleTimes): (string | number)[] {
  return [rule?.name ?? 'all', count, suppressed, ...spans(mttd), mttr.count, ...spans(mttr)];
}

function spans({ median_s, p90_s }: Spread): string[] {
  return [median_s, p90_s].map((seconds) => (seconds === null ? '–' : spanText(seconds)));
}

const STEPS: readonly [unit: string, seconds: number][] = [['d', 86_400], ['h', 3_600], ['min', 60]];

function spanText(seconds: number): string {
  const [unit, size] = STEPS.find(([, least]) => seconds >= least) ?? ['s', 1];
  return `${Math.round((seconds / size) * 1_000) / 1_000} ${unit}`;
}
