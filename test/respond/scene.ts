/** A planted timer on a host of the test's own, and a playbook for it. */
import { join } from 'node:path';
import type { HostContext } from '../../src/actions/index.ts';
import type { Journal } from '../../src/model/journal.ts';
import { parsePlaybook, type Playbook } from '../../src/respond/playbook.ts';
import { respond, type RespondOptions, type RunResult } from '../../src/respond/run.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { eventOf, EVIL, fileJournal, hostIn, plant } from '../helpers/response.ts';

export const PLAYBOOK = parsePlaybook(`name: test
title: A test
steps:
  - {id: case, kind: human, title: Case, text: Open a case.}
  - {id: cut, kind: action, title: Cut, action: isolate, optional: true}
  - {id: stop, kind: action, title: Stop, action: kill_process, optional: true}
  - {id: remove, kind: action, title: Remove, action: remove_timer, default: no}
  - {id: lessons, kind: human, title: Lessons, text: Learn.}
`);

export interface Scene {
  root: string;
  context: HostContext;
  journal: Journal;
  path: string;
  respond: (changes?: Partial<RespondOptions>) => Promise<RunResult>;
}

/** What a snapshot of it leaves out: copies and journal. */
export const without = ['quarantine', 'quarantine-journal'];

/** Isolation is not for the machine that the tests run on: PLAYBOOK's is not asked for. */
export function scene(files: Readonly<Record<string, string>> = EVIL, playbook: Playbook = PLAYBOOK): Scene {
  const root = temporaryDirectory();
  plant(root, files);
  const context = hostIn(root);
  const journal = fileJournal(join(root, 'quarantine-journal'));
  const path = join(root, 'etc/evil.timer');
  const only = playbook === PLAYBOOK ? ['case', 'stop', 'remove', 'lessons'] : [];
  return { root, context, journal, path, respond: (changes) => respond({ playbook, event: eventOf(path, { pid: 2 ** 22 + 1 }), context, journal, only, decide: async () => 'apply', ...changes }) };
}

/** A scene with a playbook of these steps (lines of YAML flow maps). */
export function sceneOf(...steps: readonly string[]): Scene {
  return scene(EVIL, parsePlaybook(`name: test\ntitle: A test\nsteps:\n${steps.map((step) => `  - ${step}\n`).join('')}`));
}

/** What became of each step. */
export function states({ steps }: RunResult): string[] {
  return steps.map(({ id, state }) => `${id} ${state}`);
}
