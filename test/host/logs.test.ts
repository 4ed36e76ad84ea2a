/** Logs of package managers and of logins, read from their end. */
import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { MOST_LOG, readLogEnd } from '../../src/host/ends.ts';
import { parseAuth, syslogTime } from '../../src/host/login-log.ts';
import { packageChanges, parseApt, parseDnf, parsePacman } from '../../src/host/package-log.ts';
import { temporaryDirectory } from '../helpers/events.ts';

function put(root: string, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

const at = (local: string): number => new Date(local).getTime();

test('what dpkg and apt did between two times, also from the log before', () => {
  const root = temporaryDirectory();
  put(root, '/var/log/dpkg.log.1', '2026-11-24 09:00:00 install old:amd64 <none> 1\n2026-11-24 09:59:59 upgrade b:amd64 1 2\n');
  put(root, '/var/log/dpkg.log', '2026-11-24 10:00:00 install c:amd64 <none> 3\n2026-11-24 10:00:01 status installed c:amd64 3\n2026-11-24 10:00:02 remove d:all 4 <none>\n2026-11-24 12:00:00 install late:amd64 <none> 1\n');
  put(root, '/var/log/apt/history.log', '\nStart-Date: 2026-11-24  10:00:00\nCommandline: apt-get install c\nRequested-By: alice (1000)\nInstall: c:amd64 (3)\nEnd-Date: 2026-11-24  10:00:03\n');
  const { changes, logs, warnings } = packageChanges(at('2026-11-24T09:30:00'), at('2026-11-24T11:00:00'), root);
  expect(changes.map(({ manager, action, what }) => `${manager} ${action} ${what}`)).toEqual(['dpkg upgrade b:amd64 2', 'dpkg install c:amd64 3', 'apt run apt-get install c (for alice (1000))', 'dpkg remove d:all 4']);
  expect([logs, warnings]).toEqual([['/var/log/dpkg.log', '/var/log/apt/history.log'], []]);
});

test('a log that begins later says nothing of the time before, and that is said', () => {
  const root = temporaryDirectory();
  put(root, '/var/log/dpkg.log', '2026-11-24 10:00:00 install c:amd64 <none> 3\n');
  expect(packageChanges(at('2026-11-01T00:00:00'), at('2026-11-02T00:00:00'), root).warnings).toEqual([expect.stringMatching(/says nothing of that time: it begins at/)]);
});

test('lines of dnf, pacman and apt without an end', () => {
  expect([...parseDnf(['2026-11-24T10:00:00+0100 SUBDEBUG Installed: nginx-1:1.20.1-1.el9.x86_64', 'rubbish'], 'dnf')]).toEqual([{ time: Date.parse('2026-11-24T09:00:00Z'), manager: 'dnf', action: 'installed', what: 'nginx-1:1.20.1-1.el9.x86_64' }]);
  expect([...parsePacman(['[2026-11-24T10:00:00+0000] [ALPM] installed nginx (1.20.1-1)'])]).toEqual([{ time: Date.parse('2026-11-24T10:00:00Z'), manager: 'pacman', action: 'installed', what: 'nginx (1.20.1-1)' }]);
  expect([...parseApt(['Start-Date: 2026-11-24  10:00:00', 'Commandline: apt full-upgrade'])]).toMatchObject([{ what: 'apt full-upgrade' }]);
});

test('of a log of a GiB only the end is read', () => {
  const path = join(temporaryDirectory(), 'log');
  const fd = openSync(path, 'w');
  ftruncateSync(fd, 2 ** 30);
  writeSync(fd, '\n2026-11-24 09:00:00 install a:amd64 <none> 1\n2026-11-24 10:00:00 install b:amd64 <none> 1\n', 2 ** 30);
  closeSync(fd);
  const end = readLogEnd(path, (line) => line < '2026-11-24 09:30');
  expect(end?.isCut).toBe(true);
  expect(end?.lines.slice(-2)).toEqual(['2026-11-24 09:00:00 install a:amd64 <none> 1', '2026-11-24 10:00:00 install b:amd64 <none> 1']);
  expect(Buffer.byteLength(end?.lines.join('\n') ?? '')).toBeLessThanOrEqual(MOST_LOG);
});

test('lines are whole, wherever the pieces that are read end', () => {
  const path = join(temporaryDirectory(), 'log');
  const lines = Array.from({ length: 30_000 }, (_, index) => `${String(index).padStart(6, '0')} ${'x'.repeat(index % 97)}`);
  writeFileSync(path, `${lines.join('\n')}\n`);
  expect(readLogEnd(path, () => false)).toEqual({ lines, isCut: false });
  const end = readLogEnd(path, (line) => Number(line.slice(0, 6)) < 20_000);
  expect(end?.isCut).toBe(true);
  expect(end?.lines).toEqual(lines.slice(-(end?.lines.length ?? 0)));
  expect(Number(end?.lines[0]?.slice(0, 6))).toBeLessThanOrEqual(20_000);
});

test.each([
  ['Nov 24 10:00:00 h sshd[9]: Accepted publickey for root from 203.0.113.9 port 5 ssh2', { user: 'root', what: 'login', detail: 'publickey from 203.0.113.9' }],
  ['2026-11-24T10:00:00+01:00 h sshd-session[9]: Failed password for invalid user bob from ::1 port 5 ssh2', { user: 'bob', what: 'failed', detail: 'from ::1' }],
  ['Nov 24 10:00:00 h sudo:    alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/tee /etc/systemd/system/x.timer', { user: 'alice', what: 'sudo', detail: 'as root: /usr/bin/tee /etc/systemd/system/x.timer' }],
  ['Nov 24 10:00:00 h su[7]: pam_unix(su:session): session opened for user root(uid=0) by alice(uid=1000)', { user: 'alice', what: 'su', detail: 'to root' }],
])('%s', (line, wanted) => {
  expect(parseAuth(line)).toEqual(wanted);
});

test.each(['Nov 24 10:00:00 h cron[1]: pam_unix(cron:session): session opened for user root', `Nov 24 10:00:00 h sudo: ${'a : '.repeat(100_000)}`, ''])('a line that tells of no login', (line) => {
  expect(parseAuth(line)).toBeUndefined();
});

test('a time without a year is the last one before', () => {
  const near = new Date(2026, 0, 2).getTime();
  expect(new Date(syslogTime('Dec 31 23:00:00 h x', near) ?? 0).getFullYear()).toBe(2025);
  expect(new Date(syslogTime('Jan  1 23:00:00 h x', near) ?? 0).getFullYear()).toBe(2026);
  expect(syslogTime('nothing', near)).toBeUndefined();
});
