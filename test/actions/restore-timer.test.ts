import { hash } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { remember } from '../../src/actions/quarantine-log.ts';
import type { RemovalChange } from '../../src/actions/removal.ts';
import { removeTimer } from '../../src/actions/remove-timer.ts';
import { restoreTimer } from '../../src/actions/restore-timer.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { contextFor, EVIL, hostIn, plant, snapshot } from '../helpers/response.ts';

type Context = ReturnType<typeof contextFor>;

/** A host from which evil.timer was taken by the run "first", with its tree before that and the hash of the timer. */
async function taken(): Promise<{ root: string; context: Context; before: Record<string, string>; sha256: string }> {
  const root = temporaryDirectory();
  plant(root, EVIL);
  const host = hostIn(root);
  const before = snapshot(root);
  const context = contextFor(host, join(root, 'etc/evil.timer'), 'first');
  let sha256 = '';
  await removeTimer.apply(await removeTimer.plan({ keep_service: false, keep_mask: true }, context), context, ({ data }) => {
    if (data['kind'] === 'file' && (data['at'] as { path: string }).path.endsWith('/evil.timer')) ({ sha256 } = data['copy'] as { sha256: string });
  });
  return { root, context, before, sha256 };
}

async function restore(given: object, context: Context): Promise<string[]> {
  const plan = await restoreTimer.plan(restoreTimer.params.parse(given), { ...context, run: 'second' });
  expect(plan.state).toBe('ready');
  const texts: string[] = [];
  await restoreTimer.apply(plan, context, ({ text }) => texts.push(text ?? ''));
  expect(texts).toEqual(plan.steps.map((step) => step.text));
  expect((await restoreTimer.verify(plan, context)).ok).toBe(true);
  return texts;
}

describe('what is in the quarantine comes back', () => {
  test.each([['by the run that took it', { run: 'first' }], ['as the last that was taken of the target', {}]])('%s, identical', async (_how, given) => {
    const { root, context, before } = await taken();
    await restore(given, context);
    expect(snapshot(root)).toEqual(before);
    expect(await restoreTimer.plan(restoreTimer.params.parse(given), context)).toMatchObject({ state: 'nothing-to-do', reason: 'all of it is there already' });
  });

  test('by the run that took it, whatever else the alert is about', async () => {
    const { root, context, before } = await taken();
    await restore({ run: 'first' }, contextFor(context, join(root, 'usr/good.timer')));
    expect(snapshot(root)).toEqual(before);
  });

  test('by the hash of one file, and nothing else with it', async () => {
    const { root, context, sha256 } = await taken();
    expect(await restore({ sha256 }, context)).toEqual([`restore the file ${root}/etc/evil.timer (sha256 ${sha256})`]);
    expect(readFileSync(join(root, 'etc/evil.timer'), 'utf8')).toBe(EVIL['etc/evil.timer']);
    expect(Object.keys(snapshot(root))).not.toContain('etc/evil.service');
  });

  test('also after a line of its record was cut off by a full disk', async () => {
    const { root, context, before } = await taken();
    appendFileSync(join(root, 'quarantine/taken.ndjson'), '{"time":"2026-11-25T0');
    await restore({}, context);
    expect(snapshot(root)).toEqual(before);
  });
});

