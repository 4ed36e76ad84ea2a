import { expect, test } from 'vitest';
import type { AlertException, FieldTest } from '../../src/model/exception.ts';
import type { Alert, FileEvent } from '../../src/model/event.ts';
import { exactTest, proposalsFor, warningsFor } from '../../src/rule/exception-review.ts';
import { compileTests, createExceptionOf } from '../../src/rule/exceptions.ts';
import { alertOf } from '../helpers/alerts.ts';
import { fileEvent } from '../helpers/events.ts';

const NOW = Date.parse('2026-06-01T00:00:00Z');

const is = (field: string, ...values: FieldTest['values']): FieldTest => ({ field, operator: values.length === 1 ? 'exact' : 'list', values });

function exception(changes: Partial<AlertException> = {}): AlertException {
  return { id: 'e1', rule: null, tests: [is('user.name', 'root')], reason: 'known', author: 'alice', created: '2026-01-01T00:00:00.000Z', expires: null, alert: 'a1', ...changes };
}

const covering = (exceptions: AlertException[], event: FileEvent = fileEvent(), rule: Partial<Alert['rule']> = {}): string | undefined => createExceptionOf(() => exceptions)({ ...alertOf().rule, ...rule }, event, NOW);

test.each<[string, FieldTest, object, boolean]>([
  ['the whole text', is('process.command_line', 'cp a b'), { process: { command_line: 'cp a b' } }, true],
  ['not a part of it', is('process.command_line', 'cp'), { process: { command_line: 'cp a b' } }, false],
  ['a star as a star', is('process.command_line', 'cp *'), { process: { command_line: 'cp a' } }, false],
  ['letters of the same case', is('process.command_line', 'CP A'), { process: { command_line: 'cp a' } }, false],
  ['letters of any case', { ...is('process.command_line', 'CP A'), ignore_case: true }, { process: { command_line: 'cp a' } }, true],
  ['other letters than ASCII by their case', { ...is('user.name', 'Ä'), ignore_case: true }, { user: { name: 'ä' } }, false],
  ['any of a list', is('user.name', 'alice', 'bob'), { user: { name: 'bob' } }, true],
  ['none of a list', is('user.name', 'alice', 'bob'), { user: { name: 'eve' } }, false],
  ['a number as a number', is('process.pid', 7), { process: { pid: 7 } }, true],
  ['a text not as a number', is('process.pid', '7'), { process: { pid: 7 } }, false],
  ['a pattern from end to end', { field: 'process.executable', operator: 'wildcard', values: ['/opt/?x/*'] }, { process: { executable: '/opt/ax/bin/y' } }, true],
  ['a pattern not in the middle', { field: 'process.executable', operator: 'wildcard', values: ['opt/*'] }, { process: { executable: '/opt/x' } }, false],
  ['any of many patterns', { field: 'user.name', operator: 'wildcard', values: ['x*', 'ro*'] }, { user: { name: 'root' } }, true],
  ['any element of an array', is('process.args', '--quiet'), { process: { args: ['cp', '--quiet'] } }, true],
  ['a field that is written dotted', is('user.name', 'root'), { 'user.name': 'root' }, true],
  ['nothing where the field is missing', is('user.name', 'root'), { user: {} }, false],
  ['nothing where the field is missing, also by a star', { field: 'user.name', operator: 'wildcard', values: ['*'] }, { user: {} }, false],
])('a test compares %s', (_, one, event, covers) => {
  expect(compileTests([one])(event)).toBe(covers);
});

test('all tests of an exception have to hold, and one without any is refused', () => {
  const both = compileTests([is('user.name', 'root'), is('process.pid', 7)]);
  expect([both({ user: { name: 'root' }, process: { pid: 7 } }), both({ user: { name: 'root' }, process: { pid: 8 } })]).toEqual([true, false]);
  expect(() => compileTests([])).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
});

test('an exception covers its rule or every rule, until it expires or is removed', () => {
  expect(covering([exception()])).toBe('e1');
  expect(covering([exception({ rule: { id: 'another', name: 'n' } })])).toBeUndefined();
  expect(covering([exception({ rule: { id: 'another', name: 'n' } })], fileEvent(), { id: 'another' })).toBe('e1');
  expect(covering([exception({ expires: '2026-06-01T00:00:00.000Z' })])).toBeUndefined();
  expect(covering([exception({ expires: '2026-06-01T00:00:00.001Z' })])).toBe('e1');
  expect(covering([exception({ removed: { time: '2026-05-01T00:00:00.000Z', by: 'bob' } }), exception({ id: 'e2' })])).toBe('e2');
  expect(covering([exception()], fileEvent({ user: 'eve' }))).toBeUndefined();
});

test('what is proposed covers the alert that it is made from, narrowest first', () => {
  const alert = alertOf();
  const proposals = proposalsFor(alert);
  expect(proposals.map(({ name }) => name)).toEqual(['command', 'user', 'host']);
  for (const { tests } of proposals) expect(compileTests(tests)(alert.event)).toBe(true);
  expect(compileTests(proposals[0]?.tests ?? [])({ ...alert.event, process: { ...alert.event.process, command_line: 'sh -c other' } })).toBe(false);
});

test('of an alert without a process only user and host are proposed', () => {
  const { process: _, ...event } = fileEvent();
  expect(proposalsFor(alertOf({ event })).map(({ name }) => name)).toEqual(['user', 'host']);
});

test('the value of an alert keeps its type, and an array is any of its elements', () => {
  const alert = alertOf();
  expect(exactTest(alert, 'process.pid')).toEqual({ field: 'process.pid', operator: 'exact', values: [4242] });
  expect(exactTest(alert, 'process.args')).toEqual({ field: 'process.args', operator: 'list', values: ['sh', '-c', 'evil'] });
  expect(exactTest(alert, 'no.such')).toBeUndefined();
});

test.each<[string, FieldTest[], RegExp]>([
  ['a host alone', [is('host.name', 'h')], /covers everything/],
  ['a star alone', [{ field: 'process.executable', operator: 'wildcard', values: ['?*'] }], /covers everything/],
  ['a star in a list of patterns', [{ field: 'process.executable', operator: 'wildcard', values: ['/opt/*', '*'] }], /covers everything/],
  ['what every alert of the rule has', [is('file.extension', 'timer'), is('event.action', 'creation')], /covers everything/],
  ['a name alone', [is('process.name', 'ansible')], /only what an attacker chooses \(process\.name\)/],
  ['a command line and a file name', [is('process.command_line', 'x'), is('file.name', 'y')], /only what an attacker chooses/],
  ['a name and a host', [is('process.name', 'x'), is('host.name', 'h')], /only what an attacker chooses/],
  ['a name and a star for the user', [is('process.name', 'x'), { field: 'user.name', operator: 'wildcard', values: ['*'] }], /only what an attacker chooses/],
])('of an exception by %s it warns', (_, tests, warning) => {
  expect(warningsFor(tests)).toEqual([expect.stringMatching(warning)]);
});

test.each<[string, FieldTest[]]>([
  ['a user', [is('user.name', 'root')]],
  ['a program and its arguments', [is('process.executable', '/usr/bin/x'), is('process.args', 'y')]],
  ['the owner of the file', [is('file.owner', 'root')]],
])('of an exception by %s it does not warn', (_, tests) => {
  expect(warningsFor(tests)).toEqual([]);
});
