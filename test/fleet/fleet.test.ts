/** The parts of a fleet run that touch no host. */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { elasticLines, fleetdmDocuments, FLEET_QUERIES, MOST_SCRIPT, removalScript } from '../../src/fleet/export.ts';
import { answerOfSweep, stateOf } from '../../src/fleet/host.ts';
import { pageOf } from '../../src/fleet/page.ts';
import { playbookOf } from '../../src/fleet/play.ts';
import { FleetRecords } from '../../src/fleet/records.ts';
import { needsAttention, readLineOf, summaryOf, unkeptRow } from '../../src/fleet/rows.ts';
import { saidBy } from '../../src/fleet/said.ts';
import { commandOf, parseTask } from '../../src/fleet/task.ts';
import { temporaryDirectory } from '../helpers/events.ts';

const HOSTILE = `/etc/{{ lookup('pipe', 'id') }}/"\\ \u{1f600}\n\u2028 #: x.timer`;

describe('the playbook', () => {
  const unsafe = { tag: '!unsafe', resolve: (text: string) => `UNSAFE ${text}` };

  test('every text that somebody gave is no template for Ansible, and arrives as it was', () => {
    const text = playbookOf({ task: { do: 'respond', path: HOSTILE, only: [HOSTILE] }, deadlineSeconds: 30, program: HOSTILE });
    const [play] = parse(text, { customTags: [unsafe] });
    expect(play.tasks[0].tickward).toEqual({ do: 'UNSAFE respond', path: `UNSAFE ${HOSTILE}`, only: [`UNSAFE ${HOSTILE}`], deadline_seconds: 30 });
    expect(play.tasks[0].environment).toEqual({ TICKWARD: `UNSAFE ${HOSTILE}` });
    expect(play).toMatchObject({ hosts: 'all', gather_facts: false });
  });

  test('waves stop when too many hosts failed', () => {
    const [play] = parse(playbookOf({ task: { do: 'release' }, deadlineSeconds: 30, serial: ['1', '20%'], maxFailPercent: 10 }), { customTags: [unsafe] });
    expect(play).toMatchObject({ serial: ['1', '20%'], max_fail_percentage: 10 });
    expect(play.strategy).toBeUndefined();
  });

  test('an undo takes the number that each host knows', () => {
    const [play] = parse(playbookOf({ task: { do: 'undo', run: 'x' }, deadlineSeconds: 30, runs: { a: '0193' } }), { customTags: [unsafe] });
    expect(play.vars.tickward_runs).toEqual({ a: 'UNSAFE 0193' });
    expect(play.hosts).toEqual(['UNSAFE a']);
    expect(play.tasks[0].tickward.run).toBe('{{ tickward_runs[inventory_hostname] }}');
  });
});

describe('a task on a host', () => {
  test('is checked; what Ansible adds is left out, its check mode counts', () => {
    const given = parseTask(JSON.stringify({ do: 'respond', path: '/etc/systemd/system/x.timer', only: ['remove'], _ansible_check_mode: true, _ansible_verbosity: 0 }));
    expect(given).toEqual({ check: true, task: { do: 'respond', path: '/etc/systemd/system/x.timer', only: ['remove'], deadline_seconds: 300 } });
    expect(commandOf(given)).toEqual(['respond', '--file', '/etc/systemd/system/x.timer', '--only', 'remove', '--dry-run', '--json', '--no-input']);
    expect(() => parseTask(JSON.stringify({ do: 'respond', path: '/etc/systemd/system/x.timer', only: [] }))).toThrow(/only/);
  });

  test.each(['{', '[]', '{"do":"wipe"}', '{"do":"respond"}', '{"do":"status","more":1}', '{"do":"sweep","indicators":{"units":[""]}}'])('%s is refused with a reason', (text) => {
    expect(() => parseTask(text)).toThrow(/arguments|do:|path|more|indicators|Invalid|invalid|expected|JSON/);
  });

  test.each([
    [0, ['changed', 'unchanged'], 'changed'],
    [0, ['unchanged'], 'unchanged'],
    [3, ['needs-person'], 'needs-person'],
    [1, ['changed', 'failed'], 'failed'],
  ] as const)('exit code %i with steps %j is %s', (code, steps, state) => {
    expect(stateOf({ check: false, task: { do: 'respond', path: '/x', deadline_seconds: 1 } }, code, { run: 'r', steps: steps.map((each) => ({ state: each })) })).toBe(state);
  });
});

