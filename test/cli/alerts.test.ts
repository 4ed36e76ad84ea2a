/** What people decide about alerts, and what they except, as a script and as a person on a terminal meet it. */
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { Alert } from '../../src/model/event.ts';
import { openStore } from '../../src/store/index.ts';
import { alertOf } from '../helpers/alerts.ts';
import { fileEvent, temporaryDirectory } from '../helpers/events.ts';
import { jsonLines } from '../helpers/lines.ts';
import { terminal } from '../helpers/terminal.ts';
import { PROGRAM, tickward, type Ran } from '../helpers/tickward.ts';

const DOWN = '\u001b[B';

let stateDir = '';
beforeEach(() => {
  stateDir = join(temporaryDirectory(), 'state');
});

const run = (...args: string[]): Ran => tickward([...args, '--state-dir', stateDir]);

const json = (...args: string[]): unknown[] => jsonLines(run(...args, '--json').stdout);

function stored(...alerts: Alert[]): void {
  const store = openStore(stateDir);
  store.alerts.append(alerts);
  store.close();
}

test('an alert is acknowledged, closed with a reason and reopened, and its history says by whom', () => {
  const alert = alertOf();
  stored(alert);
  expect(json('alerts', 'ack', alert.id)).toMatchObject([{ id: alert.id, status: 'acknowledged', history: [{ status: 'acknowledged', by: expect.any(String), time: expect.any(String) }] }]);
  expect(run('alerts', 'close', alert.id)).toMatchObject({ code: 2, stderr: expect.stringContaining('--reason') });
  expect(run('alerts', 'close', alert.id, '--reason', '  ')).toMatchObject({ code: 2, stderr: expect.stringContaining('the reason is empty') });
  expect(run('alerts', 'close', alert.id, '--reason', 'a \u001b[2J backup').stdout).toContain(String.raw`: a \e[2J backup`);
  expect(run('alerts', 'close', alert.id, '--reason', 'again')).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('closed already') });
  expect(run('alerts', 'ack', alert.id)).toMatchObject({ code: 1, stderr: expect.stringMatching(/is closed — tickward alerts reopen/) });
  expect(json('alerts', '--status', 'closed')).toMatchObject([{ id: alert.id }]);
  expect(run('alerts', 'reopen', alert.id).code).toBe(0);
  expect(json('alerts', 'show', alert.id)).toMatchObject([{ status: 'open', history: [{ status: 'acknowledged' }, { status: 'closed' }, { status: 'open' }] }]);
});

test('of several alerts all change or none', () => {
  const alert = alertOf();
  stored(alert);
  expect(run('alerts', 'ack', alert.id, 'no-such')).toMatchObject({ code: 1, stderr: expect.stringContaining('no alert no-such') });
  expect(json('alerts', 'show', alert.id)).toMatchObject([{ status: 'open', history: [] }]);
});

test('related alerts are those within 48 hours, with the relation, how many and which', () => {
  const at = (hours: number): string => new Date(Date.parse('2026-06-10T00:00:00Z') + hours * 3_600_000).toISOString();
  const [old, before, shown, after, covered] = [-49, -47, 0, 47, 1].map((hours) => alertOf({ '@timestamp': at(hours), event: fileEvent({ user: 'eve' }) }));
  stored(old!, before!, shown!, after!, { ...covered!, suppressed_by: 'e' });
  const [{ related }] = json('alerts', 'show', shown!.id) as [{ related: object[] }];
  expect(related[0]).toEqual({ relation: 'user', value: 'eve', count: 2, ids: [after!.id, before!.id] });
  expect(related).toMatchObject([{ relation: 'user' }, { relation: 'host' }, { relation: 'program', value: '/usr/bin/dash' }, { relation: 'path', value: '/etc/systemd/system/evil.timer' }]);
  const { stdout } = run('alerts', 'show', shown!.id);
  expect(stdout).toContain('2 by the same user (eve)');
  expect(stdout).toMatch(new RegExp(`\\n {2}next {5}tickward --state-dir \\S+ investigate ${shown!.id}\\n$`));
});

