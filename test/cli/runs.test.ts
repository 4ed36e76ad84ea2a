/** Runs as scripts see them: safe to run twice, and nothing is done by a record that somebody changed. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import type { RunResult } from '../../src/respond/run.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { noHost, ownHost, TICKWARD } from '../helpers/host.ts';
import { jsonLines } from '../helpers/lines.ts';

const TIMER = '/etc/systemd/system/evil.timer';

interface Scene {
  /** Exit code and output of the program there. */
  run: (...args: string[]) => { code: number | null; stdout: string; stderr: string };
  respond: (...args: string[]) => RunResult & { code: number | null };
  tamper: (sql: string) => void;
  isThere: () => boolean;
}

async function scene(): Promise<Scene> {
  const host = await ownHost();
  const stateDir = join(temporaryDirectory(), 'state');
  host.run(['sh', '-c', `printf '[Timer]\\nOnCalendar=daily\\n' > ${TIMER}`]);
  const run: Scene['run'] = (...args) => {
    const { status, stdout, stderr } = host.run([TICKWARD, ...args, '--state-dir', stateDir]);
    return { code: status, stdout, stderr };
  };
  return {
    run,
    respond(...args) {
      const { code, stdout } = run('respond', '--file', TIMER, '--json', ...args);
      return { ...(JSON.parse(stdout) as RunResult), code };
    },
    tamper(sql) {
      const raw = new DatabaseSync(join(stateDir, 'journal.db'));
      raw.exec(`DROP TRIGGER entries_stay; DROP TRIGGER entries_stay_as_they_are; ${sql}`);
      raw.close();
    },
    isThere: () => host.run(['ls', TIMER]).status === 0,
  };
}

const needsHost = noHost ?? 'on a host of its own';

test.skipIf(noHost !== undefined)(`a response by script says what it would do, does it, and finds nothing left to do (${needsHost})`, async () => {
  const { respond, isThere } = await scene();
  const only = ['--only', 'remove_timer'];
  const dry = respond('--dry-run', ...only);
  expect([dry.code, dry.run, dry.steps[0]?.state, isThere()]).toEqual([0, null, 'would-change', true]);
  const done = respond('--yes', ...only);
  expect([done.code, done.steps[0]?.state, isThere()]).toEqual([0, 'changed', false]);
  expect(done.steps[0]?.changes).toEqual(dry.steps[0]?.changes);
  const again = respond('--yes', ...only);
  expect([again.code, again.steps[0]?.state, again.steps[0]?.changes]).toEqual([0, 'unchanged', []]);
  expect(respond('--yes', '--only', 'case', '--answer', 'case.lead=alice')).toMatchObject({ code: 3, steps: [{ state: 'needs-person', answers: { lead: 'alice' } }] });
});

test.skipIf(noHost !== undefined)('an undo whose run and step changed places, or whose run is cut short, does nothing and says how it is written', async () => {
  const { run, respond, isThere } = await scene();
  const { run: id } = respond('--yes', '--only', 'remove');
  expect(run('undo', 'remove', String(id))).toMatchObject({ code: 2, stderr: expect.stringContaining(` — the run comes first: tickward undo ${id} remove`) });
  expect(run('undo', String(id).slice(0, 13))).toMatchObject({ code: 1, stderr: expect.stringContaining(` — is it ${id}? `) });
  expect(isThere()).toBe(false);
});

