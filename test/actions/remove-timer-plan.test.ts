import { execFileSync } from 'node:child_process';
import { existsSync, linkSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Change } from '../../src/actions/index.ts';
import { removeTimer } from '../../src/actions/remove-timer.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { has } from '../helpers/needs.ts';
import { params, planOf, remove } from '../helpers/removing.ts';
import { contextFor, EVIL, hostIn, plant, snapshot } from '../helpers/response.ts';

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

test.each([['a link to itself', 'loop.conf'], ['a link to a name that is too long', 'x'.repeat(300)]])('%s among the drop-ins keeps no timer from being removed', async (_, target) => {
  const root = temporaryDirectory();
  plant(root, EVIL);
  mkdirSync(join(root, 'etc/evil.service.d'));
  const dropIn = join(root, 'etc/evil.service.d/loop.conf');
  symlinkSync(target, dropIn);
  const plan = await planOf(root);
  expect(plan).toMatchObject({ state: 'ready' });
  expect(plan.steps.map((each) => each.target)).toContain(dropIn);
});
