import { chmodSync, chownSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Change } from '../../src/actions/index.ts';
import { notify } from '../../src/actions/notify.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { isRoot } from '../helpers/needs.ts';
import { contextFor, hostIn } from '../helpers/response.ts';


function setUp(script: string): { root: string; program: string; context: ReturnType<typeof contextFor>; plan: (params?: object) => ReturnType<typeof notify.plan> } {
  const root = temporaryDirectory();
  const program = join(root, 'hook');
  writeFileSync(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const context = contextFor(hostIn(root), '/etc/systemd/system/evil.timer');
  return { root, program, context, plan: (params = {}) => notify.plan(notify.params.parse({ command: [program], ...params }), context) };
}

test('the program reads the run as JSON, and no shell reads its arguments', async () => {
  const { root, program, context, plan } = setUp('cat > "$0.in"; printf "%s\\n" "$@" > "$0.args"');
  const words = ['$(touch owned)', '; touch owned', '--x=\u001b[2J'];
  const ready = await plan({ command: [program, ...words], message: '"quoted"\n' });
  expect(ready).toMatchObject({ state: 'ready' });
  expect(ready.steps[0]?.text).toContain('\\e[2J');
  const changes: Change[] = [];
  await notify.apply(ready, context, (change) => {
    expect(existsSync(`${program}.in`)).toBe(false);
    changes.push(change);
  });
  expect(changes).toEqual([{ text: ready.steps[0]?.text, data: { kind: 'notified', command: [program, ...words] } }]);
  expect(JSON.parse(readFileSync(`${program}.in`, 'utf8'))).toMatchObject({ run: 'test-run', step: 'remove', message: '"quoted"\n', target: { path: '/etc/systemd/system/evil.timer' }, host: { name: expect.any(String) } });
  expect(readFileSync(`${program}.args`, 'utf8')).toBe(`${words.join('\n')}\n`);
  expect(existsSync(join(root, 'owned'))).toBe(false);
  expect(await notify.verify(ready, context)).toEqual({ ok: true, text: `${program} was told` });
});

test.each([
  ['fails', 'echo "no \\033[31mticket" >&2; exit 7', /ended by exit code 7: no \\e\[31mticket/],
  ['hangs', 'exec sleep 100', /gave no answer within 1 s and was ended/],
  ['floods', 'exec yes', /wrote more than can be kept/],
])('a program that %s is a failure of the step', async (_what, script, message) => {
  const { context, plan } = setUp(script);
  const ready = await plan({ timeout: script.includes('sleep') ? 1 : 10 });
  await expect(notify.apply(ready, context, () => undefined)).rejects.toThrow(message);
  expect((await notify.verify(ready, context)).ok).toBe(false);
});

test('what is no program of ours alone is not run', async () => {
  const { root, program, plan } = setUp('true');
  expect(await plan({ command: [] })).toMatchObject({ state: 'nothing-to-do' });
  expect(await plan({ command: ['hook'] })).toMatchObject({ state: 'blocked', reason: expect.stringContaining('no absolute path') });
  expect(await plan({ command: [join(root, 'nowhere')] })).toMatchObject({ state: 'blocked', reason: expect.stringContaining('ENOENT') });
  expect(await plan({ command: [root] })).toMatchObject({ state: 'blocked', reason: expect.stringContaining('is no regular file') });
  chmodSync(program, 0o777);
  expect(await plan()).toMatchObject({ state: 'blocked', reason: expect.stringContaining('written by others') });
});

test.skipIf(!isRoot)('a program of another user is not run by root (needs root to make one)', async () => {
  const { root, program, plan } = setUp('true');
  chownSync(program, 54_321, 54_321);
  expect(await plan()).toMatchObject({ state: 'blocked', reason: expect.stringContaining('belongs to uid 54321') });
  chownSync(program, 0, 0);
  // Whoever owns the directory puts another program in its place at any moment.
  chownSync(root, 54_321, 54_321);
  expect(await plan()).toMatchObject({ state: 'blocked', reason: expect.stringMatching(/belongs to uid 54321: whoever that is may replace what is in it/) });
});