test.each<[string, (path: string) => void, Record<string, unknown>]>([
  ["the package's file", (path) => writeFileSync(path, 'of the package'), { kind: 'original', sha256: hash('sha256', 'of the package') }],
  ['a mask', (path) => symlinkSync('/dev/null', path), { kind: 'mask', manager: { scope: 'system' }, unit: 'evil.timer', active: false, made_directory: false }],
])('%s that the removal put in its place is taken away first and is not in the way', async (_what, put, change) => {
  const { root, context } = await taken();
  const path = join(root, 'etc/evil.timer');
  put(path);
  remember(context.quarantine, { run: 'first', step: 'remove', change: { ...change, at: { path } } as RemovalChange });
  const { state, notes, steps } = await restoreTimer.plan(restoreTimer.params.parse({ run: 'first' }), context);
  expect([state, notes]).toEqual(['ready', []]);
  expect(steps.filter(({ target }) => target === path)).toMatchObject([{ text: expect.stringMatching(/^(?:remove the package's|unmask)/) }, { text: expect.stringMatching(/^restore the file/) }]);
});

test('what else comes back is said by what it is, and is no step once it is there', async () => {
  const { root, context } = await taken();
  const owned = { mode: 0o644, uid: 0, gid: 0, atime_ns: '0', mtime_ns: '0' };
  const at = (name: string): { path: string } => ({ path: join(root, 'etc', name) });
  const aside: RemovalChange = { kind: 'aside', at: at('large.timer'), to: { path: join(root, '.aside') }, inode: '1' };
  for (const change of [aside, { ...aside, at: at('there') }, { kind: 'directory', at: at('x.timer.d'), owned, xattrs: {} }] satisfies RemovalChange[]) remember(context.quarantine, { run: 'other', step: 'remove', change });
  writeFileSync(at('there').path, '');
  const { steps } = await restoreTimer.plan(restoreTimer.params.parse({ run: 'other' }), context);
  expect(steps.map(({ text }) => text)).toEqual([`make the directory ${root}/etc/x.timer.d again`, `give ${root}/.aside its name ${root}/etc/large.timer again`]);
});

test('by a path as it is shown too; the one that is so itself comes first', async () => {
  const root = temporaryDirectory();
  plant(root, { 'etc/a\nb.timer': 'one', [String.raw`etc/a\nb.timer`]: 'two' });
  const host = hostIn(root);
  for (const name of [String.raw`a\nb.timer`, 'a\nb.timer']) {
    const context = contextFor(host, join(root, 'etc', name), name);
    await removeTimer.apply(await removeTimer.plan({ keep_service: false, keep_mask: true }, context), context, () => {});
  }
  const context = contextFor(host, join(root, 'etc/other.timer'));
  const contentAt = async (path: string): Promise<string | undefined> => {
    const { steps } = await restoreTimer.plan(restoreTimer.params.parse({ path: join(root, path) }), context);
    return ['one', 'two'].find((content) => steps[0]?.text.includes(hash('sha256', content)));
  };
  expect([await contentAt('etc/a\nb.timer'), await contentAt(String.raw`etc/a\nb.timer`)]).toEqual(['one', 'two']);
});

describe('nothing comes back', () => {
  test('that was never taken, and it says so', async () => {
    const { context } = await taken();
    expect(await restoreTimer.plan(restoreTimer.params.parse({ run: 'x\u001b[2J' }), context)).toMatchObject({ state: 'nothing-to-do', reason: String.raw`run x\e[2J took nothing into the quarantine` });
    expect(await restoreTimer.plan(restoreTimer.params.parse({ sha256: '0'.repeat(64) }), context)).toMatchObject({ state: 'nothing-to-do' });
  });

  test('over something else, which the plan says, and the rest does', async () => {
    const { root, context } = await taken();
    const timer = join(root, 'etc/evil.timer');
    writeFileSync(timer, 'of the administrator');
    const plan = await restoreTimer.plan(restoreTimer.params.parse({ run: 'first' }), context);
    expect(plan).toMatchObject({ state: 'ready', notes: [`${timer} does not come back: something else has this name now, it has another content: move it away, then restore again`] });
    expect(plan.steps.filter(({ target }) => target === timer)).toEqual([]);
    const made: unknown[] = [];
    await expect(restoreTimer.apply(plan, context, ({ text }) => void made.push(text))).rejects.toThrow(/something else has this name now/);
    expect(made).toEqual(plan.steps.map(({ text }) => text));
    expect(readFileSync(join(root, 'etc/evil.timer'), 'utf8')).toBe('of the administrator');
    expect(readFileSync(join(root, 'etc/evil.service'), 'utf8')).toBe(EVIL['etc/evil.service']);
  });

  test.each<[string, (path: string) => void, string]>([
    ['has another content', (path) => writeFileSync(path, 'of the administrator'), 'has another content'],
    ['is a directory', (path) => mkdirSync(path), 'is not the file that it was'],
    ['has its content and another mode', (path) => writeFileSync(path, EVIL['etc/evil.timer'], { mode: 0o600 }), 'has another owner or mode'],
  ])('where all that is wanted %s by now: the plan is blocked, and nothing is recorded', async (_what, put, how) => {
    const { root, context, sha256 } = await taken();
    put(join(root, 'etc/evil.timer'));
    const plan = await restoreTimer.plan(restoreTimer.params.parse({ sha256 }), context);
    expect(plan).toMatchObject({ state: 'blocked', steps: [], reason: `${root}/etc/evil.timer does not come back: something else has this name now, it ${how}: move it away, then restore again` });
    const made: unknown[] = [];
    await expect(restoreTimer.apply(plan, context, ({ text }) => void made.push(text))).rejects.toThrow(/something else has this name now/);
    expect(made).toEqual([]);
  });

  test('where another link has the name of one', async () => {
    const { root, context } = await taken();
    const link = join(root, 'etc/timers.target.wants/evil.timer');
    mkdirSync(join(root, 'etc/timers.target.wants'), { recursive: true });
    symlinkSync('../other.timer', link);
    const { notes, steps } = await restoreTimer.plan(restoreTimer.params.parse({ run: 'first' }), context);
    expect(notes).toEqual([`${link} does not come back: something else has this name now, it is not the link that it was: move it away, then restore again`]);
    expect(steps.map(({ target }) => target)).not.toContain(link);
  });

  test('of which the copy was changed', async () => {
    const { root, context, sha256 } = await taken();
    rmSync(join(root, 'quarantine', sha256));
    writeFileSync(join(root, 'quarantine', sha256), 'evil');
    const plan = await restoreTimer.plan(restoreTimer.params.parse({ sha256 }), context);
    await expect(restoreTimer.apply(plan, context, () => {})).rejects.toThrow(/was changed: its hash/);
  });
});
