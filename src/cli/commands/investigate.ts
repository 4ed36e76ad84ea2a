/** `tickward investigate`: the guide answered for one alert or one file. */
import type { Command } from 'commander';
import type { InvestigatedStep, InvestigateOptions } from '../../investigate/index.ts';
import { printable } from '../../model/text.ts';
import { Exit, type Context, type Register } from '../context.ts';
import { refuseSocketOfNone } from '../engine.ts';
import { createProgress, showHeading, showStep, showSummary } from '../investigation-output.ts';
import { forMoreThanReader } from '../lost-reader.ts';
import { openReport } from '../report-file.ts';
import { subjectOf, type Subject, type SubjectOptions } from '../subject.ts';
import { isInteractive, ui } from '../ui.ts';

interface Options extends SubjectOptions {
  guide?: string;
  step?: string;
  lang?: string;
  report?: string;
}

export const investigate: Register = (program, act) => {
  program
    .command('investigate [alert]')
    .description("answers the guide's questions for an alert or a file")
    .option('--file <path>', 'a unit file instead of an alert; what cannot be printed may be as it is shown: \\n, \\xff')
    .option('--user <name>', 'the user to ask about (default: who made the file, else its owner)')
    .option('--guide <file>', "another guide (Markdown, or a rule's TOML)")
    .option('--step <step>', 'only this step: its number in the guide, or a check such as chain')
    .option('--lang <language>', 'en or zh-CN')
    .option('--report <file>', 'also write the report: FILE.html for people, FILE.json beside it with all of it')
    .option('--engine <name>', 'auto, osqueryd, osqueryi or embedded')
    .option('--socket <path>', "osquery's extension manager socket")
    .option('--timeout <seconds>', 'how long one query may take (default 30, a day at most)')
    .addHelpText('after', `
Examples:
  tickward investigate 0193…
  tickward investigate --file /etc/systemd/system/x.timer --user alice --lang zh-CN
  tickward investigate 0193… --json | jq .verdict
  tickward investigate 0193… --report case.html

On a terminal it asks about each step that needs a person; --no-input asks nothing. It changes nothing.
The verdict is explained, unclear, suspicious or highly-suspicious: README.md says what each rests on.
Exit code 3 when it is one of the last two, or a step needs a person.`)
    .action(act((context, alert: string | undefined, options: Options, command: Command) => {
      refuseSocketOfNone(context, command);
      const work = (): Promise<number> => run(context, alert, options);
      return options.report === undefined ? work() : forMoreThanReader(work);
    }));
};

async function run(context: Context, alertId: string | undefined, options: Options): Promise<number> {
  const { settings, out } = context;
  const report = options.report === undefined ? undefined : openReport(context, options.report);
  const subject = subjectOf(context, alertId, options);
  const { hasFindings, playbookOfRule, prepareInvestigation, readGuide, runGuide } = await loaded();
  const guide = options.guide === undefined ? readGuide(playbookOfRule(subject.alert?.rule.id), settings.lang) : (await import('./guide.ts')).readGuideFile(options.guide);
  const prepared = await prepareInvestigation(context, subject, guide);
  const progress = createProgress();
  const ask = await questions(context);
  let isHeaded = out.json;
  /** Not before the first step begins: of a step that there is none of, the error is all that is said. */
  const showHeadingOnce = (): void => {
    if (!isHeaded) showHeading(context, subject.event, isOfGuide(subject, options) ? guide.title : `No timer, looked at by this guide: ${guide.title}`, prepared.engine.name);
    isHeaded = true;
  };
  const result = await runGuide({
    ...prepared,
    ...(options.step === undefined ? {} : { only: options.step }),
    ...(ask === undefined ? {} : { ask }),
    onStart(title) {
      showHeadingOnce();
      progress.show(`looking at: ${title}`);
    },
    onStep(step) {
      progress.clear();
      showHeadingOnce();
      if (!out.json) showStep(context, step);
    },
  });
  showHeadingOnce();
  if (!out.json) showSummary(context, result);
  await report?.write(result);
  // After the report: where that fails, the error is the one document.
  if (out.json) out.document(result);
  return hasFindings(result) ? Exit.FINDINGS : Exit.DONE;
}

/** Whether the title says what is there: without an alert and a choice the guide is that of timers. */
function isOfGuide({ alert, event }: Subject, options: Options): boolean {
  return alert !== undefined || options.guide !== undefined || event.tickward.unit_type === 'timer';
}

/** What only a run needs: --help does not wait for it. */
async function loaded() {
  const [{ hasFindings, investigate: runGuide }, { readGuide }, { playbookOfRule }, { prepareInvestigation }] = await Promise.all([import('../../investigate/index.ts'), import('../../playbooks/guides.ts'), import('../../playbooks/of-rule.ts'), import('../findings.ts')]);
  return { hasFindings, playbookOfRule, prepareInvestigation, readGuide, runGuide };
}

/** Undefined where there is nobody to ask. */
async function questions({ settings }: Context): Promise<InvestigateOptions['ask']> {
  if (!isInteractive(settings) || settings.yes) return undefined;
  return async (step: InvestigatedStep) => {
    const answer = await ui.select(`${printable(step.id)}: what did you find?`, [
      { value: 'not-looked-at' as const, name: 'not looked at' },
      { value: 'fine' as const, name: 'looks fine' },
      { value: 'suspicious' as const, name: 'looks suspicious' },
      { value: 'stop' as const, name: 'ask no more' },
    ]);
    return answer === 'stop' ? null : answer;
  };
}
