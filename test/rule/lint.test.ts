import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fieldForm, nearestField } from '../../src/rule/fields.ts';
import { loadRuleFile } from '../../src/rule/file.ts';
import type { Finding } from '../../src/rule/finding.ts';
import { lintRule } from '../../src/rule/lint.ts';
import { covers, literalOffsets, type Value } from '../../src/rule/values.ts';
import { compileAny } from '../../src/rule/wildcard.ts';

const HEAD = '[rule]\nrule_id = "r"\nname = "n"\ndescription = "d"\nseverity = "low"\nrisk_score = 1\n';

function lint(toml: string): Finding[] {
  const { rules, errors } = loadRuleFile(`${HEAD}${toml}`, 'rule.toml', 0);
  expect(errors).toEqual([]);
  return rules.flatMap(lintRule);
}

const lintEql = (query: string): Finding[] => lint(`type = "eql"\nquery = '''\n${query}\n'''\n`);
/** What stands at the place of each finding, up to the next blank, comma or bracket. */
const found = (query: string): string[][] => lintEql(query).map(({ check, place }) => [check, /^("[^"]*"|[^\s,)]+)/.exec(query.split('\n')[place.line - 9]?.slice(place.column - 1) ?? '')?.[0] ?? '']);

describe('the shipped rules', () => {
  const playbooks = new URL('../../playbooks/', import.meta.url);
  test.each(readdirSync(playbooks))('lint has nothing to say of %s', (name) => {
    const { rules, errors } = loadRuleFile(readFileSync(new URL(`${name}/rule.toml`, playbooks), 'utf8'), name, 0);
    expect([errors, rules.flatMap(lintRule)]).toEqual([[], []]);
    expect(rules).toHaveLength(1);
  });
});

test.each<[string, string[][]]>([
  ['any where file.path in ("/a", "/b/*")', [['wildcard-in-list', '"/b/*"']]],
  ['any where file.path in~ ("/b?")', [['wildcard-in-list', '"/b?"']]],
  ['any where not file.path in ("/a", // "/x/*"\n  "/b/*")', [['wildcard-in-list', '"/b/*"']]],
  ['any where file.path == "/b/*"', [['wildcard-in-list', '"/b/*"']]],
  ['any where file.path != "/b/*"', [['wildcard-in-list', '"/b/*"']]],
  ['any where file.path : "/b/*" or file.name like ("a*")', []],
  ['any where process.args == "*" or process.command_line in ("ls *")', []],
])('a wildcard where none counts: %s', (query, expected) => {
  expect(found(query)).toEqual(expected);
});

test.each<[string, string[][]]>([
  ['any where file.extention == "timer"', [['unknown-field', 'file.extention']]],
  ['any where startsWith(proces.name, "a")', [['unknown-field', 'proces.name']]],
  ['any where process.name.caseless == "a"', [['unknown-field', 'process.name.caseless']]],
  ['fil where true', [['unknown-category', 'fil']]],
  ['any where file.Ext.original.extension == "x" and tickward.unit_type == "timer" and ?process.Ext.ancestry == "x" and labels.mine == "y"', []],
])('a field or a category that no event has: %s', (query, expected) => {
  expect(found(query)).toEqual(expected);
});

test.each<[string, string[][]]>([
  ['any where file.path in ("/a", "/b", "/a")', [['dead-alternative', '"/a"']]],
  ['any where file.path : ("/a/*", "/a/b*")', [['dead-alternative', '"/a/b*"']]],
  ['any where file.path : ("/a/b*", "/a/*")', [['dead-alternative', '"/a/b*"']]],
  ['any where file.name in~ ("A", "a")', [['dead-alternative', '"a"']]],
  ['any where file.name like ("A", "a")', []],
  ['any where file.name like~ ("A*", "abc")', [['dead-alternative', '"abc"']]],
  ['any where file.path in ("/a/x") or file.path : "/a/*"', [['dead-alternative', '"/a/x"']]],
  ['any where not (file.path in ("/a/x") or file.size > 1 or file.path : "/a/*")', [['dead-alternative', '"/a/x"']]],
  ['any where file.path != "/a" and not file.path in ("/a", "/b")', [['dead-alternative', '"/a"']]],
  ['any where file.size == 1 or file.size == 1', [['dead-alternative', '1']]],
  ['any where file.path regex "a" or file.path regex "a"', [['dead-alternative', 'file.path']]],
  ['any where file.path : ("/a/?", "/a/*x", "/a/b")', [['dead-alternative', '"/a/b"']]],
  ['any where file.path : ("/a/*", "/b/*") and file.name : ("a*")', []],
  ['any where file.path like "/a*" or file.path : "/ab"', []],
  // A ? takes a whole character, also one of two UTF-16 units.
  ['any where file.name : ("??", "😀")', []],
  ['any where file.name : ("?", "😀")', [['dead-alternative', '"😀"']]],
  ['any where file.name : "?" and file.name : "😀"', []],
])('an alternative that never counts: %s', (query, expected) => {
  expect(found(query)).toEqual(expected);
});

test.each<[string, string[][]]>([
  ['any where user.id == "1" and user.id == "2"', [['contradiction', 'user.id']]],
  ['any where user.id == "1" and (file.size > 1 and user.id in ("2", "3"))', [['contradiction', 'user.id']]],
  ['any where file.path : "/a/*" and file.path == "/b"', [['contradiction', 'file.path']]],
  ['any where file.path : "/a/*" and file.path : "/b/*"', [['contradiction', 'file.path']]],
  ['any where file.path : "/a/*" and file.path : "*.timer"', []],
  ['any where file.size > 5 and file.size < 3', [['contradiction', 'file.size']]],
  ['any where file.size > 5 and file.size < 5.2', []],
  ['any where file.size == 4 and file.size > 5', [['contradiction', 'file.size']]],
  ['any where file.size == 4 and file.size == 5', [['contradiction', 'file.size']]],
  ['any where file.size == 4 and file.size : "4*"', [['contradiction', 'file.size']]],
  ['any where file.size in (4, 5) and file.size in (5, 6)', []],
  ['any where user.id == null and user.id == "1"', [['contradiction', 'user.id']]],
  ['any where user.id == null and user.id != null', [['contradiction', 'user.id']]],
  ['any where event.type == "a" and event.type == "b"', []],
  ['any where event.type == "a" and event.type != "a"', [['contradiction', 'event.type']]],
  ['any where file.name == "a" and not file.name : "A*"', [['contradiction', 'file.name']]],
  ['any where file.name != "a" or file.name != "b"', [['contradiction', 'file.name']]],
  ['any where event.type != "a" or event.type != "b"', []],
  ['any where file.name != "a" and file.name != "b"', []],
  ['any where file.name == null or file.name == "b"', []],
])('tests that exclude each other: %s', (query, expected) => {
  expect(found(query)).toEqual(expected);
});

test.each<[string, string[][]]>([
  ['any where not process.name == "sed"', [['name-only-exclusion', 'process.name']]],
  ['any where process.name != "sed"', [['name-only-exclusion', 'process.name']]],
  ['any where not (file.size == 1 or process.parent.name : "cron*")', [['name-only-exclusion', 'process.parent.name']]],
  ['any where not (process.name == "sed" and file.name : "sed*")', [['name-only-exclusion', 'process.name']]],
  ['any where not startsWith(process.name, "sed")', [['name-only-exclusion', 'process.name']]],
  ['any where not (process.name == "sed" and process.executable == "/usr/bin/sed")', []],
  ['any where not (process.name == "sed" and user.id == "0")', []],
  ['any where process.name == "sed" and not file.name == "x"', []],
  ['any where not process.name == null', []],
])('an exclusion that looks at a name only: %s', (query, expected) => {
  expect(found(query)).toEqual(expected);
});

describe('// allow', () => {
  test.each<[string, string[]]>([
    ['// allow name-only-exclusion: known\n  not process.name == "sed"', []],
    ['// allow name-only-exclusion: known\n  // and said\n  not process.name == "sed"', []],
    ['// allow name-only-exclusion: known\r\n  // and said\r\n  not process.name == "sed"', []],
    ['not `a"b` == "x" and not process.name == "sed" // allow unknown-field, name-only-exclusion: a "quoted" reason', []],
    ['not process.name == "sed" // allow name-only-exclusion: known', []],
    ['// allow name-only-exclusion, wildcard-in-list: known\n  not process.name == "sed*"', []],
    ['// allow name-only-exclusion\n  not process.name == "sed"', ['allowance']],
    ['// allow name-only: x\n  not process.name == "sed"', ['allowance', 'name-only-exclusion']],
    ['// allow name-only-exclusion: known\n  process.name == "sed"', ['allowance']],
    ['// allow name-only-exclusion: known\n  true and\n  not process.name == "sed"', ['allowance', 'name-only-exclusion']],
    ['file.name != "// allow name-only-exclusion: x" and not process.name == "sed"', ['name-only-exclusion']],
  ])('%j', (condition, expected) => {
    expect(lintEql(`any where\n  ${condition}`).map(({ check }) => check)).toEqual(expected);
  });
});

test('references without an entry and entries without a reference are found, each at its place', () => {
  const entry = '[[transform.osquery]]\nlabel = "l"\nquery = "SELECT 1"\n';
  const findings = lint(`type = "eql"\nquery = "any where true"\nnote = """\nA $osquery_0\nB $osquery_2 and $investigate_0\n"""\n${entry}${entry}`);
  expect(findings.map(({ check, message, place }) => [check, message, place.line, place.column])).toEqual([
    ['guide-reference', '$osquery_2 has no entry in [[transform.osquery]]', 11, 3],
    ['guide-reference', '$investigate_0 has no entry in [[transform.investigate]]', 11, 18],
    ['guide-reference', 'no text of the note refers to $osquery_1', 16, 1],
  ]);
});

test('keys that do nothing, and those that change in Elastic which events match, are found at their place', () => {
  const findings = lint('type = "eql"\nquery = "any where true"\nbrand_new = 1\nfilters = [{ a = 1 }]\nexceptions_list = [{ list_id = "L" }]\n[extra]\nx = 1\n');
  expect(findings.map(({ check, place }) => [check, place.line])).toEqual([['unknown-key', 9], ['not-applied', 10], ['not-applied', 11], ['unknown-key', 12]]);
});

test.each(['type = "esql"\nquery = "from x"\n', 'type = "eql"\nquery = "sequence by a [any where true] [any where true]"\n', 'type = "machine_learning"\n'])('a query that does not run here is found: %j', (toml) => {
  expect(lint(toml)).toMatchObject([{ check: 'not-run' }]);
});

test('a query of an export is shown by its line, and what is in the query by the place there', () => {
  const rule = { rule_id: 'r', name: 'n', description: 'd', severity: 'low', risk_score: 1, type: 'eql', query: 'any where\n  file.path in ("/b/*")' };
  const { rules } = loadRuleFile(`${JSON.stringify({ ...rule, rule_id: 'a', query: 'any where true' })}\n${JSON.stringify(rule)}\n`, 'x.ndjson', 0);
  expect(rules.flatMap(lintRule)).toMatchObject([{ message: expect.stringMatching(/^the query, line 2, column 17: in does not/), place: { file: 'x.ndjson', line: 2, excerpt: expect.stringContaining('"/b/*"') } }]);
});

test('a query with thousands of findings gives a hundred, and the number of the others', () => {
  const findings = lintEql(`any where file.path in (${Array.from({ length: 1_000 }, (_, index) => `"/${index}*"`).join(', ')})`);
  expect(findings).toHaveLength(101);
  expect(findings.at(-1)).toMatchObject({ check: 'too-large', message: '900 more findings in the query are not shown' });
});

test('a note with thousands of references without an entry gives a hundred, and the number of the others', () => {
  const findings = lint(`type = "eql"\nquery = "any where true"\nnote = '''${'$osquery_9 '.repeat(20_000)}'''\n`);
  expect(findings).toHaveLength(101);
  expect(findings.at(-1)).toMatchObject({ check: 'too-large', message: '19900 more references of the note have no entry, from here on', place: { line: 9 } });
});

const each = (count: number, text: (index: number) => string): string[] => Array.from({ length: count }, (_, index) => text(index));

test.each<[string, string]>([
  ['alternatives', `any where ${each(40_000, (index) => `file.path == "/a/${index}"`).join(' or ')}`],
  ['values in lists that are joined', `any where file.path == "/a" or file.path in (${each(200_000, (index) => `"/a/${index}"`).join()})`],
])('a query of very many %s is judged and looked through, in time that grows with it', (_, query) => {
  const started = performance.now();
  expect(lintEql(query)).toEqual([]);
  expect(performance.now() - started).toBeLessThan(40_000);
});

test.each<[string, string, number]>([
  ['unknown fields', `any where ${each(10_000, (index) => `file.extentiom${index} == "x"`).join(' and ')}`, 101],
  ['patterns that others take', `any where file.size > 1 and file.path : (${each(150_000, (index) => `"${index}*"`).join()})`, 101],
  ['findings below one allowance', `any where // allow unknown-field: x\n${each(20_000, (index) => `foo${index}.bar == "x"`).join(' or\n')}`, 101],
])('a query with very many %s is looked through, in time that grows with it', (_, query, count) => {
  const started = performance.now();
  expect(lintEql(query)).toHaveLength(count);
  expect(performance.now() - started).toBeLessThan(40_000);
});

test('ten thousand alternatives are compared; patterns too long for that are said', () => {
  const list = (values: string[]): string => `any where file.path : (${values.map((value) => JSON.stringify(value)).join(', ')})`;
  const many = Array.from({ length: 10_000 }, (_, index) => `/opt/${index}/*`);
  expect(lintEql(list([...many, '/opt/77/x']))).toMatchObject([{ check: 'dead-alternative' }]);
  expect(lintEql(list(['*a'.repeat(10_000), '*ab'.repeat(10_000)]))).toMatchObject([{ check: 'too-large' }]);
});

test('what is said to be taken by another pattern is taken by it, for any text', () => {
  const letters = fc.stringMatching(/^[abA*?😀]{0,6}$/u);
  const value = fc.record({ value: letters, pattern: fc.boolean(), fold: fc.boolean(), offset: fc.constant(0) });
  const takes = ({ value: pattern, pattern: isPattern, fold }: Value & { value: string }, text: string): boolean => (isPattern ? compileAny([pattern], fold)(text) : fold ? pattern.toLowerCase() === text.toLowerCase() : pattern === text);
  let covered = 0;
  fc.assert(fc.property(value, value, fc.array(fc.stringMatching(/^[abA😀]{0,6}$/u), { minLength: 5, maxLength: 20 }), (a, b, texts) => {
    if (!covers(a, b)) return true;
    covered += 1;
    return texts.filter((text) => takes(b, text)).every((text) => takes(a, text));
  }), { numRuns: 5_000 });
  expect(covered).toBeGreaterThan(100);
});

test('the places of values are those of the text, whatever stands between them', () => {
  const query = 'a not in ("x", // "no"\n /* "no" */ """y""", 5, true , -2.5)';
  expect(literalOffsets(query, 2).map((offset) => query.slice(offset, offset + 3))).toEqual(['"x"', '"""', '5, ', 'tru', '-2.']);
  expect(literalOffsets('a : "x" and b == "y"', 2)).toEqual([4]);
});

test.each([['file.extention', 'file.extension'], ['process.Executable', 'process.executable'], ['auditd.data.syscall', undefined]])('%s reminds of %s', (name, nearest) => {
  expect([fieldForm(name), nearestField(name)]).toEqual([undefined, nearest]);
});
