import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, chownSync, existsSync, linkSync, lstatSync, lutimesSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, truncateSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Change } from '../../src/actions/index.ts';
import { removeTimer } from '../../src/actions/remove-timer.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { contextFor, EVIL, hostIn, plant, snapshot } from '../helpers/response.ts';

const isRoot = process.getuid?.() === 0;
const has = (program: string): boolean => ['/usr/bin', '/bin', '/usr/sbin', '/sbin'].some((directory) => existsSync(join(directory, program)));
const params = { keep_service: false, keep_mask: true };

async function planOf(root: string, path = 'etc/evil.timer', given = params): Promise<Awaited<ReturnType<typeof removeTimer.plan>>> {
  return removeTimer.plan(given, contextFor(hostIn(root), join(root, path)));
}

/** Applies and gives the changes, newest first. */
async function remove(root: string, path = 'etc/evil.timer'): Promise<Change[]> {
  const context = contextFor(hostIn(root), join(root, path));
  const changes: Change[] = [];
  await removeTimer.apply(await removeTimer.plan(params, context), context, (change) => changes.push(change));
  return changes.toReversed();
}

describe('a timer with more names than its own is taken out by that name', () => {
  test('and the others stay and are named', async () => {
    const root = temporaryDirectory();
    plant(root, { ...EVIL, 'elsewhere/kept': '' });
    const timer = join(root, 'etc/evil.timer');
    for (const name of ['elsewhere/copy', 'etc/b', 'usr/good.timer.d/c']) {
      mkdirSync(join(root, name, '..'), { recursive: true });
      linkSync(timer, join(root, name));
    }
    const inode = lstatSync(timer).ino;
    const context = contextFor(hostIn(root), timer);
    const plan = await removeTimer.plan(params, context);
    const others = `${root}/etc/b, ${root}/usr/good.timer.d/c, 1 name outside of the unit directories (find / -inum ${inode}): the same file as ${timer}`;
    expect(plan).toMatchObject({ state: 'ready', notes: expect.arrayContaining([`stays, look at it: ${others}`]) });
    expect(plan.steps.map((step) => step.target)).toEqual(expect.arrayContaining([timer, join(root, 'etc/evil.service')]));
    await removeTimer.apply(plan, context, () => {});
    expect(await removeTimer.verify(plan, context)).toEqual({ ok: true, text: `evil.timer and evil.service are gone; what stays: ${others}` });
    expect(['elsewhere/copy', 'etc/b', 'usr/good.timer.d/c'].map((name) => readFileSync(join(root, name), 'utf8'))).toEqual(Array.from({ length: 3 }, () => EVIL['etc/evil.timer']));
  });

  test('nothing is said where all of them are taken', async () => {
    const root = temporaryDirectory();
    plant(root, { 'etc/evil.timer': '[Timer]\n' });
    mkdirSync(join(root, 'etc/evil.timer.d'));
    linkSync(join(root, 'etc/evil.timer'), join(root, 'etc/evil.timer.d/x.conf'));
    expect(await planOf(root)).toMatchObject({ state: 'ready', notes: [] });
  });

  test('and comes back as a file of its own', async () => {
    const root = temporaryDirectory();
    plant(root, EVIL);
    const timer = join(root, 'etc/evil.timer');
    linkSync(timer, join(root, 'etc/b'));
    hostIn(root);
    const before = snapshot(root);
    const changes = await remove(root);
    expect((await removeTimer.undo(JSON.parse(JSON.stringify(changes)) as Change[], contextFor(hostIn(root), timer))).done).toContain(`restored ${timer}, as a file of its own: it was one of 2 names of the same`);
    expect(snapshot(root)).toEqual(before);
    expect([lstatSync(timer).nlink, lstatSync(join(root, 'etc/b')).nlink]).toEqual([1, 1]);
  });
});

