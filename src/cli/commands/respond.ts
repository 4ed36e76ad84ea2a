/** `tickward respond`: a playbook's steps, each planned, decided, done, verified and journaled. */
import type { Command } from 'commander';
import { TickwardError } from '../../model/errors.ts';
import { shownPath } from '../../model/event.ts';
import { printable } from '../../model/text.ts';
import { playbookOfRule, severityOf } from '../../playbooks/of-rule.ts';
import { readPlaybook } from '../../playbooks/responses.ts';
import { SEVERITIES, type Severity } from '../../respond/findings.ts';
import { selectSteps } from '../../respond/plan.ts';
import { resumeOf } from '../../respond/resume.ts';
import { answersFrom } from '../answers.ts';
import { refuseBroken } from '../chain.ts';
import type { Context, Register } from '../context.ts';
import { refuseUnknownRun } from '../named.ts';
import { stepsOf } from '../only.ts';
import { byScript, converse, type Work } from '../responding.ts';
import { uninterrupted } from '../signals.ts';
import { subjectOf, type SubjectOptions } from '../subject.ts';
import { createUi, isInteractive } from '../ui.ts';
import { refuseUnheeded } from '../unheeded.ts';

interface Options extends SubjectOptions {
  playbook?: string;
  dryRun?: true;
  only?: string;
  severity?: string;
  answer?: string[];
  resume?: string;
  force?: true;
}

export const respond: Register = (program, act) => {
  program
    .command('respond [alert]')
    .description('carries out the playbook for an alert or a file: asks step by step, or takes --yes')
    .option('--file <path>', 'a unit file instead of an alert; what cannot be printed may be as it is shown: \\n, \\xff')
    .option('--user <name>', 'whose unit it is (default: who made the file, else its owner)')
    .option('--playbook <name>', 'another playbook than the one of the rule: a name, or a path with a /')
    .option('--dry-run', 'shows exactly what would be done and changes nothing')
    .option('--only <steps>', 'ids of steps or names of actions, separated by commas')
    .option('--severity <level>', `how bad it is: ${SEVERITIES.join(', ')} (default: what the rule says)`)
    .option('--answer <answer...>', "an answer for the record and the conditions of later steps: STEP.QUESTION=TEXT")
    .option('--resume <run>', 'goes on with a run that was stopped, interrupted or cut off')
    .option('--force', 'resumes also where the journal was changed by somebody else')
    .addHelpText('after', `
Examples:
  sudo tickward respond 0193… --dry-run
  sudo tickward respond --file /etc/systemd/system/x.timer
  sudo tickward respond 0193… --only remove --yes --json
  sudo tickward respond --resume 0193…

--yes carries out every step that is ready, isolation included: name the ones you want with --only.
Run again, it finds nothing left to do. Steps end as would-change, changed, unchanged, skipped-because, failed or
needs-person. Exit code 3 when a step is left for a person, 1 when one failed, 130 when it was interrupted. A dry run
has the exit code of what it would do: 1 when a step cannot be done, and shows what comes after it all the same.
An optional step that cannot be done is left out; named with --only it fails.
On a terminal that cannot move its cursor (TERM=dumb) questions are lines, and answers numbers and words.`)
    .action(act((context, alert: string | undefined, options: Options, command: Command) => {
      if (options.resume === undefined) refuseUnheeded(command, ['force'], 'a new run', '--force goes on with a run whose journal somebody changed: give --resume RUN too');
      return run(context, alert, options);
    }));
};

async function run(context: Context, alertId: string | undefined, options: Options): Promise<number> {
  const { settings, out } = context;
  const dryRun = options.dryRun === true;
  const work = options.resume === undefined ? workOf(context, alertId, options) : resumedWork(context, alertId, options, options.resume);
  const answers = answersFrom(options.answer ?? [], work.playbook);
  selectSteps(work.playbook, work.only);
  const asks = isInteractive(settings) && !settings.yes && !dryRun;
  if (!asks && !settings.yes && !dryRun) throw new TickwardError('USAGE', 'nobody is here to decide: stdin and stdout are no terminal (or --json or --no-input was given)', { hint: 'look with --dry-run, then run again with --yes, and --only to choose steps' });
  if (!out.json && !asks) out.line(`${out.paint('bold', printable(work.playbook.title))}: ${shownPath(work.event)}`);

  return uninterrupted((signal) => {
    const given = { ...work, answers, dryRun, signal };
    return asks ? converse(context, given, createUi(signal)) : byScript(context, given);
  });
}

function workOf(context: Context, alertId: string | undefined, options: Options): Work {
  const subject = subjectOf(context, alertId, options);
  const ofRule = playbookOfRule(subject.alert?.rule.id);
  const playbook = readPlaybook(options.playbook ?? ofRule);
  const only = options.only === undefined ? undefined : stepsOf(options.only);
  const severity = severityFrom(options.severity) ?? SEVERITIES.find((each) => each === (subject.alert?.rule.severity ?? severityOf(playbook.name)));
  return { ...subject, guide: ofRule, playbook, ...(only === undefined ? {} : { only }), ...(severity === undefined ? {} : { severity }) };
}

function resumedWork(context: Context, alertId: string | undefined, options: Options, id: string): Work {
  const option = (['file', 'user', 'playbook', 'only'] as const).find((name) => options[name] !== undefined);
  const other = alertId ?? (option === undefined ? undefined : `--${option}`);
  if (other !== undefined) throw new TickwardError('USAGE', `--resume goes on with what the run is about: ${printable(other)} does not go with it`, { hint: 'begin a new run for something else' });
  const store = context.store();
  const { journal } = store;
  refuseUnknownRun(store, id);
  refuseBroken(journal, options.force === true);
  const resume = resumeOf(journal, id);
  const { playbook, event, alert, only } = resume;
  const severity = severityFrom(options.severity) ?? resume.severity;
  return { event, ...(alert === undefined ? {} : { alert }), guide: playbookOfRule(alert?.rule.id), playbook, only, ...(severity === undefined ? {} : { severity }), resume };
}

function severityFrom(given: string | undefined): Severity | undefined {
  const found = SEVERITIES.find((each) => each === given);
  if (given !== undefined && found === undefined) throw new TickwardError('USAGE', `there is no severity ${printable(given)}`, { hint: `there are ${SEVERITIES.join(', ')}` });
  return found;
}
