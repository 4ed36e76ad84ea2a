import { expect, test } from 'vitest';
import { loadExport } from '../../src/rule/export.ts';
import { loadRuleFile } from '../../src/rule/file.ts';

const NOW = Date.parse('2026-06-01T00:00:00Z');
const RULE = { id: 'saved', rule_id: 'r1', name: 'One', description: 'd', type: 'eql', language: 'eql', query: 'file where file.extension == "timer"', severity: 'low', risk_score: 1, version: 3, immutable: false, revision: 2, created_at: '2026-01-01T00:00:00Z', exceptions_list: [] as object[], note: null, threat: [] };
const LIST = { id: 'l', list_id: 'L', type: 'detection', namespace_type: 'single' };
const SUMMARY = { exported_count: 1, exported_rules_count: 1, missing_rules: [], exported_exception_list_count: 0 };
const ACTION = { id: 'a', type: 'action', attributes: {}, references: [] };

const ndjson = (...objects: object[]): string => `${objects.map((each) => JSON.stringify(each)).join('\n')}\n`;
const load = (...objects: object[]): ReturnType<typeof loadRuleFile> => loadRuleFile(ndjson(...objects), 'x.ndjson', NOW);
const item = (...entries: object[]): object => ({ item_id: `i${JSON.stringify(entries)}`, list_id: 'L', name: 'I', type: 'simple', entries });
const event = (user: string, path = '/etc/a.timer'): object => ({ event: { category: ['file'] }, file: { path, extension: 'timer' }, user: { name: user }, process: { pid: 7 } });

function matches(loaded: ReturnType<typeof loadRuleFile>, document: object): boolean {
  const run = loaded.rules[0]?.rule.run;
  return run?.runs === true && run.matches(document);
}

test('an export has its rules, and nothing to say of lists, actions and a summary that fits', () => {
  const loaded = load(RULE, LIST, ACTION, SUMMARY);
  expect(loaded).toMatchObject({ errors: [], notes: [], rules: [{ rule: { id: 'r1', version: 3, unknown: [], run: { runs: true } }, unapplied: [] }] });
  expect(loaded.rules[0]?.rule).not.toHaveProperty('note');
});

test.each([
  ['a JSON array over several lines', JSON.stringify([RULE, { ...RULE, rule_id: 'r2' }], undefined, 2), ['r1', 'r2']],
  ['one object over several lines', JSON.stringify(RULE, undefined, 2), ['r1']],
  ['one object in one line', JSON.stringify(RULE), ['r1']],
  ['lines with empty ones between', `\n${ndjson(RULE)}\n${ndjson({ ...RULE, rule_id: 'r2' })}`, ['r1', 'r2']],
])('%s is read', (_, text, ids) => {
  const { rules, errors } = loadRuleFile(text, 'x.json', NOW);
  expect([rules.map(({ rule }) => rule.id), errors]).toEqual([ids, []]);
});

test('what is broken is said by line and name, the rest is there', () => {
  const text = `${ndjson(RULE)}{broken\n${ndjson({ ...RULE, rule_id: 'r2', name: 'Two', severity: 'awful' }, { ...RULE, rule_id: 'r3', name: 'Three', query: 'file where\n x = "a"' }, RULE, { foo: 1 }, { ...RULE, rule_id: 'r4' })}[]\nnull\n5\n`;
  const { rules, errors } = loadRuleFile(text, 'x.ndjson', NOW);
  expect(rules.map(({ rule }) => rule.id)).toEqual(['r1', 'r4']);
  expect(errors.map((error) => (error as { place: { line: number } }).place.line).sort((a, b) => a - b)).toEqual([2, 3, 4, 5, 6, 8, 9, 10]);
  const messages = errors.map((error) => (error as Error).message);
  expect(messages).toContainEqual(expect.stringMatching(/^the rule "Two": severity: /));
  expect(messages).toContainEqual(expect.stringMatching(/^the rule "Three": the query, line 2, column 4: this is no EQL/));
  expect(messages).toContainEqual(expect.stringMatching(/rule_id "r1" is in the file twice/));
});

test('JSON that breaks off is shown at its place', () => {
  const { rules, errors } = loadRuleFile('[\n  {"rule_id": "r1",\n', 'x.json', NOW);
  expect([rules, errors]).toEqual([[], [expect.objectContaining({ code: 'BAD_INPUT', message: expect.stringContaining('this is no JSON'), place: expect.objectContaining({ file: 'x.json', line: expect.any(Number) }) })]]);
});