test('a long command line is shortened with a mark, and why no more is known of the process is said', () => {
  const of = (command_line: string, note?: string): Alert => {
    const made = fileEvent();
    return alertOf({ event: { ...made, process: { pid: 1, command_line }, tickward: { ...made.tickward, ...(note === undefined ? {} : { attribution_note: note }) } } });
  };
  const cut = of(`sh -c ${'x'.repeat(505)}`, 'the command line is cut: the kernel kept its first 511 bytes');
  const long = of(`sh -c ${'x'.repeat(14_000)}`, `\u001b[2J${'n'.repeat(5_000)}`);
  const short = of('sh -c true');
  stored(cut, long, short);
  const lines = (alert: Alert): string[] => run('alerts', 'show', alert.id).stdout.split('\n').filter((line) => /^  (?:command|note) /.test(line));
  expect(lines(cut)).toEqual([`  command  sh -c ${'x'.repeat(505)}`, '  note     the command line is cut: the kernel kept its first 511 bytes']);
  expect(lines(long)).toEqual([`  command  sh -c ${'x'.repeat(505)}… (14006 characters in all: --json has them)`, expect.stringMatching(/^  note     \\e\[2Jn{500,520}…$/)]);
  expect(lines(short)).toEqual(['  command  sh -c true']);
});

test('stats says how long it took from the event to the alert and to its being closed', () => {
  const event = fileEvent({ time: '2026-06-01T00:00:00.000Z' });
  const alert = alertOf({ event, '@timestamp': '2026-06-01T00:00:02.000Z' });
  stored(alert);
  run('alerts', 'close', alert.id, '--reason', 'r');
  expect(json('alerts', 'stats')).toMatchObject([[{ rule: { id: 'rule' }, alerts: 1, mttd: { count: 1, median_s: 2, p90_s: 2 }, mttr: { count: 1, median_s: expect.any(Number) } }, { rule: null, alerts: 1 }]]);
  expect(json('alerts', 'stats', '--since', '2026-06-02')).toMatchObject([[{ rule: null, alerts: 0 }]]);
});

test('what an exception covers is listed only with --suppressed', () => {
  const [shown, covered] = [alertOf(), alertOf({ suppressed_by: 'e1' })];
  stored(shown, covered);
  expect(json('alerts')).toEqual([shown]);
  expect(json('alerts', '--suppressed')).toEqual([covered]);
  expect(run('alerts', '--suppressed').stdout).toMatch(/exception[^]*e1/);
});

test('an exception is made from options, listed, and removed', () => {
  const alert = alertOf();
  stored(alert);
  const [made] = json('exception', 'add', alert.id, '--field', 'user.name', '--field', 'process.command_line', '--wildcard', 'sh *', '--reason', 'CHG-42', '--expires', '30d') as [{ exception: { id: string } }];
  expect(made).toMatchObject({ exception: { rule: { id: 'rule' }, tests: [{ field: 'user.name', operator: 'exact', values: ['root'] }, { field: 'process.command_line', operator: 'wildcard', values: ['sh *'] }], reason: 'CHG-42', author: expect.any(String), expires: expect.any(String), alert: alert.id }, covers: { alerts: 1, of: 1 }, warnings: [], dry_run: false });
  const { id } = made.exception;
  expect(json('exception')).toMatchObject([{ id, state: 'active', suppressed: 0 }]);
  expect(run('exception', 'list').stdout).toContain('user.name is "root" and process.command_line like "sh *"');
  expect(json('exception', 'remove', id)).toMatchObject([{ id, removed: { by: expect.any(String) } }]);
  expect(json('exception')).toEqual([]);
  expect(json('exception', 'list', '--all')).toMatchObject([{ id, state: 'removed' }]);
  expect(run('exception', 'remove', 'no-such').code).toBe(1);
});

test('a list of values, numbers and any case are taken as such, and a dry run makes nothing', () => {
  const alert = alertOf();
  stored(alert);
  const [made] = json('exception', 'add', alert.id, '--field', 'process.pid', '--list', '42,4242', '--ignore-case', '--every-rule', '--dry-run');
  expect(made).toMatchObject({ exception: { rule: null, tests: [{ field: 'process.pid', operator: 'list', values: [42, 4242], ignore_case: true }] }, covers: { alerts: 1, of: 1 }, dry_run: true });
  expect(json('exception', 'list', '--all')).toEqual([]);
});

test('any case also counts for what is proposed', () => {
  const alert = alertOf();
  stored(alert);
  const [made] = json('exception', 'add', alert.id, '--by', 'command', '--field', 'process.pid', '--ignore-case', '--dry-run') as [{ exception: { tests: { field: string; ignore_case?: true }[] } }];
  expect(made.exception.tests.map(({ field, ignore_case }) => [field, ignore_case])).toEqual([['user.name', true], ['process.executable', true], ['process.command_line', true], ['process.pid', true]]);
});

test.each<[string, string[], RegExp]>([
  ['says nothing of what it covers', ['--reason', 'r'], /not said what the exception covers — give --by command\|user\|host/],
  ['gives no reason', ['--by', 'command'], /needs a reason/],
  ['is over already', ['--by', 'command', '--reason', 'r', '--expires', '2020-01-01'], /2020-01-01 is over already/],
  ['has nobody as its author', ['--by', 'command', '--reason', 'r', '--author', ' '], /the author is empty/],
  ['ends on a day that no calendar has', ['--by', 'command', '--reason', 'r', '--expires', '2099-02-30'], /2099-02-30 is no date/],
  ['compares before it names', ['--exact', 'x', '--reason', 'r'], /--exact stands before any field/],
  ['compares one field in two ways', ['--field', 'user.name', '--exact', 'x', '--wildcard', 'y', '--reason', 'r'], /compared in two ways/],
  ['names what the alert does not have', ['--field', 'no.such', '--reason', 'r'], /the alert has no no\.such/],
  ['names no field', ['--field', 'a b', '--reason', 'r'], /a b is no name of a field/],
])('an exception that %s is wrong usage, and is not made', (_, options, message) => {
  const alert = alertOf();
  stored(alert);
  expect(run('exception', 'add', alert.id, ...options)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(message) });
  expect(json('exception', 'list', '--all')).toEqual([]);
});

