/** `tickward investigate`: the guide answered for one alert or one file. */
import { TickwardError } from '../../model/errors.ts';
import { shownPath } from '../../model/event.ts';
import { printable } from '../../model/text.ts';
import { readUsers } from '../../host/passwd.ts';
import { investigate as runGuide, type InvestigatedStep, type Investigation } from '../../investigate/index.ts';
import { playbookOfRule, readGuide } from '../../playbooks/index.ts';
import { Exit, type Context, type Register } from '../context.ts';
import { openEmbedded, openEngine } from '../engine.ts';
import { subjectOf, type SubjectOptions } from '../subject.ts';
import { readGuideFile } from './guide.ts';

interface Options extends SubjectOptions {
  guide?: string;
  step?: string;
  lang?: string;
}

const MOST_ROWS = 10_000;
/** Rows of one answer shown to a person; --json has all. */
const SHOWN_ROWS = 20;

export const investigate: Register = (program, act) => {
  program
    .command('investigate [alert]')
    .description("answers the guide's questions for an alert or a file")
    .option('--file <path>', 'a unit file instead of an alert; bytes that are no UTF-8 as they are shown: \\xff')
    .option('--user <name>', 'the user to ask about (default: who made the file, else its owner)')
    .option('--guide <file>', "another guide (Markdown, or a rule's TOML)")
    .option('--step <n>', 'only this step')
    .option('--lang <language>', 'en or zh-CN')
    .option('--engine <name>', 'auto, osqueryd, osqueryi or embedded')
    .option('--socket <path>', "osquery's extension manager socket")
    .option('--timeout <seconds>', 'how long one query may take (default 30)')
    .addHelpText('after', '\nExamples:\n  tickward investigate 0193…\n  tickward investigate --file /etc/systemd/system/x.timer --user alice --lang zh-CN\n  tickward investigate 0193… --json | jq .verdict\n\nExit code 3 when the verdict is suspicious or a step needs a person.')
    .action(act((context, alert: string | undefined, options: Options) => run(context, alert, options)));
};

async function run(context: Context, alertId: string | undefined, options: Options): Promise<number> {
  const { settings, out } = context;
  const subject = subjectOf(context, alertId, options);
  const guide = options.guide === undefined ? readGuide(playbookOfRule(subject.alert?.rule.id), settings.lang) : readGuideFile(options.guide);
  const only = options.step === undefined ? undefined : stepIndex(options.step, guide.steps.map((step) => step.index));
  const engine = await openEngine(context);
  const embedded = await openEmbedded(context, engine);
  const user = subject.event.user?.name;
  const home = readUsers().find((entry) => entry.name === user)?.home;
  if (!out.json) heading(context, subject.event, guide.title, engine.name);
  const result = await runGuide({
    event: subject.event,
    ...(subject.alert === undefined ? {} : { alert: subject.alert.id }),
    guide,
    engine,
    parses: (sql) => embedded.parses(sql),
    ...(home === undefined ? {} : { home }),
    timeoutMs: settings.timeout * 1000,
    maxRows: MOST_ROWS,
    ...(only === undefined ? {} : { only }),
    onStep(step) {
      if (!out.json) showStep(context, step);
    },
  });
  if (out.json) out.document(result);
  else summary(context, result, guide.problems);
  return result.verdict.level === 'suspicious' || result.steps.some((step) => step.needs_person !== null) ? Exit.FINDINGS : Exit.DONE;
}

function stepIndex(text: string, known: readonly number[]): number {
  const index = Number(text);
  if (!known.includes(index)) throw new TickwardError('USAGE', `the guide has no step ${printable(text)}`, { hint: `it has ${Math.min(...known)} to ${Math.max(...known)}` });
  return index;
}

function heading({ out }: Context, event: Investigation['event'], title: string, engine: string): void {
  out.line(out.paint('bold', printable(title)));
  out.line(`file     ${shownPath(event)} (${event.event.action}, ${event['@timestamp']})`);
  out.line(`by       ${printable(event.process?.executable ?? 'not known')} (attribution ${event.tickward.attribution}), user ${printable(event.user?.name ?? event.user?.id ?? 'not known')}`);
  out.line(`engine   ${engine}`);
}

export function showStep({ out }: Context, step: InvestigatedStep, shown = SHOWN_ROWS): void {
  out.line();
  out.line(out.paint('bold', `${step.id}. ${printable(step.title)}`));
  if (step.needs_person !== null) {
    out.line('  for you to do');
    return;
  }
  for (const repair of step.repairs) out.line(`  repaired: ${printable(repair)}`);
  for (const warning of step.warnings) out.line(out.paint('yellow', `  warning: ${printable(warning)}`));
  if (step.skipped !== null) out.line(out.paint('yellow', `  skipped: ${printable(step.skipped)}`));
  else if (step.error !== null) out.line(out.paint('red', `  failed: ${printable(step.error)}`));
  else if (step.rows.length === 0) out.line('  no rows');
  else {
    out.table(step.columns, step.rows.slice(0, shown).map((row) => step.columns.map((column) => row[column])));
    if (step.rows.length > shown) out.line(`  … ${step.rows.length - shown} more rows`);
  }
}

function summary({ out }: Context, result: Investigation, problems: readonly string[]): void {
  out.line();
  out.line(out.paint(result.verdict.level === 'suspicious' ? 'red' : 'yellow', `Verdict: ${result.verdict.level}`));
  for (const reason of [...result.verdict.reasons, ...problems]) out.line(`  - ${printable(reason)}`);
  const target = result.alert ?? `--file '${shownPath(result.event)}'`;
  out.line(`Next: tickward respond ${target} --dry-run`);
}
