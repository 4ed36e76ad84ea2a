/** `tickward respond`: a playbook's steps, each planned, decided, done, verified and journaled. */
import { TickwardError } from '../../model/errors.ts';
import { shownPath, type FileEvent } from '../../model/event.ts';
import { printable } from '../../model/text.ts';
import { playbookOfRule, readPlaybook } from '../../playbooks/index.ts';
import { selectSteps, type PlannedStep } from '../../respond/plan.ts';
import type { Playbook } from '../../respond/playbook.ts';
import { respond as runResponse, type Decision, type RunResult } from '../../respond/run.ts';
import { Exit, type Context, type Register } from '../context.ts';
import { actionContext } from '../response.ts';
import { printEnd, printPlanned, printStep, resultCode } from '../run-output.ts';
import { untilStopped } from '../signals.ts';
import { subjectOf, type SubjectOptions } from '../subject.ts';

type Ui = typeof import('../ui.ts').ui;

interface Options extends SubjectOptions {
  playbook?: string;
  dryRun?: true;
  only?: string;
}

export const respond: Register = (program, act) => {
  program
    .command('respond [alert]')
    .description('carries out the playbook for an alert or a file: asks step by step, or takes --yes')
    .option('--file <path>', 'a unit file instead of an alert; bytes that are no UTF-8 as they are shown: \\xff')
    .option('--user <name>', 'whose unit it is (default: who made the file, else its owner)')
    .option('--playbook <name>', 'another playbook than the one of the rule')
    .option('--dry-run', 'shows exactly what would be done and changes nothing')
    .option('--only <steps>', 'ids of steps or names of actions, separated by commas')
    .addHelpText('after', `
Examples:
  sudo tickward respond 0193… --dry-run
  sudo tickward respond --file /etc/systemd/system/x.timer
  sudo tickward respond 0193… --only remove --yes --json

--yes carries out every step that is ready, isolation included: name the ones you want with --only.
Exit code 3 when a step is left for a person, 1 when one failed.`)
    .action(act((context, alert: string | undefined, options: Options) => run(context, alert, options)));
};

async function run(context: Context, alertId: string | undefined, options: Options): Promise<number> {
  const { settings, out } = context;
  const subject = subjectOf(context, alertId, options);
  const playbook = readPlaybook(options.playbook ?? playbookOfRule(subject.alert?.rule.id));
  // Loaded only here: inquirer takes longer to load than the rest of the program.
  const { isInteractive, ui } = await import('../ui.ts');
  const asks = isInteractive(settings) && !settings.yes && options.dryRun !== true;
  if (!asks && !settings.yes && options.dryRun !== true) throw new TickwardError('USAGE', 'nobody is here to decide: stdin and stdout are no terminal (or --json or --no-input was given)', { hint: 'look with --dry-run, then run again with --yes, and --only to choose steps' });
  const only = options.only?.split(',').map((step) => step.trim()).filter(Boolean);
  selectSteps(playbook, only);
  if (!out.json) out.line(`${out.paint('bold', printable(playbook.title))}: ${shownPath(subject.event)}`);

  const stop = new AbortController();
  const stopping = untilStopped();
  void stopping.stopped.then(() => stop.abort());
  try {
    return await carryOut(context, { ...subject, playbook, ...(only === undefined ? {} : { only }) }, { asks, dryRun: options.dryRun === true, ui }, stop);
  } finally {
    stopping.stop();
  }
}

interface Subjects {
  event: FileEvent;
  playbook: Playbook;
  only?: readonly string[];
}

async function carryOut(context: Context, { event, playbook, only }: Subjects, { asks, dryRun, ui }: { asks: boolean; dryRun: boolean; ui: Ui }, stop: AbortController): Promise<number> {
  const { out } = context;
  let interrupted: unknown;
  const asked = <Answer>(answer: Promise<Answer>, otherwise: Answer): Promise<Answer> => answer.catch((error: unknown) => {
    interrupted = error;
    stop.abort();
    return otherwise;
  });
  const result: RunResult = await runResponse({
    playbook,
    event,
    context: actionContext(context),
    journal: context.store().journal,
    dryRun,
    ...(only === undefined ? {} : { only }),
    signal: stop.signal,
    decide: async (step) => (asks ? await asked(decide(context, step, ui), { stop: true }) : 'apply'),
    ...(asks ? { acknowledge: (step: PlannedStep) => asked(acknowledge(context, step, ui), false) } : {}),
    onStep(step) {
      if (!out.json) printStep(out, step);
    },
  });
  if (out.json) out.document(result);
  else printEnd(out, result);
  if (interrupted !== undefined) throw interrupted;
  return stop.signal.aborted ? Exit.INTERRUPTED : resultCode(result);
}

async function decide({ out }: Context, step: PlannedStep, ui: Ui): Promise<Decision> {
  printPlanned(out, step);
  const choices = [
    { value: 'skip' as const, name: 'skip this step' },
    { value: 'apply' as const, name: `do it: ${step.changes.length} change${step.changes.length === 1 ? '' : 's'}` },
    { value: 'stop' as const, name: 'stop the response here' },
  ];
  const answer = await ui.select(`${step.id}?`, step.default === 'yes' ? choices.toSorted((one) => (one.value === 'apply' ? -1 : 0)) : choices);
  return answer === 'stop' ? { stop: true } : answer;
}

async function acknowledge({ out }: Context, step: PlannedStep, ui: Ui): Promise<boolean> {
  printPlanned(out, step);
  return ui.confirm('Is this done?');
}
