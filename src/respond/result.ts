/** What came of a response: the shapes that `respond` and `undo` print with --json. */
import type { Target } from '../actions/index.ts';
import type { Answer } from './findings.ts';
import type { PlaybookStep } from './playbook.ts';

/** `skipped-because`: the summary says why. */
export type StepState = 'would-change' | 'changed' | 'unchanged' | 'skipped-because' | 'failed' | 'needs-person';

export interface StepResult {
  id: string;
  title: string;
  action: string | null;
  state: StepState;
  summary: string;
  /** In words, in the order in which they were (or would be) made. */
  changes: string[];
  /** What a person should know besides. */
  notes: string[];
  /** The command that takes it back, or why there is none; null where nothing was changed. */
  undo: string | null;
  /** What a person answered, by question. */
  answers: { readonly [question: string]: Answer };
}

export interface RunResult {
  /** null for a dry run, which leaves no trace. */
  run: string | null;
  playbook: string;
  target: Target;
  dry_run: boolean;
  /** `stopped` by a person or a step that failed, `interrupted` by Ctrl-C, a signal or a lost terminal: `respond --resume RUN` goes on, with an undo `undo RUN`. */
  ended: 'finished' | 'stopped' | 'interrupted';
  steps: StepResult[];
}

export type Result = (state: StepState, summary: string) => StepResult;

export function resultOf(step: PlaybookStep, about: { notes?: readonly string[]; answers?: StepResult['answers'] } = {}): Result {
  return (state, summary) => ({ id: step.id, title: step.title, action: step.kind === 'action' ? step.action : null, state, summary, changes: [], notes: [...(about.notes ?? [])], undo: null, answers: about.answers ?? {} });
}

/** Whether what a step is for has been reached: what the steps that need it ask. In a dry run it would be. */
export function isDone({ state }: StepResult): boolean {
  return state === 'changed' || state === 'unchanged' || state === 'would-change';
}
