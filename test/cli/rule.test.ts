/** `tickward rule` over files as people and attackers give them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { fileEvent, temporaryDirectory } from '../helpers/events.ts';
import { jsonLines } from '../helpers/lines.ts';
import { tickward } from '../helpers/tickward.ts';

const SHIPPED = 'playbooks/systemd-timer-created/rule.toml';
const HEAD = '[rule]\nrule_id = "r"\nname = "n"\ndescription = "d"\nseverity = "low"\nrisk_score = 1\ntype = "eql"\n';
const CLEAN = `${HEAD}query = 'file where file.extension == "timer"'\n`;

let directory = '';
beforeEach(() => {
  directory = temporaryDirectory();
});

function written(name: string, content: string | Buffer): string {
  const file = join(directory, name);
  writeFileSync(file, content);
  return file;
}

function json<Value>(text: string): Value {
  return JSON.parse(text) as Value;
}

describe('rule lint', () => {
  test('exits with 0 and an empty list when nothing is found', () => {
    expect(tickward(['rule', 'lint', SHIPPED, written('a.toml', CLEAN), '--json'])).toMatchObject({ code: 0, stdout: '[]\n' });
  });

  test('shows a finding with file, line, column and caret, and exits with 3', () => {
    const file = written('a.toml', `${HEAD}query = '''\nfile where file.path in ("/a/*")\n'''\n`);
    expect(tickward(['rule', 'lint', file])).toMatchObject({ code: 3, stdout: expect.stringContaining(`${file}:9:26: wildcard-in-list: `) });
    expect(tickward(['rule', 'lint', file]).stdout).toContain(`\n  file where file.path in ("/a/*")\n${' '.repeat(27)}^\n`);
    expect(json(tickward(['rule', 'lint', file, '--json']).stdout)).toEqual([{ file, rule: 'r', check: 'wildcard-in-list', message: expect.any(String), hint: expect.any(String), line: 9, column: 26, excerpt: expect.any(String) }]);
  });

  test('looks at the queries of the guide with an engine', () => {
    const file = written('a.toml', `${CLEAN}note = """\n- $osquery_0\n- $osquery_1\n- !{osquery{"label": "cut off"\n"""\n[[transform.osquery]]\nlabel = "Users"\nquery = "SELECT * FROM users WHERE username = {{user.name}}"\n[[transform.osquery]]\nlabel = "Broken"\nquery = "SELECT FROM users"\n`);
    expect(json(tickward(['rule', 'lint', file, '--json']).stdout)).toMatchObject([
      { check: 'guide-query', message: expect.stringContaining('}} is missing'), line: 9 },
      { check: 'guide-query', message: expect.stringMatching(/"Broken" of the guide: the query does not parse/), line: 19, column: 10 },
    ]);
  });

  test('goes on after what does not load, and exits with 1', () => {
    mkdirSync(join(directory, 'directory.toml'));
    const files = [
      written('toml.toml', '[rule]\nname = "open\n'),
      written('garbage.toml', Buffer.from(Array.from({ length: 4_096 }, (_, index) => (index * 37) % 256))),
      written('nul.toml', '[rule]\nname = "a\0b"\n'),
      written('large.toml', Buffer.alloc(50_000_000, 'a')),
      join(directory, 'directory.toml'),
      join(directory, 'missing.toml'),
      '/dev/zero',
      written('ok.toml', `${HEAD}query = 'file where file.extention == "timer"'\n`),
    ];
    const { code, stdout } = tickward(['rule', 'lint', ...files, '--json']);
    expect(json<{ check: string; message: string }[]>(stdout).map(({ check, message }) => `${check}: ${message}`)).toEqual([
      expect.stringMatching(/^load: this is no TOML/),
      expect.stringMatching(/^load: .*garbage.toml cannot be read: it is no text in UTF-8$/),
      expect.stringMatching(/^load: this is no TOML: .*control characters/),
      expect.stringMatching(/^load: .*large.toml cannot be read: it is larger than 10 MiB$/),
      expect.stringMatching(/^load: .*cannot be read: it is a directory$/),
      expect.stringMatching(/^load: .*cannot be read: there is no such file$/),
      expect.stringMatching(/^load: .*dev\/zero cannot be read: it is larger than 10 MiB$/),
      expect.stringMatching(/^unknown-field: /),
    ]);
    expect(code).toBe(1);
  });

  test('says of two files with one id that they have it', () => {
    const [first, second] = [written('a.toml', CLEAN), written('b.toml', CLEAN)];
    expect(json(tickward(['rule', 'lint', first, second, '--json']).stdout)).toMatchObject([{ file: second, check: 'duplicate-id', message: expect.stringContaining(first) }]);
  });

  test('writes nothing of a rule to the terminal as it is', () => {
    const file = written('a\u001b[2J.toml', `${HEAD}"\\u001b[31m" = 1\nquery = "any where file.name == \\"\\u001b]0;x\\u0007*\\""\n`);
    const { code, stdout } = tickward(['rule', 'lint', file]);
    expect(code).toBe(3);
    expect(stdout.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f]/);
    expect(stdout).toContain('\\e]0;x');
  });
});

describe('rule test', () => {
  const events = [{ event: { category: ['file'], action: 'creation' }, file: { name: 'a.timer' } }, { event: { category: ['process'] } }].map((event) => JSON.stringify(event)).join('\n');

  test('gives a line for each event', () => {
    const { code, stdout } = tickward(['rule', 'test', '--query', 'file where file.name : "*.timer"', '-', '--json'], { input: events });
    expect(jsonLines(stdout)).toEqual([{ line: 1, match: true }, { line: 2, match: false }]);
    expect(code).toBe(0);
  });

  test('goes on after a broken line, and fails at the end', () => {
    const { code, stdout } = tickward(['rule', 'test', '--query', 'file where true', '--json'], { input: `{broken\n${events}` });
    expect(jsonLines(stdout)).toMatchObject([{ line: 1, error: expect.stringContaining('JSON') }, { line: 2, match: true }, { line: 3, match: false }]);
    expect(code).toBe(1);
  });

  test('shows where EQL is wrong', () => {
    const { code, stderr } = tickward(['rule', 'test', '--query', 'file where file.name ==']);
    expect(stderr).toMatch(/line 1, column 24.*\n {2}file where file\.name ==\n {25}\^/);
    expect(code).toBe(1);
  });

  test.each([
    ['file where foo(1)', /line 1, column 12: there is no function foo .*\n {2}file where foo\(1\)\n {13}\^/],
    ['file where file.name regex "a["', /line 1, column 22: the regular expression "a\[" has an unfinished character class/],
    ['file where file.name == "abc', /line 1, column 25: this is no EQL: the string is not closed.*\n.*\n {26}\^/],
    ['file where file.name == "a" and\n  user.name == "\\"', /line 2, column 16: this is no EQL: the string is not closed/],
    ['file where file.name == """abc"', /line 1, column 25: this is no EQL: the string is not closed/],
  ])('shows where %j is wrong', (query, message) => {
    expect(tickward(['rule', 'test', '--query', query])).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(message) });
  });

  test('shows where TOML is wrong', () => {
    const file = written('rule.toml', '[rule]\nname = "x\n');
    const { code, stderr } = tickward(['rule', 'test', '--rule', file]);
    expect(stderr).toMatch(/rule\.toml, line 2, column \d+: /);
    expect(stderr).toContain('^');
    expect(code).toBe(1);
  });

  const event = (extension: string): string => JSON.stringify({ event: { category: ['file'] }, file: { extension } });

  test('says of several rules which match, and names those that do not run', () => {
    const rule = { rule_id: 'a', name: 'A', description: 'd', severity: 'low', risk_score: 1, type: 'eql', query: 'file where file.extension == "timer"' };
    const file = written('x.ndjson', [rule, { ...rule, rule_id: 'b', query: 'file where file.extension : "t*"' }, { ...rule, rule_id: 'c', name: 'Other', type: 'esql' }, { ...rule, severity: 'x' }, { exported_rules_count: 4 }].map((each) => JSON.stringify(each)).join('\n'));
    const { code, stdout, stderr } = tickward(['rule', 'test', '--rule', file], { input: ['timer', 'txt', 'service'].map(event).join('\n') });
    expect(jsonLines(stdout)).toEqual([{ line: 1, match: true, rules: ['a', 'b'] }, { line: 2, match: true, rules: ['b'] }, { line: 3, match: false, rules: [] }]);
    expect(stderr).toMatch(/Other is not judged: a rule of type esql/);
    expect(stderr).toMatch(/line 4, column 1: .*severity/);
    expect(code).toBe(0);
  });

  test('refuses a rule that does not run here', () => {
    expect(tickward(['rule', 'test', '--rule', written('a.toml', `${HEAD}query = "sequence by a [any where true] [any where true]"\n`)])).toMatchObject({ code: 1, stderr: expect.stringContaining('this rule does not run here: sequences are not evaluated here') });
  });

  test('says which lines are broken and judges the others', () => {
    const input = [
      event('timer'),
      `{"file": {"extension": "${'x'.repeat(10_000_000)}"}}`,
      `${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}`,
      '{"a": "\0"}',
      '[]',
      '7',
      '{"event": 5, "file": [[["timer"]], {"extension": {"a": 1}}]}',
      `{"event": {"category": "file"}, "file": {"name": "${'['.repeat(2_000)}", "extension": "timer"}}`,
      `${event('timer')}\r`,
    ].join('\n');
    const { code, stdout } = tickward(['rule', 'test', '--query', 'file where file.extension == "timer"', '--json'], { input });
    expect(jsonLines(stdout)).toEqual([
      { line: 1, match: true },
      { line: 2, error: 'longer than 4 MiB: no event is' },
      { line: 3, error: 'nested deeper than 1000 levels' },
      { line: 4, error: expect.stringMatching(/^no JSON: /) },
      { line: 5, error: 'not a JSON object' },
      { line: 6, error: 'not a JSON object' },
      { line: 7, match: false },
      { line: 8, match: true },
      { line: 9, match: true },
    ]);
    expect(code).toBe(1);
  });

  test('judges the event of an alert, as alerts and watch write them', () => {
    const alert = { id: 'a-1', '@timestamp': '2026-01-01T00:00:00.000Z', status: 'open', rule: { id: 'r' }, event: fileEvent() };
    const file = written('alerts.ndjson', `${JSON.stringify(fileEvent())}\n${JSON.stringify(alert)}\n`);
    expect(jsonLines(tickward(['rule', 'test', '--rule', SHIPPED, file]).stdout)).toEqual([{ line: 1, match: true }, { line: 2, match: true }]);
  });

  test('judges what the sensor writes', () => {
    const input = JSON.stringify(fileEvent({ path: '/etc/systemd/system/a.timer' }));
    expect(tickward(['rule', 'test', '--rule', SHIPPED, '-'], { input })).toMatchObject({ code: 0, stdout: '{"line":1,"match":true}\n' });
  });
});

test('what cannot be read is told in the same words by whoever reads it, and of a directory what to name instead', () => {
  expect(tickward(['rule', 'test', '--query', 'any where true', directory]).stderr).toBe(`tickward: the events ${directory} cannot be read: it is a directory — name a file in it\n`);
  expect(tickward(['rule', 'test', '--query', 'any where true', `${directory}/none`]).stderr).toBe(`tickward: the events ${directory}/none cannot be read: there is no such file — check the path and its permissions\n`);
  expect(tickward(['guide', 'render', directory]).stderr).toBe(`tickward: the guide ${directory} cannot be read: it is a directory — name a file in it\n`);
});

test('rule list says what kind each rule is and whether it runs', () => {
  const { code, stdout } = tickward(['rule', 'list', '--json']);
  expect(code).toBe(0);
  expect(jsonLines(stdout)).toContainEqual({ id: '5b1f3c0e-6d0a-4a3e-9f52-8c2f7d1e4b96', name: 'Systemd Timer Created', version: 15, type: 'eql', severity: 'low', risk_score: 21, runs: true, reason: null, technique: ['T1053.006'] });
});

test('guide render shows the guide of an exported rule, also of one whose query does not run here', () => {
  const file = written('x.ndjson', JSON.stringify({ rule_id: 'a', name: 'A', description: 'd', severity: 'low', risk_score: 1, type: 'esql', note: '- look !{osquery{"label":"U","query":"SELECT * FROM users"}}' }));
  expect(json(tickward(['guide', 'render', file, '--json']).stdout)).toMatchObject([{ label: 'U', sql: 'SELECT * FROM users' }]);
});
