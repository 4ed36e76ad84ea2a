/** A response carried out for a person, or for a script. */
import { whoDecides } from '../host/person.ts';
import { advisedMessageOf, TickwardError } from '../model/errors.ts';
import type { Answers, Investigated, Severity } from '../respond/findings.ts';
import { planResponse, selectSteps } from '../respond/plan.ts';
import type { Playbook } from '../respond/playbook.ts';
import type { Resumed } from '../respond/resume.ts';
import { respond, type RespondOptions, type RunResult, type StepResult } from '../respond/run.ts';
import { Exit, type Context } from './context.ts';
import { begin, createPerson } from './conversation.ts';
import { investigateSubject } from './findings.ts';
import { actionContext } from './response.ts';
import type { Output } from './output.ts';
import { printEnd, printStep, printSummary, resultCode } from './run-output.ts';
import type { Subject } from './subject.ts';
import type { Ui } from './ui.ts';

/** What is carried out, be it new or gone on with. */
export interface Work extends Subject {
  playbook: Playbook;
  /** The playbook whose guide is asked. */
  guide: string;
  only?: readonly string[];
  severity?: Severity;
  resume?: Resumed;
}

export interface Given extends Work {
  answers: Answers;
  dryRun: boolean;
  signal: AbortSignal;
}

export async function byScript(context: Context, given: Given): Promise<number> {
  const { out } = context;
  const shown = new Set<StepResult>();
  const result = await respond({
    ...optionsOf(context, given),
    investigate: () => investigateSubject(context, given, given.guide),
    decide: async () => 'apply',
    onStep(step) {
      if (out.json) return;
      shown.add(step);
      printStep(out, step);
    },
  });
  if (out.json) out.document(result);
  else {
    // Those that were done before, and those that were not tried.
    for (const step of result.steps) if (!shown.has(step)) printStep(out, step);
    printEnd(out, result);
  }
  return codeOf(result, out, out.json);
}

export async function converse(context: Context, given: Given, ui: Ui): Promise<number> {
  const { out } = context;
  const { playbook, event, alert, severity, resume } = given;
  out.progress('Looking at what there is …');
  const investigation = await investigateIfPossible(context, given);
  const steps = selectSteps(playbook, given.only);
  const host = actionContext(context);
  const known = { ...(alert === undefined ? {} : { alert }), ...(severity === undefined ? {} : { severity }), investigation };
  const plan = await planResponse({ ...playbook, steps }, event, host, known);
  if (!(await begin(out, ui, { ...known, playbook, event, plan, done: [...(resume?.results.values() ?? [])] }))) return Exit.DONE;
  const result = await respond({
    ...optionsOf(context, given),
    investigation,
    ...createPerson(out, ui, steps),
    onStep: (step) => printStep(out, step),
  });
  printSummary(out, result);
  if (result.ended === 'finished' && result.run !== null) await offerToClose(context, result.run, given, ui);
  return codeOf(result, out, false);
}

/** What cannot be investigated can be responded to all the same: the person is told. */
async function investigateIfPossible(context: Context, given: Given): Promise<Investigated> {
  try {
    return await investigateSubject(context, given, given.guide);
  } catch (error) {
    return { verdict: { level: 'unclear', reasons: [`the investigation failed: ${advisedMessageOf(error)}`] }, indicators: {}, steps: [] };
  }
}

function optionsOf(context: Context, { playbook, event, alert, only, severity, resume, answers, dryRun, signal }: Given): Omit<RespondOptions, 'decide'> {
  return {
    playbook,
    event,
    ...(alert === undefined ? {} : { alert }),
    ...(severity === undefined ? {} : { severity }),
    ...(only === undefined ? {} : { only }),
    ...(resume === undefined ? {} : { resume }),
    context: actionContext(context),
    journal: context.store('read').journal,
    answers,
    dryRun,
    signal,
  };
}

async function offerToClose(context: Context, run: string, { alert }: Given, ui: Ui): Promise<void> {
  const { alerts, journal } = context.store('read');
  if (alert === undefined || (alerts.get(alert.id)?.status ?? 'closed') === 'closed') return;
  if (!(await ui.confirm('Is the case over: close the alert?'))) return;
  const reason = (await ui.input('Why? (for the record)', (text) => (text.trim() === '' ? 'say why in a few words' : undefined))).trim();
  const by = whoDecides(context.uid);
  alerts.setStatus(alert.id, { time: new Date().toISOString(), status: 'closed', by, reason });
  journal.append({ run, kind: 'alert-closed', data: { alert: alert.id, by, reason } });
  context.out.line(`The alert ${alert.id} is closed.`);
}

/** Throws INTERRUPTED where a person should read how to go on; with --json the document says it. */
function codeOf(result: RunResult, { program }: Output, json: boolean): number {
  if (result.ended !== 'interrupted') return resultCode(result);
  if (json || result.run === null) return Exit.INTERRUPTED;
  throw new TickwardError('INTERRUPTED', 'interrupted: what was done so far is in the journal', { hint: `go on with ${program} respond --resume ${result.run}` });
}