test.each<[string, string[], RegExp]>([
  ['everything', ['--by', 'host'], /covers everything on this host/],
  ['what an attacker chooses', ['--field', 'process.name'], /only what an attacker chooses \(process\.name\)/],
  ['without an end', ['--by', 'command'], /it has no end/],
  ['another thing than its alert', ['--field', 'user.name', '--exact', 'bob'], /does not cover the alert/],
])('an exception that covers %s is made with a warning', (_, options, warning) => {
  const alert = alertOf();
  stored(alert);
  expect(run('exception', 'add', alert.id, ...options, '--reason', 'r')).toMatchObject({ code: 0, stderr: expect.stringMatching(warning) });
  expect(json('exception')).toHaveLength(1);
});

test('on a terminal it is asked what is left out, why and until when, and the default makes nothing', async () => {
  const alert = alertOf();
  stored(alert);
  const add = async (answer: string): Promise<number> => {
    const asked = terminal(['sh', PROGRAM, 'exception', 'add', alert.id, '--state-dir', stateDir]);
    await asked.answer(/this command line of this program[\s\S]*whatever this user does/, `${DOWN}\r`);
    await asked.answer(/Why is this no finding/, 'our administrator\r');
    await asked.answer(/Until when\?/, '30d\r');
    await asked.answer(/Make this exception\?/, answer);
    return asked.ended;
  };
  expect(await add('\r')).toBe(0);
  expect(json('exception')).toEqual([]);
  expect(await add('y\r')).toBe(0);
  expect(json('exception')).toMatchObject([{ tests: [{ field: 'user.name', values: ['root'] }], reason: 'our administrator', expires: expect.any(String) }]);
});