test('a summary that speaks of more rules than there are is said', () => {
  expect(load(RULE, { ...SUMMARY, exported_rules_count: 2 }).notes).toEqual(['the summary of the export speaks of 2 rules, 1 are there']);
});

const excepted = { ...RULE, exceptions_list: [{ id: 'l', list_id: 'L', type: 'detection', namespace_type: 'single' }] };

test('an exception is left out when all of its entries hold', () => {
  const loaded = load(excepted, LIST, item({ field: 'user.name', operator: 'included', type: 'match', value: 'admin' }, { field: 'file.path', operator: 'included', type: 'wildcard', value: '/opt/*' }));
  expect([['admin', '/opt/a'], ['admin', '/etc/a'], ['eve', '/opt/a'], ['Admin', '/opt/a']].map(([user, path]) => matches(loaded, event(user!, path)))).toEqual([false, true, true, true]);
});

test.each<[string, object, boolean]>([
  ['match_any', { field: 'user.name', operator: 'included', type: 'match_any', value: ['a', 'eve'] }, false],
  ['match that is turned round', { field: 'user.name', operator: 'excluded', type: 'match', value: 'admin' }, false],
  ['match of a number', { field: 'process.pid', operator: 'included', type: 'match', value: '7' }, false],
  ['exists', { field: 'user.name', operator: 'included', type: 'exists' }, false],
  ['exists that is turned round', { field: 'user.name', operator: 'excluded', type: 'exists' }, true],
  ['wildcard that minds the case', { field: 'user.name', operator: 'included', type: 'wildcard', value: 'E*' }, true],
])('an entry of type %s', (_, entry, alerts) => {
  expect(matches(load(excepted, item(entry)), event('eve'))).toBe(alerts);
});

test('one exception of several is enough, and those of other lists do not count', () => {
  const match = (value: string): object => ({ field: 'user.name', operator: 'included', type: 'match', value });
  const loaded = load(excepted, item(match('a')), item(match('b')), { ...item(match('c')), list_id: 'other' });
  expect(['a', 'b', 'c'].map((user) => matches(loaded, event(user)))).toEqual([false, false, true]);
});

test('an exception for other systems does not count on this one', () => {
  const match = { field: 'user.name', operator: 'included', type: 'match', value: 'eve' };
  const document = { ...event('eve'), host: { os: { type: 'linux' } } };
  expect([['windows'], ['linux', 'macos'], [], null].map((os_types) => matches(load(excepted, { ...item(match), os_types }), document))).toEqual([true, false, false, false]);
});

test('an exception that has expired does not count', () => {
  const match = { field: 'user.name', operator: 'included', type: 'match', value: 'eve' };
  expect(['2026-05-31T00:00:00Z', '2026-06-02T00:00:00Z'].map((expire_time) => matches(load(excepted, { ...item(match), expire_time }), event('eve')))).toEqual([true, false]);
});

test.each([
  [item({ field: 'user.name', operator: 'included', type: 'list', list: { id: 'v', type: 'keyword' } }), /entries of type list are not judged here/],
  [{ ...item({ field: 'user.name', type: 'match', value: 'eve' }), expire_time: 'soon' }, /its expire_time "soon" is no date/],
  [item({ field: 'file.Ext.code_signature', type: 'nested', entries: [] }), /entries of type nested are not judged here/],
  [item({ field: 'file.path', operator: 'included', type: 'wildcard', value: '/a\\*' }), /escapes/],
])('an exception that cannot be judged here does not count, and that is said', (exception, reason) => {
  const loaded = load(excepted, exception);
  expect(loaded.rules[0]?.unapplied).toEqual([expect.stringMatching(reason)]);
  expect(matches(loaded, event('eve'))).toBe(true);
});

test('a list without items in the file is said', () => {
  expect(load(excepted).rules[0]?.unapplied).toEqual(['the exceptions of the list "L" are not in the file']);
});

test('what is wrong is told in the order of the lines, each with its place in the file', () => {
  const { errors } = loadExport('{"a":1}\n{"list_id":"l"}\n  {bad\n{"b":1}\n', 'x.ndjson', 0);
  expect(errors).toMatchObject([
    { message: expect.stringContaining('this is no rule'), place: { line: 1 } },
    { message: "this is no JSON: Expected property name or '}'", place: { file: 'x.ndjson', line: 3, column: 4 } },
    { message: expect.stringContaining('this is no rule'), place: { line: 4 } },
  ]);
});
