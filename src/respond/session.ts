/** A run under way, and what it is made with. */
import type { HostContext, Target } from '../actions/index.ts';
import type { Alert, FileEvent } from '../model/event.ts';
import type { Journal, JournalKind, JsonObject } from '../model/journal.ts';
import type { Answer, Answers, Investigated, Severity } from './findings.ts';
import type { PlannedStep } from './plan.ts';
import type { Playbook, PlaybookStep, Question } from './playbook.ts';
import type { StepResult } from './result.ts';
import type { CutOff, Resumed } from './resume.ts';

/** `back` goes to the step before that a person was asked about. */
export type Decision = 'apply' | 'skip' | 'back' | { skip: string } | { stop: true };
export type Attended = 'done' | 'open' | 'back' | { skip: string } | { stop: true };

/** What a person is asked. Each may throw INTERRUPTED, which ends the run between two changes. */
export interface Person {
  /** For each action that is ready, never in a dry run. */
  decide: (step: PlannedStep) => Promise<Decision>;
  /** For each step that is theirs. Without it such steps stay open. */
  attend?: (step: PlannedStep) => Promise<Attended>;
  /** `before` is what was answered at an earlier time; undefined is no answer. */
  ask?: (question: Question, step: PlaybookStep, before: Answer | undefined) => Promise<Answer | undefined>;
  /** For a step that was carried out and is gone back to. */
  revisit?: (result: StepResult) => Promise<'keep' | 'undo'>;
}

export interface RespondOptions extends Person {
  playbook: Playbook;
  /** Absent where the response is about the host and not about a file. */
  event?: FileEvent;
  alert?: Alert;
  severity?: Severity;
  context: HostContext;
  journal: Journal;
  dryRun?: boolean;
  /** Ids of steps or names of actions. */
  only?: readonly string[];
  /** Given beforehand, as by a script. */
  answers?: Answers;
  /** Made when the first step asks for what only it knows, where it is not there already. */
  investigate?: () => Promise<Investigated>;
  investigation?: Investigated;
  /** Goes on with this run instead of beginning one. */
  resume?: Resumed;
  /** Ends the run between two steps. */
  signal?: AbortSignal;
  onStep?: (result: StepResult, planned: PlannedStep | undefined) => void;
}

/** A run under way. */
export interface Running {
  options: RespondOptions;
  dryRun: boolean;
  run: string;
  target: Target;
  selected: ReadonlySet<string>;
  results: Map<string, StepResult>;
  answers: Record<string, Record<string, Answer>>;
  cutOff: Map<string, CutOff>;
  investigation?: Investigated;
  /** Steps that a person has seen, and may go back to. */
  seen: Set<string>;
  /** Why the steps that follow are not tried. */
  stopped?: string;
  interrupted: boolean;
  /** Throws when the journal cannot take it. Nothing in a dry run. */
  say: (kind: JournalKind, data: JsonObject, step?: string) => void;
}

export function noteInvestigation(running: Running, { verdict, indicators }: Investigated): void {
  running.say('run-known', { verdict: plain(verdict), indicators: plain(indicators) });
}

/** As JSON has it. */
export function plain(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}