describe('the plan', () => {
  test('names the timer, its service, drop-ins and links, and nothing of other units', async () => {
    const root = temporaryDirectory();
    plant(root, EVIL);
    const plan = await planOf(root);
    expect(plan.state).toBe('ready');
    expect(plan.steps.map((step) => step.target.slice(root.length + 1))).toEqual(['etc/evil.timer', 'etc/evil.timer.d/more.conf', 'etc/evil.timer.d', 'etc/timers.target.wants/evil.timer', 'etc/evil.service']);
    expect(plan.notes).toEqual(['what evil.service runs is not removed, look at it: /tmp/evil.sh']);
  });

  test('changes nothing', async () => {
    const root = temporaryDirectory();
    plant(root, EVIL);
    hostIn(root);
    const before = snapshot(root, []);
    await planOf(root);
    expect(snapshot(root, [])).toEqual(before);
  });

  test('finds the service that Unit= names, an alias, a stamp and shadowed copies in other directories', async () => {
    const root = temporaryDirectory();
    plant(root, { 'etc/evil.timer': '[Timer]\nUnit=payload.service\n', 'run/evil.timer': '[Timer]\n', 'run/payload.service': '[Service]\n', 'etc/nice.timer': '-> evil.timer', 'etc/timers.target.wants/nice.timer': '-> ../nice.timer', 'stamps/stamp-evil.timer': '' });
    expect((await planOf(root)).steps.map((step) => step.target.slice(root.length + 1)).sort()).toEqual(['etc/evil.timer', 'etc/nice.timer', 'etc/timers.target.wants/nice.timer', 'run/evil.timer', 'run/payload.service', 'stamps/stamp-evil.timer']);
  });

  test('takes the instances of a template with it', async () => {
    const root = temporaryDirectory();
    plant(root, { 'etc/evil@.timer': '[Timer]\n', 'etc/evil@.service': '[Service]\n', 'etc/timers.target.wants/evil@one.timer': '-> ../evil@.timer' });
    expect((await planOf(root, 'etc/evil@.timer')).steps.map((step) => step.target.slice(root.length + 1)).sort()).toEqual(['etc/evil@.service', 'etc/evil@.timer', 'etc/timers.target.wants/evil@one.timer']);
  });

  test('leaves a service that another timer starts, and says so', async () => {
    const root = temporaryDirectory();
    plant(root, { ...EVIL, 'usr/good.timer': '[Timer]\nUnit=evil.service\n' });
    const plan = await planOf(root);
    expect(plan.steps.map((step) => step.target)).not.toContain(join(root, 'etc/evil.service'));
    expect(plan.notes).toContain('evil.service stays: it is also started by good.timer');
  });

  test('leaves the service when it is asked to', async () => {
    const root = temporaryDirectory();
    plant(root, EVIL);
    expect((await planOf(root, 'etc/evil.timer', { keep_service: true, keep_mask: true })).steps.map((step) => step.target)).not.toContain(join(root, 'etc/evil.service'));
  });

  test('takes only the drop-in when the alert is about a drop-in', async () => {
    const root = temporaryDirectory();
    plant(root, EVIL);
    const plan = await planOf(root, 'etc/evil.timer.d/more.conf');
    expect(plan.steps.map((step) => step.target)).toEqual([join(root, 'etc/evil.timer.d/more.conf')]);
    expect(plan.notes[0]).toMatch(/evil\.timer itself stays/);
  });

  test('takes a directory of drop-ins for a prefix where it applies to nothing else', async () => {
    const root = temporaryDirectory();
    plant(root, { 'etc/evil-clock.timer': '[Timer]\n', 'etc/evil-.timer.d/x.conf': '[Timer]\n' });
    expect((await planOf(root, 'etc/evil-clock.timer')).steps.map((step) => step.target.slice(root.length + 1))).toEqual(['etc/evil-clock.timer', 'etc/evil-.timer.d/x.conf', 'etc/evil-.timer.d']);
    plant(root, { 'usr/evil-eye.timer': '[Timer]\n' });
    const plan = await planOf(root, 'etc/evil-clock.timer');
    expect(plan.steps.map((step) => step.target.slice(root.length + 1))).toEqual(['etc/evil-clock.timer']);
    expect(plan.notes).toContain(`${root}/etc/evil-.timer.d applies to other units as well and stays, look at it`);
  });

  test('takes one instance and leaves its template with the others', async () => {
    const root = temporaryDirectory();
    plant(root, { 'usr/backup@.timer': '[Timer]\n', 'usr/backup@.service': '[Service]\n', 'etc/timers.target.wants/backup@home.timer': '-> ../../usr/backup@.timer', 'etc/backup@evil.timer': '[Timer]\nUnit=evil.service\n', 'etc/evil.service': '[Service]\n' });
    expect((await planOf(root, 'etc/backup@evil.timer')).steps.map((step) => step.target.slice(root.length + 1)).sort()).toEqual(['etc/backup@evil.timer', 'etc/evil.service']);
  });

  test('names others that run the same program or name the unit, with a command that is safe to paste', async () => {
    const root = temporaryDirectory();
    plant(root, { ...EVIL, "etc/x'; touch y;'.service": '[Service]\nExecStart=/bin/sh -c "sleep 1; /tmp/evil.sh"\n', 'usr/back.service': '[Unit]\nWants=evil.timer\n', 'usr/other.service': '[Service]\nExecStart=/tmp/evil.sh2\n', 'usr/third.service': '[Unit]\nWants=not-evil.timer\n' });
    const notes = (await planOf(root)).notes.filter((note) => note.includes('bring it back'));
    expect(notes).toEqual([
      String.raw`${root}/etc/x'; touch y;'.service names /tmp/evil.sh as well and may bring it back: tickward respond --file '${root}/etc/x'\''; touch y;'\''.service'`,
      `${root}/usr/back.service names evil.timer as well and may bring it back: tickward respond --file '${root}/usr/back.service'`,
    ]);
  });

  test('does not read a file to its end that is too large to be taken, and says so', async () => {
    const root = temporaryDirectory();
    plant(root, EVIL);
    truncateSync(join(root, 'etc/evil.timer'), 2 ** 40);
    expect(await planOf(root)).toMatchObject({ state: 'blocked', reason: expect.stringContaining('too large to keep a copy of (1099511627776 bytes)') });
  });

  test('names drop-ins of all timers and masks as what stays', async () => {
    const root = temporaryDirectory();
    plant(root, { ...EVIL, 'etc/timer.d/all.conf': '[Timer]\n', 'run/evil.service': '-> /dev/null' });
    const { notes } = await planOf(root);
    expect(notes).toContain(`${root}/etc/timer.d applies to other units as well and stays, look at it`);
    expect(notes).toContain(`${root}/run/evil.service stays: it is a mask that keeps the unit from being started`);
  });

  test('has nothing to do when the timer is gone', async () => {
    expect(await planOf(temporaryDirectory())).toMatchObject({ state: 'nothing-to-do', steps: [] });
  });

  test('still takes the rest when only the timer file is gone', async () => {
    const root = temporaryDirectory();
    plant(root, EVIL);
    unlinkSync(join(root, 'etc/evil.timer'));
    expect((await planOf(root)).steps.map((step) => step.target.slice(root.length + 1))).toContain('etc/evil.service');
  });

  test.each([
    ['a drop-in', 'etc/evil.timer.d/more.conf', { 'etc/evil.timer.d/more.conf': '[Timer]\n' }],
    ['a timer', 'etc/evil.timer', { 'etc/evil.timer': '[Timer]\n' }],
    ['a link in x.wants', 'etc/timers.target.wants/evil.timer', { 'etc/timers.target.wants/evil.timer': '-> ../evil.timer' }],
  ])('takes %s whose directory is searched under another of its names', async (_what, path, files) => {
    const root = temporaryDirectory();
    plant(root, files);
    const host = hostIn(root);
    // As /lib and /usr/lib are: the same directory, and the first of its names is the one that is searched.
    const twice = { ...host, directories: [{ path: `${root}//etc`, scope: 'system' as const, kind: 'units' as const }, ...host.directories] };
    const plan = await removeTimer.plan(params, contextFor(twice, join(root, path)));
    expect(plan).toMatchObject({ state: 'ready', data: { operations: [{ path: Buffer.from(`${root}//${path}`) }] } });
  });

  test.each([
    ['a mask', 'etc/evil.timer', { 'etc/evil.timer': '-> /dev/null' }, /is a mask/],
    ['a directory', 'etc/evil.timer.d/more.conf', { 'etc/evil.timer.d/more.conf/x': '' }, /more\.conf is not touched: it is neither a file nor a link/],
  ])('never says "gone already" while the file is there: %s', async (_what, path, files, reason) => {
    const root = temporaryDirectory();
    plant(root, files);
    expect(await planOf(root, path)).toMatchObject({ state: 'blocked', reason: expect.stringMatching(reason), steps: [] });
  });

  test('refuses a file outside of the unit directories', async () => {
    const root = temporaryDirectory();
    plant(root, { 'elsewhere/evil.timer': '[Timer]\n' });
    expect(await planOf(root, 'elsewhere/evil.timer')).toMatchObject({ state: 'blocked', steps: [] });
  });

  test.each(['/etc/passwd', '/passwd', '/'])('says of %s that systemd reads no units there', async (path) => {
    expect(await removeTimer.plan(params, contextFor(hostIn(temporaryDirectory()), path))).toMatchObject({ state: 'blocked', reason: `${path} is in no directory that systemd reads units from` });
  });

  test('shows names as they are, and finds the service that one of them names', async () => {
    const root = temporaryDirectory();
    plant(root, { 'etc/zeit-時.timer': '[Timer]\nUnit=büro.service\n', 'etc/büro.service': '[Service]\nExecStart=/bin/é\n' });
    const context = contextFor(hostIn(root), join(root, 'etc/zeit-時.timer'));
    const plan = await removeTimer.plan(params, context);
    expect(plan.notes).toEqual(['what büro.service runs is not removed, look at it: /bin/é']);
    await removeTimer.apply(plan, context, () => {});
    expect(await removeTimer.verify(plan, context)).toEqual({ ok: true, text: 'zeit-時.timer and büro.service are gone' });
  });

  test('finds a service by a name that is no UTF-8', async () => {
    const root = temporaryDirectory();
    const etc = Buffer.from(`${join(hostIn(root).directories[0]?.path ?? '', '')}/`);
    const name = (end: string): Buffer => Buffer.concat([Buffer.from('hid'), Buffer.of(0xff), Buffer.from(end)]);
    writeFileSync(Buffer.concat([etc, name('.service')]), '[Service]\n');
    writeFileSync(join(root, 'etc/a.timer'), Buffer.concat([Buffer.from('[Timer]\nUnit='), name('.service\n')]));
    const context = contextFor(hostIn(root), join(root, 'etc/a.timer'));
    const plan = await removeTimer.plan(params, context);
    await removeTimer.apply(plan, context, () => {});
    expect(await removeTimer.verify(plan, context)).toEqual({ ok: true, text: 'a.timer and hid\\xff.service are gone' });
    expect(existsSync(Buffer.concat([etc, name('.service')]))).toBe(false);
  });

  test('names only what there was as gone', async () => {
    const root = temporaryDirectory();
    plant(root, { 'etc/lonely.timer': '[Timer]\n' });
    const context = contextFor(hostIn(root), join(root, 'etc/lonely.timer'));
    const plan = await removeTimer.plan(params, context);
    await removeTimer.apply(plan, context, () => {});
    expect(await removeTimer.verify(plan, context)).toEqual({ ok: true, text: 'lonely.timer is gone' });
  });

  test('refuses a FIFO and says what it is', async () => {
    const root = temporaryDirectory();
    plant(root, { 'etc/x': '' });
    execFileSync('mkfifo', [join(root, 'etc/evil.timer')]);
    expect(await planOf(root)).toMatchObject({ state: 'blocked', reason: expect.stringContaining('neither a file nor a link') });
  });

  test('does not look through a unit directory that was replaced by a link, and says so', async () => {
    const root = temporaryDirectory();
    plant(root, EVIL);
    const host = hostIn(root);
    rmSync(join(root, 'run'), { recursive: true });
    symlinkSync('elsewhere', join(root, 'run'));
    const plan = await removeTimer.plan(params, contextFor(host, join(root, 'etc/evil.timer')));
    expect(plan.state).toBe('ready');
    expect(plan.notes).toContain(`not looked into: ${root}/run is not touched: run on the way is a symbolic link`);
    expect(await removeTimer.plan(params, contextFor(host, join(root, 'run/evil.timer')))).toMatchObject({ state: 'blocked', reason: expect.stringContaining('symbolic link') });
  });

  test('looks into a directory once that is also linked from another place', async () => {
    const root = temporaryDirectory();
    plant(root, EVIL);
    const host = hostIn(root);
    rmSync(join(root, 'run'), { recursive: true });
    symlinkSync('etc', join(root, 'run'));
    expect((await removeTimer.plan(params, contextFor(host, join(root, 'etc/evil.timer')))).notes.join()).not.toContain('not looked into');
  });

  test('escapes what a unit says before it is shown', async () => {
    const root = temporaryDirectory();
    plant(root, { ...EVIL, 'etc/evil.service': '[Service]\nExecStart=/bin/sh -c "\u001b[2J"\n' });
    expect((await planOf(root)).notes.join()).toContain('\\e[2J');
  });

  test.skipIf(!existsSync('/usr/lib/systemd/system/apt-daily.timer') || !has('dpkg-query'))('does not delete a unit of a package, and names the package (needs a Debian with apt)', async () => {
    const root = temporaryDirectory();
    const host = { ...hostIn(root), directories: [{ path: '/usr/lib/systemd/system', scope: 'system' as const, kind: 'units' as const }] };
    expect(await removeTimer.plan(params, contextFor(host, '/usr/lib/systemd/system/apt-daily.timer'))).toMatchObject({ state: 'blocked', reason: expect.stringContaining('belongs to the package apt') });
  });

  test.skipIf(!existsSync('/usr/lib/systemd/system/apt-daily.timer') || !has('dpkg-query'))('takes only what overrides a unit of a package (needs a Debian with apt)', async () => {
    const root = temporaryDirectory();
    plant(root, { 'etc/apt-daily.timer': '[Timer]\nOnCalendar=minutely\n' });
    const host = hostIn(root);
    const directories = [...host.directories, { path: '/usr/lib/systemd/system', scope: 'system' as const, kind: 'units' as const }];
    const plan = await removeTimer.plan(params, contextFor({ ...host, directories }, join(root, 'etc/apt-daily.timer')));
    expect(plan.steps.map((step) => step.target)).toEqual([join(root, 'etc/apt-daily.timer')]);
    expect(plan.notes[0]).toMatch(/belongs to the package apt/);
  });
});

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
