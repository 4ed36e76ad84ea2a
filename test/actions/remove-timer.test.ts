import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, chownSync, existsSync, lutimesSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Change } from '../../src/actions/index.ts';
import { removeTimer } from '../../src/actions/remove-timer.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { has, isRoot } from '../helpers/needs.ts';
import { params, planOf, remove } from '../helpers/removing.ts';
import { contextFor, EVIL, hostIn, plant, snapshot } from '../helpers/response.ts';

describe('apply', () => {
  test('announces each change before it is made', async () => {
    const root = temporaryDirectory();
    plant(root, EVIL);
    const context = contextFor(hostIn(root), join(root, 'etc/evil.timer'));
    const seen: boolean[] = [];
    await removeTimer.apply(await removeTimer.plan(params, context), context, ({ data }) => {
      if (data['kind'] === 'file') seen.push(existsSync((data['at'] as { path: string }).path) && existsSync((data['copy'] as { file: string }).file));
    });
    expect(seen).toEqual([true, true, true]);
  });

  test('makes no change that could not be announced', async () => {
    const root = temporaryDirectory();
    plant(root, EVIL);
    const context = contextFor(hostIn(root), join(root, 'etc/evil.timer'));
    const before = snapshot(root);
    const plan = await removeTimer.plan(params, context);
    await expect(removeTimer.apply(plan, context, () => { throw new Error('the disk is full'); })).rejects.toThrow('the disk is full');
    expect(snapshot(root)).toEqual(before);
  });

  test('announces exactly the steps of the plan and leaves the rest of the host alone', async () => {
    const root = temporaryDirectory();
    plant(root, EVIL);
    const planned = (await planOf(root)).steps.map((step) => step.text);
    const changes = await remove(root);
    expect(changes.toReversed().flatMap((change) => change.text ?? [])).toEqual(planned);
    expect(Object.keys(snapshot(root)).sort()).toEqual(['etc', 'etc/timers.target.wants', 'etc/timers.target.wants/good.timer', 'run', 'stamps', 'usr', 'usr/good.service', 'usr/good.timer']);
  });

  test('takes a file that vanished since the plan as gone already', async () => {
    const root = temporaryDirectory();
    plant(root, EVIL);
    const context = contextFor(hostIn(root), join(root, 'etc/evil.timer'));
    const plan = await removeTimer.plan(params, context);
    unlinkSync(join(root, 'etc/evil.service'));
    unlinkSync(join(root, 'etc/timers.target.wants/evil.timer'));
    const remarks = await removeTimer.apply(plan, context, () => {});
    expect(remarks).toEqual(expect.arrayContaining([`${root}/etc/evil.service was gone already`, `${root}/etc/timers.target.wants/evil.timer was gone already`]));
    expect((await removeTimer.verify(plan, context)).ok).toBe(true);
  });

  test.each([
    ['written to', (path: string) => appendFileSync(path, '# more')],
    ['replaced by another file of the same content', (path: string) => (writeFileSync(`${path}.new`, readFileSync(path)), renameSync(`${path}.new`, path))],
    ['replaced by a link', (path: string) => (unlinkSync(path), symlinkSync('/etc/passwd', path))],
  ])('refuses a file that was %s since the plan', async (_how, change) => {
    const root = temporaryDirectory();
    plant(root, EVIL);
    const context = contextFor(hostIn(root), join(root, 'etc/evil.timer'));
    const plan = await removeTimer.plan(params, context);
    change(join(root, 'etc/evil.timer'));
    await expect(removeTimer.apply(plan, context, () => {})).rejects.toThrow(/was changed since the plan was made|is a symbolic link/);
    expect(existsSync(join(root, 'etc/evil.timer'))).toBe(true);
  });

  test.each([
    ['another file', (path: string) => (writeFileSync(`${path}.new`, 'more evil'), renameSync(`${path}.new`, path)), /was exchanged meanwhile; what was put there is in the quarantine as well: [0-9a-f]{64}/],
    ['a link', (path: string) => (unlinkSync(path), symlinkSync('/etc/passwd', path)), /was exchanged for a link to \/etc\/passwd meanwhile, which was removed/],
  ])('takes %s that was put in the place of a file during the run, and gives back the original', async (_what, exchange, remark) => {
    const root = temporaryDirectory();
    plant(root, EVIL);
    hostIn(root);
    const before = snapshot(root);
    const service = join(root, 'etc/evil.service');
    const context = contextFor(hostIn(root), join(root, 'etc/evil.timer'));
    const changes: Change[] = [];
    const remarks = await removeTimer.apply(await removeTimer.plan(params, context), context, (change) => {
      if (changes.push(change) === 1) exchange(service);
    });
    expect(remarks).toEqual([expect.stringMatching(remark)]);
    expect(existsSync(service)).toBe(false);
    expect((await removeTimer.undo(changes.toReversed(), context)).failed).toEqual([]);
    expect({ ...snapshot(root), etc: '' }).toEqual({ ...before, etc: '' });
  });

  test('takes a unit whose name is no UTF-8, and gives it back', async () => {
    const root = temporaryDirectory();
    const host = hostIn(root);
    const path = Buffer.concat([Buffer.from(`${root}/etc/`), Buffer.from([0xff, 0xfe]), Buffer.from('.timer')]);
    writeFileSync(path, '[Timer]\n');
    const context = { ...contextFor(host, path.toString()), target: { path: path.toString(), path_bytes: path.toString('base64'), unit: 'x', scope: 'system' as const } };
    const changes: Change[] = [];
    await removeTimer.apply(await removeTimer.plan(params, context), context, (change) => changes.push(change));
    expect(existsSync(path)).toBe(false);
    expect((await removeTimer.undo(JSON.parse(JSON.stringify(changes.toReversed())) as Change[], context)).failed).toEqual([]);
    expect(readFileSync(path, 'utf8')).toBe('[Timer]\n');
  });
});

