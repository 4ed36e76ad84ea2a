/** `tickward exception`: what a rule leaves out from now on, made from an alert that someone looked at. */
import { randomBytes } from 'node:crypto';
import { Option } from 'commander';
import { TickwardError } from '../../model/errors.ts';
import type { Alert } from '../../model/event.ts';
import { isActive, type AlertException, type FieldTest } from '../../model/exception.ts';
import { printable } from '../../model/text.ts';
import { proposalsFor, warningsFor, type Proposal } from '../../rule/exception-review.ts';
import { compileTests } from '../../rule/exceptions.ts';
import { Exit, type Context, type Register } from '../context.ts';
import { untilMs } from '../duration.ts';
import { addTestOptions, inAnyCase, testsOf, testsText } from '../exception-options.ts';
import { askException } from '../exception-questions.ts';
import { stream } from '../listing.ts';
import { alertNamed, known } from '../named.ts';
import { isInteractive, ui } from '../ui.ts';
import { whoDecides } from '../../host/person.ts';

interface AddOptions {
  by?: Proposal['name'];
  ignoreCase?: true;
  everyRule?: true;
  reason?: string;
  expires?: string;
  author?: string;
  dryRun?: true;
}

const EXAMPLES = `
Examples:
  tickward exception add 0193…
  tickward exception add 0193… --by command --reason 'the backup job of CHG-42' --expires 30d
  tickward exception add 0193… --field user.name --field process.command_line --wildcard '/opt/backup/run *' --reason CHG-42
  tickward exception add 0193… --by user --dry-run --json`;

export const exception: Register = (program, act) => {
  const command = program.command('exception').description('exceptions: what rules leave out, by whom, why and until when');
  command.addHelpText('after', EXAMPLES.replace(/\n[^\n]*--dry-run[^\n]*/, '\n  tickward exception list\n  tickward exception remove 5f3a91c2'));
  const add = command
    .command('add <alert>')
    .description('leaves out what is like an alert: asks what, or takes it from the options; all tests have to hold')
    .addOption(new Option('--by <what>', 'proposed: user + program + command line, whatever the user does, or the whole host').choices(['command', 'user', 'host']));
  const given = addTestOptions(add);
  add
    .option('--ignore-case', 'ASCII letters of both cases are the same')
    .option('--every-rule', 'for every rule, not for that of the alert alone')
    .option('--reason <text>', 'why: required')
    .option('--expires <when>', 'a span from now (30d) or an ISO date; without one it holds until it is removed')
    .option('--author <name>', 'who (default: who is logged in)')
    .option('--dry-run', 'shows it and what it would cover, and makes nothing')
    .addHelpText('after', `${EXAMPLES}\n\nWhat an exception covers is stored and marked, not shown: tickward alerts --suppressed.`)
    .action(act((context, id: string, options: AddOptions) => run(context, alertNamed(context.store(), id), options, (alert) => testsOf(alert, given))));
  command.command('list', { isDefault: true }).description('those that count now, oldest first').option('--all', 'also those that expired or were removed').addHelpText('after', '\nExamples:\n  tickward exception list\n  tickward exception list --all --json | jq .reason').action(act(list));
  command.command('remove <id>').description('makes the rule see again what it left out; it stays on record').addHelpText('after', '\nExamples:\n  tickward exception remove 5f3a91c2').action(act(remove));
};

async function run(context: Context, alert: Alert, options: AddOptions, testsGiven: (alert: Alert) => FieldTest[]): Promise<number> {
  const author = options.author?.trim() ?? whoDecides(context.uid);
  if (author === '') throw new TickwardError('USAGE', 'the author is empty', { hint: 'say who with --author, or leave it out: then it is who is logged in' });
  const tests = [...proposed(alert, options), ...testsGiven(alert)];
  const choice = await completed(context, alert, { ...options, tests });
  const meant = options.ignoreCase === true ? inAnyCase(choice.tests) : choice.tests;
  compileTests(meant);
  const now = new Date();
  const made: AlertException = {
    id: randomBytes(4).toString('hex'),
    rule: options.everyRule === true ? null : { id: alert.rule.id, name: alert.rule.name },
    tests: meant,
    reason: choice.reason,
    author,
    created: now.toISOString(),
    expires: choice.expires === undefined ? null : new Date(untilMs(choice.expires, now.getTime())).toISOString(),
    alert: alert.id,
  };
  const reviewed = { exception: made, covers: coverage(context, made), warnings: warningsOf(made, alert), dry_run: options.dryRun === true };
  if (!(await agreed(context, choice.asks, reviewed.warnings))) return Exit.DONE;
  if (!reviewed.dry_run) context.store().exceptions.add(made);
  print(context, reviewed);
  return Exit.DONE;
}

