/** A host's side of `tickward fleet`: one task out of a file, one answer on stdout. */
import { readFileSync } from 'node:fs';
import { failed, parseTask, type Answer, type GivenTask, type Indicators } from '../fleet/task.ts';
import { messageOf } from '../model/errors.ts';
import { Exit, type Context } from './context.ts';
import { actionContext, LAUNCHER } from './response.ts';

/** The answer is on stdout also when the task failed: Ansible reads it there. */
export async function answerTask(context: Context, file: string): Promise<number> {
  const answer = await answerTo(context, file);
  process.stdout.write(`${JSON.stringify(answer)}\n`);
  return answer.failed === true ? Exit.FAILED : Exit.DONE;
}

async function answerTo(context: Context, file: string): Promise<Answer> {
  try {
    const given = parseTask(readFileSync(file, 'utf8'));
    if (given.task.do === 'sweep') return await sweep(context, given, given.task.indicators);
    const { carryOut } = await import('../fleet/host.ts');
    return await carryOut(given, { program: ['/bin/sh', LAUNCHER], stateDir: context.store('read').directory, recordOf: (run) => recordOf(context, run) });
  } catch (error) {
    return failed('error', messageOf(error));
  }
}

/** As `runs show --json`. */
function recordOf(context: Context, run: string): unknown {
  const { journal } = context.store('read');
  return { run, chain: journal.verify(), entries: journal.entries(run) };
}

/** Changes nothing, so that it needs no run of its own. */
async function sweep(context: Context, { task }: GivenTask, indicators: Indicators): Promise<Answer> {
  const { sweepLocal } = await import('../actions/sweep-local.ts');
  const { checked } = await import('../actions/sweep-indicators.ts');
  // One that is left out would be one that is not there.
  const { notes: wrong } = checked(indicators);
  if (wrong.length > 0) return failed('error', wrong.join('; '));
  const target = { path: '/', unit: '', scope: 'system' } as const;
  const host = { ...actionContext(context), target, run: 'sweep', step: 'sweep' };
  const plan = await sweepLocal.plan(sweepLocal.params.parse({ ...indicators, from_alert: false, days: 0, seconds: Math.min(MOST_SECONDS, Math.ceil(task.deadline_seconds)) }), host);
  if (plan.state !== 'ready') return failed('error', plan.reason ?? 'it cannot be looked for');
  const traces: unknown[] = [];
  const notes = await sweepLocal.apply(plan, host, ({ data }) => void (data['kind'] === 'trace' && traces.push(data)));
  const { answerOfSweep } = await import('../fleet/host.ts');
  return answerOfSweep(traces, notes, plan.data.isComplete);
}

/** What the action takes. */
const MOST_SECONDS = 600;
