import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseGuide, type Step } from '../../src/guide/parse.ts';
import { checks } from '../../src/investigate/checks/index.ts';
import { readGuide } from '../../src/playbooks/guides.ts';
import { playbookNames } from '../../src/playbooks/files.ts';
import { renderQuery } from '../../src/guide/placeholders.ts';
import { osqueryLike } from '../helpers/sqlite.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const SEED = parseGuide(read('../fixtures/seed-guide.zh-CN.txt'));
const ENGLISH = parseGuide(read('../../playbooks/systemd-timer-created/guide.md'));
const CHINESE = parseGuide(read('../../playbooks/systemd-timer-created/guide.zh-CN.md'));
const ALERT = { file: { path: '/etc/systemd/system/evil.timer' }, user: { name: 'alice' } };

const queries = (guide: { steps: Step[] }): Extract<Step, { kind: 'query' }>[] => guide.steps.filter((step) => step.kind === 'query');

describe('the document that was copied from a web page', () => {
  test('has its five queries', () => {
    expect(queries(SEED).map((step) => step.label)).toEqual(['Osquery - 检索文件信息', 'Osquery - 检索文件列表信息', 'Osquery - 检索其他文件列表信息', 'Osquery - 按用户检索正在运行的进程', 'Osquery - 检索 Crontab 信息']);
  });

  test('gives five queries that run, with the repairs said', () => {
    const { parses } = osqueryLike();
    const rendered = queries(SEED).flatMap((step) => renderQuery(step.sql, ALERT, { parses }));
    expect(rendered.map((each) => each.repairs)).toEqual([[], ['7 paths put in quotes'], ['9 paths put in quotes', '4 date modifiers put in quotes'], [], []]);
    for (const each of rendered) {
      expect(each.skipped).toBeUndefined();
      expect(parses(each.sql ?? '')).toBeUndefined();
    }
    expect(rendered[1]?.sql).toContain("path LIKE '/home/alice/.local/share/systemd/user/%'");
    expect(rendered[2]?.sql).toContain("datetime(f.mtime, 'unixepoch')");
  });
});

describe('the shipped guides', () => {
  test('say the same in both languages: the same steps, the same SQL', () => {
    const shape = (guide: { steps: Step[] }): string[] => guide.steps.map((step) => `${step.depth} ${step.kind === 'query' ? step.sql : step.kind}`);
    expect(shape(CHINESE)).toEqual(shape(ENGLISH));
    expect(queries(ENGLISH)).toHaveLength(5);
    expect([...ENGLISH.problems, ...CHINESE.problems]).toEqual([]);
  });

  test('need no repair', () => {
    for (const step of queries(ENGLISH)) {
      const [rendered] = renderQuery(step.sql, ALERT, osqueryLike());
      expect(rendered).toMatchObject({ repairs: [] });
      expect(rendered?.skipped).toBeUndefined();
    }
  });

  test('have every section of the document they started from', () => {
    expect([...new Set(ENGLISH.steps.map((step) => step.section))]).toEqual(['Triage and analysis', 'False positives', 'Response and remediation']);
    expect(ENGLISH.steps.filter((step) => step.section === 'False positives')).toHaveLength(3);
    expect(ENGLISH.steps.filter((step) => step.section === 'Response and remediation')).toHaveLength(12);
  });
});

describe('what a guide leaves to checks', () => {
  test('stands in a comment behind the task, and is not shown', () => {
    const guide = parseGuide('# T <!-- x -->\n\n- one <!-- tickward answers: chain, strings -->\n- two <!-- tickward helps: logins --> more\n- three <!-- a note -->\n- four\n\n  <!-- tickward helps: timer -->\n');
    expect(guide.title).toBe('T');
    expect(guide.steps).toMatchObject([
      { text: 'one', checks: ['chain', 'strings'], answered: true },
      { text: 'two more', checks: ['logins'], answered: false },
      { text: 'three', checks: [], answered: false },
      { text: 'four', checks: ['timer'], answered: false },
    ]);
  });

  test('is the same in both languages of the shipped guides, and names checks that there are', () => {
    const known = checks.map(({ id }) => id);
    for (const name of playbookNames()) {
      const [english, chinese] = (['en', 'zh-CN'] as const).map((language) => readGuide(name, language).steps.map((step) => (step.kind === 'task' ? [step.checks, step.answered] : step.kind)));
      expect(chinese).toEqual(english);
      expect(readGuide(name, 'en').steps.flatMap((step) => (step.kind === 'task' ? step.checks : [])).filter((check) => !known.includes(check))).toEqual([]);
    }
  });
});

describe('a guide of a rule', () => {
  test('takes its queries from the transforms and reports a reference without an entry', () => {
    const guide = parseGuide('# T\n\n- look\n  - $osquery_0\n- and $osquery_7\n', { transforms: [{ label: 'l', query: 'SELECT 1' }] });
    expect(guide.steps).toMatchObject([{ kind: 'task', text: 'look' }, { kind: 'query', label: 'l', sql: 'SELECT 1' }, { kind: 'task', text: 'and $osquery_7' }]);
    expect(guide.problems).toEqual(['$osquery_7 refers to a query that the rule does not have: it stays as text']);
  });

  test('may have lone braces inside the SQL, an ecs_mapping and a timeout', () => {
    const guide = parseGuide('- !{osquery{"label":"b","query":"SELECT \'}}\' AS x, \'{\' AS y","ecs_mapping":{"host.name":{"field":"x"}},"timeout":60}}\n');
    expect(guide.steps).toMatchObject([{ kind: 'query', sql: "SELECT '}}' AS x, '{' AS y", timeout: 60, ecs_mapping: { 'host.name': { field: 'x' } } }]);
  });

  test('goes on after a block of broken JSON and says where it is broken', () => {
    const guide = parseGuide('text\n- !{osquery{"label":"b","query":}}\n- !{osquery{"label":"ok","query":"SELECT 1"}}\n');
    expect(guide.steps).toMatchObject([{ kind: 'broken', error: expect.stringMatching(/^line 2, column \d+: the block is no JSON/) }, { kind: 'query', label: 'ok' }]);
  });

  test('goes on after a block that never ends', () => {
    expect(parseGuide('- !{osquery{"label":"b\n- next\n').steps).toMatchObject([{ kind: 'broken' }, { kind: 'task', text: 'next' }]);
  });

  test('keeps un-escaped quotes and line breaks of a web copy', () => {
    const guide = parseGuide('- !{osquery{"label":"b","query":"SELECT \\"a\\"\nFROM file"}}\n');
    expect(guide.steps).toMatchObject([{ sql: 'SELECT "a"\nFROM file', repairs: ['line breaks inside the JSON text escaped'] }]);
  });

  test('keeps investigate blocks as text', () => {
    expect(parseGuide('- !{investigate{"label":"x"}}\n').steps).toMatchObject([{ kind: 'task', text: '!{investigate{"label":"x"}}' }]);
  });
});

test('a text that is no guide is said to have no step', () => {
  expect(parseGuide('root:x:0:0:root:/root:/bin/bash\n')).toMatchObject({ steps: [], problems: ['the guide has no step: neither an item of a list nor a query'] });
});

test.each([
  ['is longer than any', 'a'.repeat(100_001), /more than 100000 characters/],
  ['is nested without end', `${'>'.repeat(20_000)} x`, /nested too deeply/],
])('a guide that %s is refused, not read for minutes', (_, text, message) => {
  expect(() => parseGuide(text)).toThrow(expect.objectContaining({ code: 'BAD_INPUT', message: expect.stringMatching(message) }));
});
