import { expect, test } from 'vitest';
import { loadRule } from '../../src/rule/load.ts';

const MINIMAL = `[rule]
rule_id = "r"
name = "n"
description = "d"
severity = "low"
risk_score = 1
`;

test('broken TOML is shown with line, column and caret', () => {
  expect(() => loadRule('[rule]\nname = "open\n', 'x.toml')).toThrow(expect.objectContaining({ code: 'BAD_INPUT', place: expect.objectContaining({ file: 'x.toml', line: 2, column: expect.any(Number), excerpt: expect.stringMatching(/^name = "open\n *\^$/) }) }));
});

test('a broken query is shown at its line of the file', () => {
  const text = `${MINIMAL}type = "eql"\nquery = '''\nfile where\n  a = "x"\n'''\n`;
  expect(() => loadRule(text)).toThrow(expect.objectContaining({ place: expect.objectContaining({ line: 10, column: 5 }) }));
});

test('a broken query that is written with escapes is shown at its own line, and says so', () => {
  const load = (): unknown => loadRule(`${MINIMAL}type = "eql"\nquery = "file where a == \\"x\\"\\n  and ="\n`);
  expect(load).toThrow('count from the start of the query');
  expect(load).toThrow(expect.objectContaining({ place: expect.objectContaining({ line: 2, column: 7 }) }));
});

test('a missing or wrong key is named', () => {
  expect(() => loadRule('[rule]\nname = "n"\n')).toThrow('rule.rule_id');
  expect(() => loadRule(`${MINIMAL.replace('"low"', '"awful"')}type = "eql"\n`)).toThrow('rule.severity');
});

test('rules of other types load for their guide and say that their query does not run here', () => {
  const rule = loadRule(`${MINIMAL}type = "new_terms"\nlanguage = "kuery"\nquery = "event.category:file"\nnote = "guide"\n[[transform.osquery]]\nlabel = "l"\nquery = "SELECT 1"\n`);
  expect(rule.run).toMatchObject({ runs: false, reason: expect.stringContaining('new_terms') });
  expect([rule.note, rule.osquery]).toEqual(['guide', [{ label: 'l', query: 'SELECT 1' }]]);
});

test('unknown keys are reported, not fatal', () => {
  expect(loadRule(`${MINIMAL}type = "eql"\nquery = "any where true"\nbrand_new = 1\ntimestamp_override = "event.ingested"\n`).unknown).toEqual(['brand_new']);
});

test('unknown tables are reported by their whole name, exceptions are kept', () => {
  const rule = loadRule(`${MINIMAL}type = "eql"\nquery = "any where true"\n[[rule.exceptions_list]]\nid = "e"\nlist_id = "l"\n[extra]\nx = 1\n[transform]\nfuture = 1\n`);
  expect([rule.unknown, rule.exceptions]).toEqual([['extra', 'transform.future'], [{ id: 'e', list_id: 'l' }]]);
});

test('spans are read in seconds, minutes, hours, days and weeks', () => {
  const spans = ['30s', '5m', '2h', '1d', '2w'].map((span) => loadRule(`${MINIMAL}type = "eql"\nquery = "any where true"\ninterval = "${span}"\nfrom = "now-${span}"\n`));
  expect(spans.map((rule) => rule.interval_ms)).toEqual([30_000, 300_000, 7_200_000, 86_400_000, 1_209_600_000]);
  expect(spans.every((rule) => rule.look_back_ms === rule.interval_ms)).toBe(true);
});

test('a span that is none is refused', () => {
  expect(() => loadRule(`${MINIMAL}type = "eql"\nquery = "any where true"\ninterval = "soon"\n`)).toThrow('no span of time');
});
