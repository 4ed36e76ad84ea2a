/**
 * One action on the host that this runs on, as a program for hosts of a test's own: `act-there.ts plan|apply|undo ACTION PARAMS [TARGET] [CONTEXT]`, the last three in JSON.
 * What `apply` changed is kept in the state directory for `undo`. Prints one JSON document.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { actionNamed, createHostContext, type ActionContext, type Change } from '../../src/actions/index.ts';
import { advisedMessageOf } from '../../src/model/errors.ts';
import { jsonLines } from './lines.ts';

const STATE = '/run/tickward-act';
const [verb = '', name = '', params = '{}', target = '{"path":"/etc/systemd/system/evil.timer","unit":"evil.timer","scope":"system"}', changed = '{}'] = process.argv.slice(2);

mkdirSync(STATE, { recursive: true, mode: 0o700 });
const journal = join(STATE, `${name}.ndjson`);
const action = actionNamed(name);
if (action === undefined) throw new Error(`there is no action ${name}`);
const context: ActionContext = { ...createHostContext({ quarantine: join(STATE, 'quarantine') }), ...(JSON.parse(changed) as Partial<ActionContext>), target: JSON.parse(target) as ActionContext['target'], run: 'test-run', step: 'test-step' };

async function act(): Promise<unknown> {
  if (action === undefined) return undefined;
  if (verb === 'undo') {
    const changes = existsSync(journal) ? jsonLines<Change>(readFileSync(journal, 'utf8')) : [];
    return { undo: await action.undo(changes.toReversed(), context) };
  }
  const plan = await action.plan(action.params.parse(JSON.parse(params)), context);
  const said = { state: plan.state, reason: plan.reason, steps: plan.steps, notes: plan.notes };
  if (verb === 'plan' || plan.state !== 'ready') return { plan: said };
  const changes: Change[] = [];
  const record = (change: Change): void => {
    changes.push(change);
    appendFileSync(journal, `${JSON.stringify(change)}\n`, { flush: true });
  };
  try {
    const remarks = await action.apply(plan, context, record);
    return { plan: said, changes, remarks, verdict: await action.verify(plan, context) };
  } catch (error) {
    return { plan: said, changes, error: advisedMessageOf(error) };
  }
}

console.log(JSON.stringify(await act()));