describe('a sweep', () => {
  test('that was given up finds nothing out', () => {
    const notes = ['a note', 'not everything was looked into: 60 s were too short'];
    expect(answerOfSweep([], notes, false)).toEqual({ changed: false, failed: true, reason: 'timed-out', state: 'failed', msg: 'nothing was found, but not everything was looked into: 60 s were too short' });
    expect(answerOfSweep([{}], notes, false).state).toBe('found');
    expect(answerOfSweep([], [], true).state).toBe('ok');
  });
});

describe('what hosts say', () => {
  test('is told in lines, once for all that say the same, and little of it', () => {
    const would = { steps: [{ id: 'remove', summary: '2 changes would be made', changes: ['stop x.timer', 'move x.timer'], notes: ['look at /bin/x'] }] };
    const traces = Array.from({ length: 22 }, (_, n) => ({ where: `/t/${n}`, why: 'has the name' }));
    expect(saidBy([
      { host: 'a', state: 'would-change', data: would },
      { host: 'b', state: 'ok', data: { traces: [], notes: [] } },
      { host: 'c', state: 'found', data: { traces } },
      { host: 'd', state: 'would-change', data: would },
      { host: 'e', state: 'unreachable', reason: 'no route' },
      { host: 'f', state: 'found', data: { verdict: { level: 'suspicious', reasons: ['it fetches'] }, steps: [{ id: '1', title: 'of the guide' }] } },
      { host: 'g', state: 'found', data: [{ rule: { name: 'Timer' }, event: { file: { path: '/t/x.timer' } } }] },
      { host: 'h', state: 'unchanged', data: { steps: [{ id: 'remove', summary: 'nothing is there', changes: [] }] } },
    ])).toEqual([
      { hosts: ['a', 'd'], lines: ['remove: stop x.timer', 'remove: move x.timer', 'remove: note: look at /bin/x'] },
      { hosts: ['c'], lines: [...traces.slice(0, 20).map(({ where }) => `${where} has the name`), '… 2 more: --json has them'] },
      { hosts: ['f'], lines: ['suspicious', '- it fetches'] },
      { hosts: ['g'], lines: ['Timer: /t/x.timer'] },
      { hosts: ['h'], lines: ['remove: nothing is there'] },
    ]);
    for (const data of [7, 'x', null, [null, 'x'], { steps: [null, { changes: [{}], notes: 7 }] }, { traces: 'x' }]) expect(() => saidBy([{ host: 'a', state: 'found', data }])).not.toThrow();
    expect(saidBy([{ host: 'a', state: 'found', data: { traces: [{ where: 'x'.repeat(10_000) }] } }])[0]?.lines[0]).toHaveLength(500);
  });

  test('a line of the callback is a row; anything else is none', () => {
    expect(readLineOf('PLAY [all]')).toBeUndefined();
    expect(readLineOf('{"x":1}')).toBeUndefined();
    expect(readLineOf('{"hosts":["a","b"]}')).toEqual({ hosts: ['a', 'b'] });
    expect(readLineOf(JSON.stringify({ host: 'a', outcome: 'unreachable', result: { msg: 'no\n route' } }))).toEqual({ host: 'a', state: 'unreachable', reason: 'no route' });
    expect(readLineOf(JSON.stringify({ host: 'a', outcome: 'ok', result: { state: 'changed', data: { run: 'r1' } } }))).toEqual({ host: 'a', state: 'changed', run: 'r1', data: { run: 'r1' } });
    expect(readLineOf(JSON.stringify({ host: 'a', outcome: 'failed', result: { state: 'failed', reason: 'busy', msg: 'another run' } }))).toEqual({ host: 'a', state: 'busy', reason: 'another run' });
    expect(readLineOf(JSON.stringify({ host: 'a', outcome: 'failed', result: { state: '\u001b[2J', msg: 'x' } }))).toEqual({ host: 'a', state: 'failed', reason: expect.stringContaining('not known here') as string });
    expect(readLineOf(JSON.stringify({ host: 'a', outcome: 'failed', result: { msg: 'The tickward action failed to execute in the expected time frame (3) and was terminated' } }))).toMatchObject({ state: 'timed-out' });
  });

  test('what is not done needs attention', () => {
    const rows = (['ok', 'changed', 'unreachable', 'found', 'busy'] as const).map((state, index) => ({ host: String(index), state }));
    expect(needsAttention(rows).map(({ state }) => state)).toEqual(['unreachable', 'found', 'busy']);
    expect(summaryOf(rows)).toBe('1 ok, 1 changed, 1 unreachable, 1 found, 1 busy');
  });

  test('of which nothing could be written down needs attention too, and its reason says how it is taken back', () => {
    const why = 'its record could not be kept here: ENOSPC';
    const rows = [unkeptRow({ host: 'a', state: 'changed', run: 'r1' }, 'ENOSPC'), unkeptRow({ host: 'b', state: 'unreachable', reason: 'no route' }, 'ENOSPC')];
    expect(rows).toEqual([
      { host: 'a', state: 'changed', run: 'r1', unkept: true, reason: `${why}; fleet undo does not know of it, tickward undo r1 there does` },
      { host: 'b', state: 'unreachable', unkept: true, reason: `no route; ${why}` },
    ]);
    expect(needsAttention(rows)).toEqual(rows);
  });

  test('the page holds nothing of a host as markup', () => {
    const bad = '</pre><script>alert(1)</script>\u202e';
    const page = pageOf({ request: { run: 'r', started: 't', by: bad, inventory: bad, task: { do: 'investigate', path: bad }, dry_run: false }, rows: [{ host: bad, state: 'failed', reason: bad, data: { bad } }] });
    expect(page).not.toContain('<script');
    expect(page).not.toContain('\u202e');
    expect(page).toContain("default-src 'none'");
  });
});