describe('verify', () => {
  test('sees that something made the timer anew', async () => {
    const root = temporaryDirectory();
    plant(root, EVIL);
    const context = contextFor(hostIn(root), join(root, 'etc/evil.timer'));
    const plan = await removeTimer.plan(params, context);
    expect((await removeTimer.verify(plan, context)).ok).toBe(false);
    await removeTimer.apply(plan, context, () => {});
    expect(await removeTimer.verify(plan, context)).toEqual({ ok: true, text: 'evil.timer and evil.service are gone' });
    plant(root, { 'run/evil.timer': '[Timer]\n' });
    expect(await removeTimer.verify(plan, context)).toEqual({ ok: false, text: `${root}/run/evil.timer is there (again): something makes it anew, look for it` });
  });
});

describe('undo', () => {
  test('gives everything back, also twice', async () => {
    const root = temporaryDirectory();
    plant(root, EVIL);
    hostIn(root);
    const before = snapshot(root);
    const changes = await remove(root);
    const context = contextFor(hostIn(root), join(root, 'etc/evil.timer'));
    expect((await removeTimer.undo(changes, context)).done).toHaveLength(5);
    expect(snapshot(root)).toEqual(before);
    expect(await removeTimer.undo(changes, context)).toMatchObject({ done: [], failed: [] });
    expect(snapshot(root)).toEqual(before);
  });

  test('overwrites nothing that has come since, says so, and gives back the rest', async () => {
    const root = temporaryDirectory();
    plant(root, EVIL);
    const changes = await remove(root);
    plant(root, { 'etc/evil.timer': 'of the administrator' });
    const report = await removeTimer.undo(changes, contextFor(hostIn(root), join(root, 'etc/evil.timer')));
    expect(report.failed).toEqual([expect.stringContaining('evil.timer is not restored: something else has this name now')]);
    expect(readFileSync(join(root, 'etc/evil.timer'), 'utf8')).toBe('of the administrator');
    expect(existsSync(join(root, 'etc/evil.service'))).toBe(true);
  });

  test('says what could not be given back and why nothing was started, and nothing that is not so', async () => {
    const root = temporaryDirectory();
    plant(root, EVIL);
    const context = contextFor(hostIn(root), join(root, 'etc/evil.timer'));
    const manager = { scope: 'user', user: 'gone' };
    const mask = { data: { kind: 'mask', manager, unit: 'evil.timer', active: true, at: { path: join(root, 'run/evil.timer') }, made_directory: false } };
    const changes = [...(await remove(root)), mask];
    expect((await removeTimer.undo([mask], context)).failed).toEqual([expect.stringContaining('the manager of gone does not run: the files are back, but nothing was started')]);
    writeFileSync(join(root, 'run/evil.timer'), '');
    chmodSync(join(root, 'quarantine'), 0o700);
    renameSync(join(root, 'quarantine'), join(root, 'moved'));
    const report = await removeTimer.undo(changes, context);
    expect(report.already).toContain('evil.timer stays masked and is not started: a file of it could not be given back');
    expect(report.failed.at(-1)).toContain('the manager of gone does not run: nothing was started');
  });

  test('does not set back the time of a directory in which somebody else worked since', async () => {
    const root = temporaryDirectory();
    plant(root, EVIL);
    hostIn(root);
    utimesSync(join(root, 'etc'), 1_000_000_000, 1_000_000_000);
    const changes = await remove(root);
    plant(root, { 'etc/new.service': '' });
    await removeTimer.undo(changes, contextFor(hostIn(root), join(root, 'etc/evil.timer')));
    expect(snapshot(root)['etc']).not.toContain(' 1000000000000000000 ');
  });

  test('gives back an identical tree of any units, with modes, owners, times and links', { timeout: 120_000 }, async () => {
    const name = fc.constantFrom('evil.timer', 'evil.service', 'evil@.timer', 'evil.timer.d/a.conf', 'evil.timer.d/b.conf', 'evil.service.d/c.conf', 'evil.timer.wants/z.service', 'good.timer', 'timer.d/all.conf', 'evil-twin.timer');
    const file = fc.record({ directory: fc.constantFrom('etc', 'usr', 'run'), name, content: fc.string({ maxLength: 60 }), mode: fc.constantFrom(0o644, 0o600, 0o444, 0o4755, 0o666), owner: fc.constantFrom(0, 1234), seconds: fc.integer({ min: 1, max: 1_700_000_000 }), micros: fc.integer({ min: 0, max: 999_999 }) });
    const link = fc.record({ directory: fc.constantFrom('etc', 'usr'), name: fc.constantFrom('timers.target.wants/evil.timer', 'multi-user.target.requires/evil.service', 'alias.timer', 'timers.target.wants/good.timer'), target: fc.constantFrom('../evil.timer', '/nowhere/evil.timer', 'evil.timer', '../evil.service'), seconds: fc.integer({ min: 1, max: 1_700_000_000 }) });
    const body = fc.constantFrom('[Timer]\nOnCalendar=daily\n', '[Timer]\nUnit=evil.service\n', '');
    await fc.assert(
      fc.asyncProperty(fc.array(file, { maxLength: 8 }), fc.array(link, { maxLength: 4 }), body, async (files, links, timer) => {
        const root = temporaryDirectory();
        const host = hostIn(root);
        plant(root, { 'etc/evil.timer': timer });
        for (const each of files) {
          const path = join(root, each.directory, each.name);
          mkdirSync(join(path, '..'), { recursive: true });
          if (existsSync(path)) continue;
          writeFileSync(path, each.content);
          if (isRoot) chownSync(path, each.owner, each.owner);
          chmodSync(path, each.mode);
          execFileSync('touch', ['-d', `@${each.seconds}.${String(each.micros).padStart(6, '0')}789`, path]);
        }
        for (const each of links) {
          const path = join(root, each.directory, each.name);
          mkdirSync(join(path, '..'), { recursive: true });
          if (existsSync(path)) continue;
          try {
            symlinkSync(each.target, path);
            lutimesSync(path, each.seconds, each.seconds);
          } catch {
            // A dangling link of an earlier round of the loop has the name.
          }
        }
        for (const directory of ['etc', 'usr', 'run']) utimesSync(join(root, directory), 1_500_000_000, 1_500_000_000);
        const before = snapshot(root);
        const context = contextFor(host, join(root, 'etc/evil.timer'));
        const changes: Change[] = [];
        const plan = await removeTimer.plan(params, context);
        await removeTimer.apply(plan, context, (change) => changes.push(change));
        expect(await removeTimer.verify(plan, context)).toMatchObject({ ok: true });
        expect(existsSync(join(root, 'etc/evil.timer'))).toBe(false);
        const kept = JSON.parse(JSON.stringify(changes.toReversed())) as Change[];
        expect((await removeTimer.undo(kept, context)).failed).toEqual([]);
        expect(snapshot(root)).toEqual(before);
      }),
      { numRuns: 60 },
    );
  });

  test.skipIf(!isRoot || !has('chattr'))('takes off the immutable attribute and sets it again (needs root and chattr: apt-get install e2fsprogs)', async ({ onTestFinished, skip }) => {
    const root = temporaryDirectory();
    plant(root, EVIL);
    const path = join(root, 'etc/evil.timer');
    const chattr = (flag: string): void => void execFileSync('chattr', [flag, path], { stdio: 'ignore' });
    try {
      chattr('+i');
    } catch {
      skip('the file system of the temporary directory has no attributes');
    }
    onTestFinished(() => {
      if (existsSync(path)) chattr('-i');
      rmSync(root, { recursive: true });
    });
    const changes = await remove(root);
    expect(existsSync(path)).toBe(false);
    expect((await removeTimer.undo(changes, contextFor(hostIn(root), path))).done).toContain(`set the attribute i on ${path} again`);
    expect(execFileSync('lsattr', [path], { encoding: 'utf8' })).toMatch(/^-*i/);
    expect((await removeTimer.undo(changes, contextFor(hostIn(root), path))).done).toEqual([]);
  });

  test.skipIf(!has('setfattr'))('gives back extended attributes (needs setfattr: apt-get install attr)', async () => {
    const root = temporaryDirectory();
    plant(root, EVIL);
    const path = join(root, 'etc/evil.timer');
    execFileSync('setfattr', ['-n', 'user.note', '-v', 'kept', path]);
    const changes = await remove(root);
    await removeTimer.undo(changes, contextFor(hostIn(root), path));
    expect(execFileSync('getfattr', ['-n', 'user.note', '--only-values', path], { encoding: 'utf8' })).toBe('kept');
  });
});
