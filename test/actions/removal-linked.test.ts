/** remove_timer where what is found leads elsewhere: links in place of directories, which systemd follows, and services that the timer only names. */
import { lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Change } from '../../src/actions/index.ts';
import { removeTimer } from '../../src/actions/remove-timer.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { params } from '../helpers/removing.ts';
import { contextFor, hostIn, plant, snapshot } from '../helpers/response.ts';

function scene(files: Record<string, string>): { root: string; context(path: string): ReturnType<typeof contextFor> } {
  const root = temporaryDirectory();
  const host = hostIn(root);
  plant(root, files);
  return { root, context: (path) => contextFor(host, join(root, path)) };
}

const HIDDEN = {
  'etc/evil.timer': '[Timer]\nOnCalendar=hourly\n',
  'etc/evil.service': '[Service]\nExecStart=/bin/true\n',
  'etc/real.service': '[Service]\nExecStart=/bin/sleep 4321\n',
  'hidden/x.conf': '[Timer]\nUnit=real.service\n',
  'etc/evil.timer.d': '-> ../hidden',
};

test('of a unit that is taken out the link goes, what it leads to stays, and the service that is named behind it goes with the timer', async () => {
  const { root, context } = scene(HIDDEN);
  const before = snapshot(root);
  const plan = await removeTimer.plan(params, context('etc/evil.timer'));
  expect(plan).toMatchObject({ state: 'ready', notes: expect.arrayContaining([`${root}/etc/evil.timer.d is a link: ../hidden itself stays, look at it`]) });
  expect(plan.steps.map(({ text }) => text.replaceAll(root, ''))).toEqual([
    'move the file /etc/evil.timer into the quarantine',
    'remove the link /etc/evil.timer.d to ../hidden',
    'move the file /etc/real.service into the quarantine',
  ]);
  const changes: Change[] = [];
  await removeTimer.apply(plan, context('etc/evil.timer'), (change) => changes.push(change));
  expect(Object.keys(snapshot(root)).filter((name) => /evil\.timer|real|hidden/.test(name))).toEqual(['hidden', 'hidden/x.conf']);
  expect(await removeTimer.verify(plan, context('etc/evil.timer'))).toMatchObject({ ok: true });
  expect((await removeTimer.undo(changes.toReversed(), context('etc/evil.timer'))).failed).toEqual([]);
  expect(snapshot(root)).toEqual(before);
});

test.each(['etc/kept.service.d', 'etc/kept.service.d/x.conf'])('an alert about %s takes the link away, and the unit stays', async (path) => {
  const { root, context } = scene({ 'etc/kept.service': '[Service]\nExecStart=/bin/true\n', 'hidden/x.conf': '[Service]\nExecStartPre=/tmp/evil\n', 'etc/kept.service.d': '-> ../hidden' });
  const plan = await removeTimer.plan(params, context(path));
  expect(plan).toMatchObject({ state: 'ready', steps: [{ text: `remove the link ${root}/etc/kept.service.d to ../hidden` }], notes: expect.arrayContaining([expect.stringContaining('kept.service itself stays')]) });
  await removeTimer.apply(plan, context(path), () => {});
  expect(lstatSync(join(root, 'etc/kept.service.d'), { throwIfNoEntry: false })).toBeUndefined();
  expect(Object.keys(snapshot(root))).toEqual(expect.arrayContaining(['etc/kept.service', 'hidden/x.conf']));
  expect(await removeTimer.verify(plan, context(path))).toMatchObject({ ok: true });
});

test('a directory of drop-ins itself is not taken away by its name', async () => {
  const { root, context } = scene({ 'etc/kept.service': '[Service]\nExecStart=/bin/true\n', 'etc/kept.service.d/x.conf': '[Service]\nNice=1\n' });
  expect(await removeTimer.plan(params, context('etc/kept.service.d'))).toMatchObject({ state: 'blocked' });
  expect(Object.keys(snapshot(root))).toContain('etc/kept.service.d/x.conf');
});

test('links in place of directories that are of other units too stay, and are named', async () => {
  const { root, context } = scene({ 'etc/evil.timer': '[Timer]\nOnCalendar=hourly\n', 'usr/good.timer': '[Timer]\nOnCalendar=daily\n', 'hidden/evil.timer': '-> ../etc/evil.timer', 'etc/timers.target.wants': '-> ../hidden', 'etc/timer.d': '-> ../hidden' });
  mkdirSync(join(root, 'unrelated'));
  plant(root, { 'etc/basic.target.wants': '-> ../unrelated' });
  const { notes } = await removeTimer.plan(params, context('etc/evil.timer'));
  for (const name of ['timers.target.wants', 'timer.d']) expect(notes).toContain(`${root}/etc/${name} is a link to a directory that applies to other units as well, and stays: look at it and at what is in it`);
  expect(notes.join('\n')).not.toContain('basic.target.wants');
});

test('a service of another name that starts by itself is pointed out: the timer may name what the host needs', async () => {
  const notesAbout = async (service: string): Promise<string> => {
    const { context } = scene({ 'etc/evil.timer': `[Timer]\nOnCalendar=hourly\nUnit=${service}\n`, [`etc/${service}`]: '[Service]\nExecStart=/bin/true\n', [`etc/multi-user.target.wants/${service}`]: `-> ../${service}` });
    return (await removeTimer.plan(params, context('etc/evil.timer'))).notes.join('\n');
  };
  expect(await notesAbout('shop.service')).toMatch(/shop\.service also starts without the timer, by \S+\/multi-user\.target\.wants\/shop\.service: where the host needs it, leave it \(keep_service: true\)/);
  expect(await notesAbout('evil.service')).not.toContain('also starts without the timer');
});

test('units of a user who is not in /etc/passwd are said to be those of one', async () => {
  const { root, context } = scene({ 'home/far/.config/systemd/user/evil.timer': '[Timer]\nOnCalendar=hourly\n' });
  const path = 'home/far/.config/systemd/user/evil.timer';
  expect(await removeTimer.plan(params, context(path))).toMatchObject({ state: 'blocked', reason: expect.stringMatching(/evil\.timer is in no directory of units of any user in \/etc\/passwd: .* systemctl --user -M NAME@/) });
  expect(Object.keys(snapshot(root))).toContain(path);
});
