/** Alerts for people: as they come, and whole. */
import { isOfThisHost } from '../host/identity.ts';
import { shownPath, type Alert, type FileEvent, type StatusChange } from '../model/event.ts';
import { printable, shorten } from '../model/text.ts';
import type { Related } from '../rule/related.ts';
import type { Output } from './output.ts';

export function printAlert(out: Output, alert: Alert): void {
  const { event } = alert;
  const by = event.process;
  out.line(`${out.paint('red', 'ALERT')} ${alert['@timestamp']}  ${out.paint('bold', shownPath(event))} (${event.event.action})`);
  out.line(`  rule     ${printable(alert.rule.name)} — ${alert.rule.severity}, risk ${alert.rule.risk_score}, ${printable(alert.rule.threat.technique.join(', '))}`);
  out.line(`  by       ${by?.executable === undefined ? 'not known' : printable(by.executable)}${by === undefined ? '' : ` (pid ${by.pid}, parent ${printable(by.parent?.name ?? '?')})`}, attribution ${event.tickward.attribution}`);
  if (by?.command_line !== undefined) out.line(`  command  ${commandText(by.command_line)}`);
  // That the kernel kept only the start of the command line is said here.
  if (event.tickward.attribution_note !== undefined) out.line(`  note     ${shorten(event.tickward.attribution_note, MOST_OF_A_COMMAND)}`);
  if (event.tickward.source === 'import') out.line(`  host     ${printable(event.host.name)}, as another sensor told`);
  out.line(`  user     ${userText(event)}`);
}

/** Who made the file, in few words. */
export function makerText(event: FileEvent): string {
  return `${printable(event.process?.executable ?? 'not known')} (attribution ${event.tickward.attribution}), user ${userText(event)}`;
}

export function userText({ user }: FileEvent): string {
  return printable(user?.name ?? user?.id ?? 'not known');
}

/** As much as Tickward's own sensor keeps of most: what whoever runs a program appends to it must not push the rest of the alert off the screen. */
const MOST_OF_A_COMMAND = 512;

function commandText(command: string): string {
  const text = printable(command);
  return text.length <= MOST_OF_A_COMMAND ? text : `${shorten(command, MOST_OF_A_COMMAND)} (${text.length} characters in all: --json has them)`;
}

/** The path in a list, with the host before it where another sensor told of another one: `web-7:/etc/systemd/system/x.timer`. */
export function whereText(event: FileEvent): string {
  return isOfThisHost(event) ? shownPath(event) : `${printable(event.host.name)}:${shownPath(event)}`;
}

/** The command that goes on from it. */
export function printNext(out: Output, { id, event }: Alert): void {
  out.line(`  next     ${isOfThisHost(event) ? `${out.program} investigate ${printable(id)}` : 'on that host: tickward investigate --file with this path'}`);
}

/** What was decided about an alert, and what has to do with it. */
export function printCase(out: Output, alert: Alert, history: readonly StatusChange[], related: readonly Related[]): void {
  out.line(`  event    ${eventText(alert)}`);
  out.line(`  status   ${alert.status}${alert.suppressed_by === undefined ? '' : `, suppressed by the exception ${printable(alert.suppressed_by)}`}`);
  for (const change of history) out.line(`           ${changeText(change)}`);
  for (const [index, { relation, value, count, ids }] of related.entries()) {
    const newest = ids.length === 0 ? '' : `: ${ids.slice(0, SHOWN).map(printable).join(', ')}${count > SHOWN ? ', …' : ''}`;
    out.line(`  ${index === 0 ? 'related' : '       '}  ${count} by the same ${relation} (${shorten(value, VALUE_WIDTH)})${newest}`);
  }
}

const SHOWN = 3;
const VALUE_WIDTH = 60;

function eventText({ event: { event: { id }, '@timestamp': time } }: Alert): string {
  return `${printable(id)} of ${time}`;
}

export function changeText({ time, status, by, reason }: StatusChange): string {
  return `${status} by ${printable(by)} at ${time}${reason === undefined ? '' : `: ${printable(reason)}`}`;
}