function proposed(alert: Alert, options: AddOptions): FieldTest[] {
  if (options.by === undefined) return [];
  const proposal = proposalsFor(alert).find(({ name }) => name === options.by);
  if (proposal === undefined) throw new TickwardError('USAGE', `the alert does not have the fields for --by ${options.by}`, { hint: 'name others with --field: tickward alerts show ID --json shows what it has' });
  return proposal.tests;
}

interface Choice {
  tests: FieldTest[];
  reason: string;
  expires?: string;
  /** Somebody is there to ask. */
  asks: boolean;
}

/** What the options leave open is asked, where somebody is there. */
async function completed(context: Context, alert: Alert, given: { tests: FieldTest[]; reason?: string; expires?: string; dryRun?: true }): Promise<Choice> {
  const reason = given.reason?.trim();
  const expires = given.expires === undefined ? {} : { expires: given.expires };
  const isWhole = given.tests.length > 0 && (reason !== undefined || given.dryRun === true);
  if (isWhole && reason !== '') return { tests: given.tests, reason: reason ?? '', ...expires, asks: false };
  if (isInteractive(context.settings)) return { ...(await askException(ui, proposalsFor(alert), given)), asks: true };
  if (given.tests.length === 0) throw new TickwardError('USAGE', 'it is not said what the exception covers', { hint: `give --by ${proposalsFor(alert).map(({ name }) => name).join('|')}, or --field NAME, or run it on a terminal` });
  throw new TickwardError('USAGE', 'an exception needs a reason', { hint: 'say why with --reason: who finds it in a year will ask' });
}

function coverage(context: Context, { tests, rule }: AlertException): { alerts: number; of: number } {
  const covers = compileTests(tests);
  let [alerts, of] = [0, 0];
  for (const alert of context.store().alerts.list({ suppressed: false })) {
    if (rule !== null && rule.id !== alert.rule.id) continue;
    of += 1;
    if (covers(alert.event)) alerts += 1;
  }
  return { alerts, of };
}

function warningsOf({ tests, expires }: AlertException, alert: Alert): string[] {
  return [
    ...warningsFor(tests),
    ...(compileTests(tests)(alert.event) ? [] : ['it does not cover the alert that it is made from']),
    ...(expires === null ? ['it has no end: it holds until someone removes it (--expires 30d)'] : []),
  ];
}

async function agreed(context: Context, asks: boolean, warnings: readonly string[]): Promise<boolean> {
  if (!asks) {
    for (const warning of warnings) context.out.progress(`warning: ${warning}`);
    return true;
  }
  return ui.confirm(warnings.length === 0 ? 'Make this exception?' : `Make this exception, although ${warnings.join('; and ')}?`);
}

function print(context: Context, reviewed: { exception: AlertException; covers: { alerts: number; of: number }; dry_run: boolean }): void {
  const { out } = context;
  if (out.json) {
    out.document(reviewed);
    return;
  }
  const { exception: made, covers } = reviewed;
  out.line(`${reviewed.dry_run ? 'Would leave out' : `Exception ${out.paint('bold', made.id)} leaves out`} ${made.rule === null ? 'for every rule' : `for the rule ${printable(made.rule.name)}`}: ${testsText(made.tests)}`);
  out.line(`  until    ${made.expires ?? 'it is removed'}`);
  out.line(`  by       ${printable(made.author)}: ${made.reason === '' ? 'no reason given' : printable(made.reason)}`);
  out.line(`  covers   ${covers.alerts} of ${covers.of} alert(s) that are stored; they stay as they are, new ones are stored and marked`);
}

function list(context: Context, options: { all?: true }): number {
  const store = context.store();
  const now = Date.now();
  const counts = store.alerts.suppressedCounts();
  const found = store.exceptions.all().filter((each) => options.all === true || isActive(each, now)).map((each) => ({ ...each, state: stateOf(each, now), suppressed: counts.get(each.id) ?? 0 }));
  return stream(context, found, ['id', 'state', 'rule', 'leaves out', 'reason', 'author', 'expires', 'suppressed'], (each) => [each.id, each.state, each.rule?.name ?? 'every rule', testsText(each.tests), each.reason, each.author, each.expires ?? 'never', each.suppressed]);
}

function stateOf(each: AlertException, now: number): 'active' | 'expired' | 'removed' {
  if (each.removed !== undefined) return 'removed';
  return isActive(each, now) ? 'active' : 'expired';
}

function remove(context: Context, id: string): number {
  const { exceptions } = context.store();
  known(exceptions.get(id), 'exception', id);
  if (!exceptions.remove(id, { time: new Date().toISOString(), by: whoDecides(context.uid) })) context.out.progress(`the exception ${printable(id)} was removed before: nothing was changed`);
  const removed = known(exceptions.get(id), 'exception', id);
  if (context.out.json) context.out.document(removed);
  else context.out.line(`${printable(id)} is removed: its rule sees again ${testsText(removed.tests)}`);
  return Exit.DONE;
}
