/** What every action of the list has to keep to. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { actionNamed, actions } from '../../src/actions/index.ts';
import { parsePlaybook } from '../../src/respond/playbook.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { contextFor, EVIL, hostIn, plant, snapshot } from '../helpers/response.ts';

test('the list has every action that has a file, by its name', () => {
  const known = new Set(readdirSync(join(import.meta.dirname, '../../src/actions')));
  expect(actions.map((action) => `${action.name.replaceAll('_', '-')}.ts`).filter((file) => !known.has(file))).toEqual([]);
  expect(new Set(actions.map((action) => action.name)).size).toBe(actions.length);
  expect(actionNamed('no_such_action')).toBeUndefined();
});

describe.each(actions.map((action) => [action.name, action] as const))('%s', (name, action) => {
  /** Without root, a network or a process to end, so that nothing of this machine can be changed. */
  const setUp = (): { root: string; context: ReturnType<typeof contextFor> } => {
    const root = temporaryDirectory();
    plant(root, EVIL);
    const host = hostIn(root);
    return { root, context: { ...contextFor(host, join(root, 'etc/evil.timer')), uid: action.needs.includes('root') ? 1000 : host.uid } };
  };

  test('says what it does and how it is undone, or why not', () => {
    expect(name).toMatch(/^[a-z]+(?:_[a-z]+)*$/);
    expect(action.summary.length).toBeGreaterThan(10);
    expect(action.reversible.startsWith('not: ')).toBe(!action.undoable);
  });

  test('has an example that is a right step of a playbook', () => {
    const step = parse(action.example) as object;
    const playbook = parsePlaybook(JSON.stringify({ name: 'example', title: 'Example', steps: [{ id: 'example', kind: 'action', title: 'Example', ...step }] }));
    expect(playbook.steps[0]).toMatchObject({ action: name });
  });

  test('takes no parameters that it does not know', () => {
    expect(action.params.safeParse({ surely_not_known: 1 }).success).toBe(false);
    expect(action.params.safeParse({}).success).toBe(true);
  });

  test('plans without a change, and says why where it cannot be done', async () => {
    const { root, context } = setUp();
    const before = snapshot(root, []);
    const plan = await action.plan(action.params.parse({}), context);
    expect(snapshot(root, [])).toEqual(before);
    expect(plan.reason === undefined).toBe(plan.state === 'ready');
    expect(plan.steps.every((step) => step.text.length > 0 && step.target.length > 0)).toBe(true);
  });

  test('undoes nothing where nothing was changed', async () => {
    const { root, context } = setUp();
    const before = snapshot(root, []);
    expect(await action.undo([], context)).toEqual({ done: [], already: [], failed: [] });
    expect(snapshot(root, [])).toEqual(before);
  });

  test('does not act on a change in the journal that it does not know', async () => {
    const { root, context } = setUp();
    const before = snapshot(root, []);
    const report = await action.undo([{ text: 'something of a later version', data: { kind: 'unheard-of', at: { path: '/etc/passwd' } } }], context);
    expect(report.done).toEqual([]);
    expect(snapshot(root, [])).toEqual(before);
  });
});
