import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, linkSync, mkdirSync, renameSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Change } from '../../src/actions/index.ts';
import { quarantineFile } from '../../src/actions/quarantine-file.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { contextFor, hostIn, snapshot } from '../helpers/response.ts';

function setUp(): { root: string; path: string; context: ReturnType<typeof contextFor> } {
  const root = temporaryDirectory();
  const host = { ...hostIn(root), quarantine: join(root, 'state', 'quarantine') };
  mkdirSync(join(root, 'state'));
  mkdirSync(join(root, 'home'));
  const path = join(root, 'home', 'pay load');
  writeFileSync(path, 'evil', { mode: 0o755 });
  utimesSync(path, 1_600_000_000.5, 1_600_000_001.25);
  return { root, path, context: contextFor(host, path) };
}

const plan = (path: string, context: ReturnType<typeof contextFor>, more: object = {}): ReturnType<typeof quarantineFile.plan> => quarantineFile.plan(quarantineFile.params.parse({ path, ...more }), context);

test('a file goes into the quarantine and comes back as it was', async () => {
  const { root, path, context } = setUp();
  utimesSync(join(root, 'home'), 1_500_000_000, 1_500_000_000);
  const before = snapshot(root, ['state']);
  const planned = await plan(path, context);
  expect(planned).toMatchObject({ state: 'ready', steps: [{ text: `move the file ${path} into the quarantine` }] });
  const changes: Change[] = [];
  await quarantineFile.apply(planned, context, (change) => changes.push(change));
  expect(await quarantineFile.verify(planned, context)).toEqual({ ok: true, text: `${path} is gone` });
  expect((await quarantineFile.undo(JSON.parse(JSON.stringify(changes.toReversed())) as Change[], context)).failed).toEqual([]);
  expect(snapshot(root, ['state'])).toEqual(before);
  expect(await quarantineFile.undo(changes.toReversed(), context)).toMatchObject({ done: [], failed: [] });
});

test('one that is there again is said to be made anew', async () => {
  const { path, context } = setUp();
  const planned = await plan(path, context);
  await quarantineFile.apply(planned, context, () => {});
  writeFileSync(path, 'evil');
  expect(await quarantineFile.verify(planned, context)).toEqual({ ok: false, text: `${path} is there (again): something makes it anew, look for it` });
});

test('it is planned also where there is no state directory yet', async () => {
  const { root, path, context } = setUp();
  expect(await plan(path, { ...context, quarantine: join(root, 'none', 'quarantine') })).toMatchObject({ state: 'ready' });
});

test('without a path it is the file of the alert', async () => {
  const { path, context } = setUp();
  expect(await quarantineFile.plan(quarantineFile.params.parse({}), context)).toMatchObject({ state: 'ready', steps: [{ target: path }] });
});

describe('what is refused', () => {
  test('a link, a link on the way, a FIFO, a directory, a device', async () => {
    const { root, path, context } = setUp();
    symlinkSync(path, join(root, 'link'));
    symlinkSync('home', join(root, 'way'));
    execFileSync('mkfifo', [join(root, 'fifo')]);
    expect(await plan(join(root, 'link'), context)).toMatchObject({ state: 'blocked', reason: expect.stringContaining('is a symbolic link') });
    expect(await plan(join(root, 'way', 'pay load'), context)).toMatchObject({ state: 'blocked', reason: expect.stringContaining('way on the way is a symbolic link') });
    expect(await plan(join(root, 'fifo'), context)).toMatchObject({ state: 'blocked', reason: expect.stringContaining('is a FIFO') });
    expect(await plan(join(root, 'home'), context)).toMatchObject({ state: 'blocked', reason: expect.stringContaining('is a directory') });
    expect(await plan('/dev/null', context)).toMatchObject({ state: 'blocked' });
  });

  test('a file with more names, unless it is asked for; then the others stay and are named', async () => {
    const { root, path, context } = setUp();
    linkSync(path, join(root, 'etc', 'other'));
    expect(await plan(path, context)).toMatchObject({ state: 'blocked', reason: expect.stringContaining('one of 2 names of the same file') });
    const planned = await plan(path, context, { hard_links: true });
    expect(planned).toMatchObject({ state: 'ready', notes: [`stays, look at it: ${root}/etc/other: the same file as ${path}`] });
    await quarantineFile.apply(planned, context, () => {});
    expect([existsSync(path), existsSync(join(root, 'etc', 'other'))]).toEqual([false, true]);
  });

  const needed = ['/etc/passwd', '/etc//passwd', '/etc/shadow', '/etc/group', '/etc/fstab', '/etc/hosts', '/etc/pam.d/other', '/etc/ssh/sshd_config', '/usr/bin/dash', '/usr/bin/bash', '/usr/bin/login', '/usr/lib/systemd/systemd', '/usr/lib/x86_64-linux-gnu/libc.so.6', '/var/lib/dpkg/status', '/proc/version', '/proc/1/environ'];

  test.each(needed.filter((path) => existsSync(path)))('%s, without which the host may not start or let anybody in', async (path) => {
    const { context } = setUp();
    // Whatever package it is of: where that is not known, nothing else keeps it.
    expect(await plan(path, context)).toMatchObject({ state: 'blocked', reason: expect.stringContaining('is not taken away') });
  });

  test.skipIf(!existsSync('/bin/sh'))('the shell by the way that scripts name it', async () => {
    expect(await plan('/bin/sh', setUp().context)).toMatchObject({ state: 'blocked' });
  });

  test.skipIf(!existsSync('/usr/bin/dpkg-query') || !existsSync('/usr/bin/sort'))('a file of a package (needs a Debian)', async () => {
    const { context } = setUp();
    expect(await plan('/usr/bin/sort', context)).toMatchObject({ state: 'blocked', reason: expect.stringContaining('/usr/bin/sort belongs to the package coreutils') });
  });

  test('what is in the quarantine already', async () => {
    const { root, path, context } = setUp();
    const planned = await plan(path, context);
    await quarantineFile.apply(planned, context, () => {});
    writeFileSync(join(root, 'state', 'journal.db'), '');
    symlinkSync('state', join(root, 'other-name'));
    for (const quarantine of [context.quarantine, join(root, 'other-name', 'quarantine')]) {
      for (const name of ['quarantine/taken.ndjson', 'journal.db']) expect(await plan(join(root, 'state', name), { ...context, quarantine })).toMatchObject({ state: 'blocked', reason: expect.stringContaining("is Tickward's own") });
    }
  });

  test('what is larger than a copy may be', async () => {
    const { path, context } = setUp();
    truncateSync(path, 1024 ** 3 + 1);
    expect(await plan(path, context)).toMatchObject({ state: 'blocked', reason: expect.stringContaining('too large to keep a copy of (1073741825 bytes)') });
  });

  test('a file that was exchanged since the plan', async () => {
    const { root, path, context } = setUp();
    const planned = await plan(path, context);
    writeFileSync(join(root, 'new'), 'evil');
    renameSync(join(root, 'new'), path);
    await expect(quarantineFile.apply(planned, context, () => {})).rejects.toThrow(/was changed since the plan was made/);
    expect(existsSync(path)).toBe(true);
  });
});

test('says which process runs from the file', async () => {
  const { root, context } = setUp();
  const program = join(root, 'home', 'program');
  copyFileSync('/bin/sleep', program);
  chmodSync(program, 0o755);
  const child = spawn(program, ['1000']);
  onTestFinished(() => void child.kill('SIGKILL'));
  expect((await plan(program, context)).notes).toEqual([`${program} runs as process ${child.pid}, and goes on: end it with kill_process`]);
});
