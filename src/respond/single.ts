/** One action by itself, as a run of its own: planned, decided, journaled and undone like a step of a playbook. */
import { actionNamed } from '../actions/index.ts';
import { TickwardError } from '../model/errors.ts';
import type { Json } from '../model/journal.ts';
import { respond, type RespondOptions, type RunResult } from './run.ts';

export interface SingleOptions extends Pick<RespondOptions, 'context' | 'journal' | 'dryRun' | 'signal' | 'decide'> {
  action: string;
  params: { [name: string]: Json };
}

/** The run is about the host; its playbook and its step are called as the action, with dashes. */
export function runAction({ action: name, params, ...options }: SingleOptions): Promise<RunResult> {
  const action = actionNamed(name);
  if (action === undefined) throw new TickwardError('BAD_INPUT', `there is no action ${name}`);
  const id = name.replaceAll('_', '-');
  return respond({ ...options, playbook: { name: id, title: action.summary, steps: [{ kind: 'action', id, title: action.summary, action: name, params, optional: false, default: 'no', needs: [], questions: [] }] } });
}