test.skipIf(noHost !== undefined)(`the record says who, when, with what version, what was there before and after (${needsHost})`, async () => {
  const { respond, run } = await scene();
  const { run: id } = respond('--yes', '--only', 'remove');
  const { chain, entries } = JSON.parse(run('runs', 'show', id ?? '', '--json').stdout) as { chain: object; entries: { kind: string; time: string; data: Record<string, unknown> }[] };
  expect(chain).toEqual({ intact: true, entries: entries.length, head: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(entries[0]).toMatchObject({ kind: 'run-started', time: expect.stringMatching(/Z$/), data: { by: expect.any(String), host: expect.any(String), version: expect.stringMatching(/^\d/), playbook: 'systemd-timer-created' } });
  expect(entries.find(({ kind }) => kind === 'step-started')?.data['before']).toEqual({ [TIMER]: expect.objectContaining({ kind: 'file', mode: '0644', size: 25, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }) });
  expect(entries.find(({ kind }) => kind === 'step-done')?.data['after']).toEqual({ [TIMER]: 'absent' });
  expect(run('runs', 'show', id ?? '').stdout).toMatch(/The journal is intact: \d+ entries/);
});

test.skipIf(noHost !== undefined).each([
  ['changed', "UPDATE entries SET data = replace(data, 'evil', 'good') WHERE kind = 'change'", /is not what was written there/],
  ['made illegible', "UPDATE entries SET data = '{' WHERE kind = 'change'", /is not what was written there/],
  ['removed', "DELETE FROM entries WHERE kind = 'step-started'", /is missing/],
  ['cut off', "DELETE FROM entries WHERE kind IN ('run-finished', 'step-done')", /its end was cut off/],
])('a record of which something was %s is told, and neither undone nor gone on with', async (_what, sql, problem) => {
  const { respond, run, tamper, isThere } = await scene();
  const { run: id } = respond('--yes', '--only', 'remove');
  tamper(sql);
  const shown = run('runs', 'show', id ?? '');
  expect([shown.code, shown.stdout]).toEqual([1, expect.stringMatching(problem)]);
  for (const args of [['undo', id ?? ''], ['respond', '--resume', id ?? '', '--yes']]) expect(run(...args)).toMatchObject({ code: 1, stderr: expect.stringMatching(problem) });
  expect(isThere()).toBe(false);
});

test.skipIf(noHost !== undefined)(`what is left of a record that was cut off is undone where that is forced (${needsHost})`, async () => {
  const { respond, run, tamper, isThere } = await scene();
  const { run: id } = respond('--yes', '--only', 'remove');
  tamper("DELETE FROM entries WHERE kind IN ('run-finished', 'step-done')");
  expect([run('undo', id ?? '').code, isThere()]).toEqual([1, false]);
  expect([run('undo', id ?? '', '--force').code, isThere()]).toEqual([0, true]);
});

test.skipIf(noHost !== undefined)(`an undo of nothing says so and leaves no mark, and when it was undone is when that was (${needsHost})`, async () => {
  const { respond, run } = await scene();
  const { run: idle } = respond('--yes', '--only', 'case');
  expect(run('undo', idle ?? '')).toMatchObject({ code: 0, stdout: 'This run changed nothing: there is nothing to take back.\n' });
  expect(run('respond', '--resume', idle ?? '', '--yes').code).toBe(3);
  const { run: id } = respond('--yes', '--only', 'remove');
  run('undo', id ?? '');
  const summaries = [1, 2].map(() => (JSON.parse(run('undo', id ?? '', '--json').stdout) as RunResult).steps[0]?.summary);
  expect(summaries).toEqual([expect.stringMatching(/^it was undone before, at 2/), summaries[0]]);
});

test.skipIf(noHost !== undefined)(`a reader that goes away does not cut a response in two (${needsHost})`, async () => {
  const host = await ownHost();
  const state = join(temporaryDirectory(), 'state');
  host.run(['sh', '-c', `printf '[Timer]\\n' > ${TIMER}`]);
  host.run(['sh', '-c', `${TICKWARD} respond --file ${TIMER} --only remove,case --yes --state-dir ${state} | true`]);
  const [run] = jsonLines<{ finished?: string; interrupted?: string }>(host.run([TICKWARD, 'runs', '--json', '--state-dir', state]).stdout);
  expect(run?.finished ?? run?.interrupted).toBeTypeOf('string');
});
