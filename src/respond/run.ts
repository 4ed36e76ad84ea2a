/** Carries out a response: every step is planned, decided, journalled before each change, done and verified. */
import { messageOf, TickwardError } from '../model/errors.ts';
import type { JsonObject } from '../model/journal.ts';
import { noteAnswersElsewhere } from './given.ts';
import { selectSteps } from './plan.ts';
import type { PlaybookStep } from './playbook.ts';
import { resultOf, type RunResult } from './result.ts';
import { newRunId } from './run-id.ts';
import { noteInvestigation, plain, type RespondOptions, type Running } from './session.ts';
import { takeStep, type Outcome } from './step.ts';
import { refuseWhileRunning } from './still-running.ts';
import { HOST, targetOf } from './target.ts';
import { thisProcess } from './who.ts';

export type { RunResult, StepResult, StepState } from './result.ts';
export type { Attended, Decision, Person, RespondOptions } from './session.ts';

export async function respond(options: RespondOptions): Promise<RunResult> {
  const steps = selectSteps(options.playbook, options.only);
  const running = begin(options, steps);
  /** Gone back to: shown again although it is settled. */
  let again: string | undefined;
  for (let index = 0; index < steps.length; ) {
    const step = steps[index];
    if (step === undefined) break;
    const isSettled = running.results.has(step.id) && again !== step.id;
    const outcome = isSettled || running.stopped !== undefined ? undefined : await attempt(step, running, again === step.id);
    again = undefined;
    if (outcome === 'back') {
      const earlier = steps.findLastIndex((each, at) => at < index && running.seen.has(each.id));
      index = earlier < 0 ? index : earlier;
      again = steps[index]?.id;
      continue;
    }
    index += 1;
    if (outcome === undefined) continue;
    running.results.set(step.id, outcome.result);
    options.onStep?.(outcome.result, outcome.planned);
  }
  return finish(running, steps);
}

function begin(options: RespondOptions, steps: readonly PlaybookStep[]): Running {
  const { playbook, event, context, resume, journal, alert, severity } = options;
  const dryRun = options.dryRun ?? false;
  const run = resume?.run ?? newRunId();
  const running: Running = {
    options,
    dryRun,
    run,
    target: event === undefined ? HOST : targetOf(event, context),
    selected: new Set(steps.map((step) => step.id)),
    results: new Map(resume?.results),
    answers: structuredClone(resume?.answers ?? {}),
    cutOff: new Map(resume?.cutOff),
    ...(options.investigation === undefined ? {} : { investigation: options.investigation }),
    seen: new Set(resume?.results.keys()),
    interrupted: false,
    say: (kind, data, step) => void (dryRun || journal.append({ run, ...(step === undefined ? {} : { step }), kind, data })),
  };
  if (resume === undefined) {
    running.say('run-started', { playbook: playbook.name, target: running.target, ...(event === undefined ? {} : { event: event.event.id }), ...(alert === undefined ? {} : { alert: alert.id }), ...thisProcess() });
    const { event: _event, ...bare } = alert ?? { event };
    running.say('run-known', { ...(event === undefined ? {} : { event: plain(event) }), ...(alert === undefined ? {} : { alert: plain(bare) }), ...(severity === undefined ? {} : { severity }), only: [...(options.only ?? [])], playbook: plain(playbook) });
  } else if (!dryRun) {
    const { seq } = journal.append({ run, kind: 'run-resumed', data: thisProcess() });
    refuseWhileRunning(journal.entries(run), seq);
  }
  noteAnswersElsewhere(running);
  if (options.investigation !== undefined) noteInvestigation(running, options.investigation);
  return running;
}

async function attempt(step: PlaybookStep, running: Running, again: boolean): Promise<Outcome> {
  if (running.options.signal?.aborted) return interrupt(running);
  try {
    return await takeStep(step, running, again);
  } catch (error) {
    if (error instanceof TickwardError && error.code === 'INTERRUPTED') return interrupt(running);
    throw error;
  }
}

function interrupt(running: Running): undefined {
  running.stopped ??= 'interrupted';
  running.interrupted = true;
}

function finish(running: Running, steps: readonly PlaybookStep[]): RunResult {
  const { options, run, dryRun, results, stopped, interrupted } = running;
  const all = steps.map((step) => results.get(step.id) ?? resultOf(step, { answers: running.answers[step.id] ?? {} })('skipped-because', `not tried: ${stopped ?? 'the response ended before it'}`));
  const states = all.map(({ id, state }) => ({ id, state }));
  if (stopped === undefined) running.say('run-finished', { steps: states });
  else trySaying(running, { reason: stopped, steps: states });
  return { run: dryRun ? null : run, playbook: options.playbook.name, target: running.target, dry_run: dryRun, ended: interrupted ? 'interrupted' : stopped === undefined ? 'finished' : 'stopped', steps: all };
}

/** What was stopped may have been so because the journal takes nothing more: the results are given all the same. */
function trySaying(running: Running, data: JsonObject): void {
  try {
    running.say('run-interrupted', data);
  } catch (error) {
    process.emitWarning(`the journal could not take the end of the run: ${messageOf(error)}`);
  }
}
