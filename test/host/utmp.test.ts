import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseSession, readSessions } from '../../src/host/sessions.ts';
import { parseUtmp, readUtmp } from '../../src/host/utmp.ts';
import { createLast } from '../../src/sql/tables/last.ts';
import { createLoggedInUsers } from '../../src/sql/tables/logged_in_users.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { context } from '../helpers/table.ts';

/** Written by utmpdump -r of util-linux on x86-64. */
const WTMP = new URL('../fixtures/utmp/wtmp', import.meta.url).pathname;
const at = (text: string): number => Date.parse(`2026-11-24T${text}Z`) / 1000;

test('records as another program wrote them', () => {
  expect([...parseUtmp(readFileSync(WTMP), 'x64')]).toEqual([
    { type: 2, pid: 0, line: '~', user: 'reboot', host: '6.1.0-18-amd64', time: at('22:46:26') },
    { type: 7, pid: 1234, line: 'pts/0', user: 'alice', host: '203.0.113.7', time: at('22:50:00') },
    { type: 6, pid: 700, line: 'tty1', user: 'LOGIN', host: '', time: at('22:47:00') },
    { type: 8, pid: 1234, line: 'pts/0', user: '', host: '', time: at('23:10:00') },
    { type: 1, pid: 1, line: '~', user: 'runlevel', host: '6.1.0-18-amd64', time: at('22:46:40') },
  ]);
});

test('arm64 has room for times after 2038', () => {
  const record = Buffer.alloc(400);
  record.writeInt16LE(7, 0);
  record.writeInt32LE(42, 4);
  record.write('x'.repeat(32), 44);
  record.writeBigInt64LE(5_000_000_000n, 344);
  expect([...parseUtmp(record, 'arm64')]).toEqual([{ type: 7, pid: 42, line: '', user: 'x'.repeat(32), host: '', time: 5_000_000_000 }]);
});

test('a record that is cut off is left out, and names of any bytes are legible', () => {
  const bytes = Buffer.from(readFileSync(WTMP).subarray(0, 384 + 100));
  bytes.set([0xff, 0x41, 0], 44);
  expect([...parseUtmp(bytes, 'x64')].map((record) => record.user)).toEqual(['\\xffA']);
});

test('many records are read in parts, and what is no file has none', () => {
  const file = join(temporaryDirectory(), 'wtmp');
  writeFileSync(file, Buffer.concat(Array.from({ length: 700 }, () => readFileSync(WTMP))));
  expect([...readUtmp(file)].length).toBe(Math.floor((700 * 1920) / (process.arch === 'arm64' ? 400 : 384)));
  const fifo = join(temporaryDirectory(), 'fifo');
  execFileSync('mkfifo', [fifo]);
  expect([...readUtmp(fifo)]).toEqual([]);
});

describe.skipIf(process.arch !== 'x64')('the tables over them', () => {
  test('last has logins and logouts only', () => {
    expect([...createLast(WTMP).generate(context())]).toEqual([
      { username: 'alice', tty: 'pts/0', pid: 1234, type: 7, type_name: 'user-process', time: at('22:50:00'), host: '203.0.113.7' },
      { username: '', tty: 'pts/0', pid: 1234, type: 8, type_name: 'dead-process', time: at('23:10:00'), host: '' },
    ]);
  });

  test('logged_in_users has all but what init says of itself', () => {
    expect([...createLoggedInUsers(WTMP).generate(context())].map(({ type, user, pid }) => [type, user, pid])).toEqual([['boot_time', 'reboot', 0], ['user', 'alice', 1234], ['login', 'LOGIN', 700], ['dead', '', 1234]]);
  });
});

test('a wtmp that is not there is said, and so is a host that keeps no utmp', () => {
  const warnings: string[] = [];
  expect([...createLast('/nowhere/wtmp').generate(context({}, warnings))]).toEqual([]);
  expect([...createLoggedInUsers('/nowhere/utmp', '/nowhere/sessions').generate(context({}, warnings))]).toEqual([]);
  expect(warnings).toEqual([expect.stringMatching(/^\/nowhere\/wtmp cannot be read/), expect.stringMatching(/^neither \/nowhere\/utmp nor sessions/)]);
});

test('without utmp the sessions of logind are shown', () => {
  const folder = temporaryDirectory();
  writeFileSync(join(folder, '2'), '# private\nUID=1000\nUSER=alice\nACTIVE=1\nSTATE=active\nREMOTE=1\nTYPE=tty\nCLASS=user\nREMOTE_HOST=203.0.113.7\nLEADER=812\nTTY=pts/0\nREALTIME=1795560600000000\n');
  writeFileSync(join(folder, 'c1'), 'USER=gdm\nCLASS=greeter\n');
  writeFileSync(join(folder, '2.ref'), '');
  const warnings: string[] = [];
  expect([...createLoggedInUsers('/nowhere/utmp', folder).generate(context({}, warnings))]).toEqual([{ type: 'user', user: 'alice', tty: 'pts/0', host: '203.0.113.7', time: 1795560600, pid: 812 }]);
  expect(warnings).toEqual(['/nowhere/utmp is not here: these are the sessions of systemd-logind']);
  expect(readSessions(folder)).toHaveLength(1);
  expect(parseSession('CLASS=user\nSTATE=closing\nUSER=x\n')).toBeUndefined();
});
