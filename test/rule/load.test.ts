import { expect, test } from 'vitest';
import { loadRule } from '../../src/rule/load.ts';
import { techniqueIds } from '../../src/rule/rule.ts';

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

test.each(['esql', 'threshold', 'machine_learning', 'threat_match', 'query'])('a rule of type %s loads too', (type) => {
  expect(loadRule(`${MINIMAL}type = "${type}"\nquery = "whatever"\n`)).toMatchObject({ type, run: { runs: false, reason: expect.stringContaining(type) }, unknown: [] });
});

test.each([
  ['sequence by host.id [file where true] [process where true]', 'sequences'],
  ['sample by host.id [file where true] [process where true]', 'samples'],
  ['file where true | head 1', 'pipes'],
])('%j loads for its guide and says that it does not run here', (query, what) => {
  expect(loadRule(`${MINIMAL}type = "eql"\nnote = "g"\nquery = "${query}"\n`)).toMatchObject({ note: 'g', query, run: { runs: false, reason: `${what} are not evaluated here: only EQL over single events; its guide can be used` } });
});

test('all that Elastic writes into a rule is kept', () => {
  const rule = loadRule(`[metadata]
creation_date = "2026/01/01"
maturity = "production"
${MINIMAL}type = "eql"
query = "any where true"
author = ["A"]
building_block_type = "default"
exceptions_list = [{ id = "e", list_id = "l" }]
false_positives = ["f"]
license = "Apache-2.0"
note = "n"
references = ["https://example.org"]
setup = "s"
timestamp_override = "event.ingested"
[rule.investigation_fields]
field_names = ["user.name"]
[[rule.threat]]
framework = "MITRE ATT&CK"
tactic = { id = "TA0003", name = "Persistence" }
[[rule.threat.technique]]
id = "T1053"
name = "Scheduled Task/Job"
[[rule.threat.technique.subtechnique]]
id = "T1053.006"
name = "Systemd Timers"
[[transform.osquery]]
label = "l"
query = "SELECT 1"
[[transform.investigate]]
label = "i"
providers = []
`);
  expect(rule).toMatchObject({
    metadata: { creation_date: '2026/01/01', maturity: 'production' },
    author: ['A'], false_positives: ['f'], license: 'Apache-2.0', note: 'n', setup: 's', references: ['https://example.org'],
    exceptions: [{ id: 'e', list_id: 'l' }],
    rest: { building_block_type: 'default', timestamp_override: 'event.ingested', investigation_fields: { field_names: ['user.name'] } },
    threat: [{ tactic: { id: 'TA0003' }, techniques: [{ id: 'T1053', subtechniques: [{ id: 'T1053.006', reference: '' }] }] }],
    osquery: [{ label: 'l', query: 'SELECT 1' }],
    investigate: [{ label: 'i', providers: [] }],
    unknown: [],
  });
});

test('a wrong value is shown at its key, a missing one at the nearest table', () => {
  expect(() => loadRule(`${MINIMAL.replace('"low"', '"awful"')}type = "eql"\n`, 'x.toml')).toThrow(expect.objectContaining({ place: expect.objectContaining({ file: 'x.toml', line: 5, column: 1 }) }));
  expect(() => loadRule('\n[rule]\nname = "n"\n', 'x.toml')).toThrow(expect.objectContaining({ place: expect.objectContaining({ line: 2 }) }));
  expect(() => loadRule('', 'x.toml')).toThrow(expect.objectContaining({ place: expect.objectContaining({ file: 'x.toml', line: 1 }) }));
});

test('a query that stands in the file twice is shown where the rule has it', () => {
  const text = `${MINIMAL}type = "eql"\nnote = """\nquery: any where =\n"""\nquery = 'any where ='\n`;
  expect(() => loadRule(text)).toThrow(expect.objectContaining({ place: expect.objectContaining({ line: 11, column: 20 }) }));
});

test('arrays nested without end are refused, not followed', () => {
  expect(() => loadRule(`x = ${'['.repeat(100_000)}${']'.repeat(100_000)}`)).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
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

test('the techniques of a rule are the narrowest, each once', () => {
  const tactic = (id: string, technique: string): string => `[[rule.threat]]\ntactic = { id = "${id}", name = "t" }\ntechnique = [${technique}]\n`;
  const timers = '{ id = "T1053", name = "n", subtechnique = [{ id = "T1053.006", name = "n" }] }';
  expect(techniqueIds(loadRule(`${MINIMAL}type = "eql"\nquery = "any where true"\n${tactic('TA0003', timers)}${tactic('TA0002', `${timers}, { id = "T1059", name = "n" }`)}`))).toEqual(['T1053.006', 'T1059']);
});
