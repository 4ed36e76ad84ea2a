/** What an action is: one typed step of a response that says what it would do, does it, looks whether it came about, and takes it back. */
import type { z } from 'zod';
import type { UnitDirectory } from '../host/directories.ts';
import type { PasswdEntry } from '../host/passwd.ts';
import type { Scope } from '../model/event.ts';
import type { JsonObject } from '../model/journal.ts';

/** What has to be there for the action to do more than plan. */
export type Need = 'root' | 'nft' | 'systemd';

/** What a response is about. */
export type Target = {
  path: string;
  /** base64 of the path's bytes, only when they are no valid UTF-8. */
  path_bytes?: string;
  unit: string;
  scope: Scope;
  /** Whose manager; absent for the system's and for units that every user has. */
  user?: string;
  /** The process that made the file. */
  process?: { pid: number; start?: string; executable?: string };
};

/** The host as the actions see it. Everything that a test may want to have elsewhere is here. */
export interface HostContext {
  uid: number;
  users: readonly PasswdEntry[];
  directories: readonly UnitDirectory[];
  systemd: 'running' | 'absent';
  /** Copies of what is taken away; a directory of our own with mode 0700. */
  quarantine: string;
  /** Where the system manager keeps the stamps of persistent timers. */
  stamps: string;
  /** Never signalled, besides pid 1, kernel threads, ourselves and our ancestors. */
  protectedPids: readonly number[];
  /** Peers that keep access while the host is isolated: addresses or networks, with `:PORT` of the service here. */
  management: readonly string[];
  /** The hosts file; /etc/hosts where it is not given. */
  hosts?: string;
  /** Program and arguments with which another process undoes a step: the run and the step come after them. */
  undoCommand?: readonly string[];
  /** SSH_CONNECTION of the session that we run in. */
  sshConnection?: string;
}

export interface ActionContext extends HostContext {
  target: Target;
  run: string;
  step: string;
  /** Of an undo: one of this step came to its end before. What it started and what has ended since is not started once more. */
  undoneBefore?: boolean;
}

/** One change that would be made, in words, and what it is made to. */
export type PlanStep = {
  text: string;
  target: string;
};

export interface Plan<Data = unknown> {
  state: 'ready' | 'nothing-to-do' | 'blocked';
  /** Why it is not ready. */
  reason?: string;
  /** Exactly what `apply` does, in its order. Shown also when it is blocked. */
  steps: PlanStep[];
  /** What it does not do and a person should know. */
  notes: string[];
  data: Data;
}

/** Announced before it is made. `text` is the one of the plan's step; a change without text is bookkeeping for the undo. */
export interface Change {
  text?: string;
  data: JsonObject;
}

export type Record = (change: Change) => void;

export interface Verdict {
  ok: boolean;
  text: string;
}

export interface UndoReport {
  /** What was taken back. */
  done: string[];
  /** What was as before already, or is left on purpose. */
  already: string[];
  /** Why something could not be taken back. */
  failed: string[];
}

export interface Action<Params = unknown, Data = unknown> {
  name: string;
  summary: string;
  /** A step of a playbook that uses it, in YAML. */
  example: string;
  needs: readonly Need[];
  undoable: boolean;
  /** It has nothing to change: a run of it is `unchanged`, whatever it finds. */
  onlyLooks?: true;
  /** How it is undone, or why not. */
  reversible: string;
  /** Parameters are checked by it before `plan` sees them. */
  params: z.ZodType<Params>;
  /** Changes nothing. */
  plan(params: Params, context: ActionContext): Promise<Plan<Data>>;
  /** Calls `record` before each change; throws at the first that fails. Gives remarks, as on what was gone already. */
  apply(plan: Plan<Data>, context: ActionContext, record: Record): Promise<string[]>;
  /** Looks at the host again. */
  verify(plan: Plan<Data>, context: ActionContext): Promise<Verdict>;
  /** Newest first; what is as it was already stays so. Goes on after what cannot be taken back. Where the action is not undoable: lets go of what it held for a change that did not come. */
  undo(changes: readonly Change[], context: ActionContext): Promise<UndoReport>;
}