test('runs are listed as other lists are, the oldest first', () => {
  const records = new FleetRecords(temporaryDirectory());
  const runs = ['019a0000-0000-7000-8000-000000000000', '019b0000-0000-7000-8000-000000000000', '019c0000-0000-7000-8000-000000000000'];
  for (const run of runs.toReversed()) records.begin({ run, started: '2026-01-01T00:00:00Z', by: 'root', inventory: 'hosts.ini', task: { do: 'release' }, dry_run: false });
  expect(records.list().map(({ run }) => run)).toEqual(runs);
});

test('a host is kept whatever it is called, and no two share a file', () => {
  const records = new FleetRecords(temporaryDirectory());
  const run = '019a0000-0000-7000-8000-000000000000';
  records.begin({ run, started: '2026-01-01T00:00:00Z', by: 'root', inventory: 'hosts.ini', task: { do: 'release' }, dry_run: false });
  const long = 'ü'.repeat(90);
  // As Python gives on bytes that are no UTF-8.
  const hosts = ['one', '../one', 'h'.repeat(240), 'h'.repeat(241), long, `${long}a`, `${long}b`, 'x\udcff', 'x\udcfe', 'x\ufffd', `${long}\udcff`];
  for (const host of hosts) records.keep(run, { host, state: 'ok' });
  expect(records.read(run).rows.map(({ host }) => host).toSorted()).toEqual(hosts.toSorted());
});

describe('exports', () => {
  test("FleetDM's queries and script", () => {
    expect(fleetdmDocuments(FLEET_QUERIES)).toHaveLength(FLEET_QUERIES.length);
    expect(removalScript("/etc/systemd/system/it's.timer", ['remove'])).toContain(`--file '/etc/systemd/system/it'\\''s.timer' --only 'remove' --yes`);
    expect(() => removalScript(`/${'x'.repeat(MOST_SCRIPT)}`, ['remove'])).toThrow(/FleetDM takes/);
  });

  test('Elastic takes a rule a line and their count', () => {
    const lines = elasticLines([{ rule_id: 'a' }, { rule_id: 'b' }]);
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ exported_rules_count: 2 });
  });
});
