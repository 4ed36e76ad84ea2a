/** What other sensors wrote, into a store. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Alert } from '../../src/model/event.ts';
import { loadRule, type Rule } from '../../src/rule/load.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { importFrom, type Counts } from '../../src/watch/from.ts';
import type { Piece } from '../../src/watch/tail.ts';
import { temporaryDirectory } from '../helpers/events.ts';

const RULE = loadRule(readFileSync(join(import.meta.dirname, '../../playbooks/systemd-timer-created/rule.toml'), 'utf8'));
const FIXTURES = ['elastic-defend.ndjson', 'auditbeat.ndjson', 'osquery.ndjson'].map((name) => readFileSync(join(import.meta.dirname, '../fixtures/ingest', name), 'utf8'));
const NEVER = { maxAgeMs: 1e15, maxCount: 1e9 };

interface Read {
  counts: Counts;
  alerts: Alert[];
  notices: string[];
}

async function read(store: Store, text: string, rules: readonly Rule[] = [RULE]): Promise<Read> {
  const alerts: Alert[] = [];
  const notices: string[] = [];
  const pieces = (async function* (): AsyncGenerator<Piece> {
    yield Buffer.from(text);
  })();
  const counts = await importFrom({ store, rules, retention: NEVER, name: 'log', pieces, onAlert: (alert) => alerts.push(alert), onNotice: ({ message }) => notices.push(message) });
  return { counts, alerts, notices };
}

function rule(query: string, maxSignals = 100): Rule {
  return loadRule(`[rule]\nrule_id = "r"\nname = "any"\ndescription = "d"\ntype = "eql"\nlanguage = "eql"\nseverity = "low"\nrisk_score = 1\nmax_signals = ${maxSignals}\nquery = '''${query}'''\n`);
}

function defend(number: number, changes: { path?: string; time?: number } = {}): string {
  return `${JSON.stringify({ '@timestamp': new Date(1.79e12 + (changes.time ?? number)).toISOString(), event: { id: `e${number}`, category: ['file'], action: 'creation', module: 'endpoint' }, host: { name: 'h', os: { type: 'linux' } }, file: { path: changes.path ?? `/etc/systemd/system/${number}.timer` }, process: { pid: 1, executable: '/usr/bin/dash' } })}\n`;
}

test('the shipped rule alerts where the program is said: Elastic Defend, Auditbeat with add_process_metadata, process_file_events', async () => {
  const store = openStore(temporaryDirectory());
  const { counts, alerts } = await read(store, FIXTURES.join(''));
  expect(alerts.map(({ event }) => event.file.name)).toEqual(['beacon.timer', 'moved.timer', 'enriched.timer', 'audit.timer', 'x.timer', 'own.timer']);
  expect(counts).toEqual({ lines: 36, stored: 30, elsewhere: 1, other: 7, bad: 0, alerts: 6, known: 0, suppressed: 0 });
  expect([...store.alerts.list()]).toEqual(alerts);
  expect([...store.events.list()]).toHaveLength(30);
  expect(alerts[0]?.event).toEqual(store.events.get('NcPe3XfLk2sT8v1q++++++01'));
  // The event has the sensor's time, the alert ours.
  expect(Math.abs(Date.parse(alerts[0]?.['@timestamp'] ?? '') - Date.now())).toBeLessThan(60_000);
  store.close();
});

test('what is read again is stored once, alerts once, and is known to alert', async () => {
  const store = openStore(temporaryDirectory());
  const first = await read(store, FIXTURES.join(''));
  const events = [...store.events.list()];
  const again = await read(store, FIXTURES.toReversed().join(''));
  expect(again.alerts).toEqual([]);
  expect(again.counts).toMatchObject({ alerts: 6, known: 6 });
  expect([...store.events.list()]).toEqual(events);
  expect([...store.alerts.list()]).toEqual(first.alerts);
  store.close();
});

test('files that are no units are judged by all rules, and stored where one alerts', async () => {
  const store = openStore(temporaryDirectory());
  const text = defend(1, { path: '/home/u/a.txt' }) + defend(2, { path: '/etc/cron.d/evil' });
  const { counts, alerts } = await read(store, text, [RULE, rule('file where file.path : "/etc/cron.d/*"')]);
  expect(alerts.map(({ event, rule: { name } }) => `${name} ${event.file.path}`)).toEqual(['any /etc/cron.d/evil']);
  expect(counts).toMatchObject({ stored: 1, elsewhere: 1 });
  expect([...store.events.list()].map(({ file }) => file.path)).toEqual(['/etc/cron.d/evil']);
  store.close();
});

test('rules see fields that our events have not', async () => {
  const store = openStore(temporaryDirectory());
  const { alerts } = await read(store, FIXTURES[0] ?? '', [rule('file where file.Ext.entropy > 4')]);
  expect(alerts.map(({ event }) => event.event.action)).toEqual(['modification']);
  store.close();
});

test('the bound of a rule counts by the time of the events, and is said', async () => {
  const store = openStore(temporaryDirectory());
  const timers = [0, 1, 2, 3, 4].map((number) => defend(number, { time: number * 1_000 })).join('') + defend(5, { time: 3_600_000 });
  const bounded = rule('file where true', 2);
  const { alerts, notices } = await read(store, timers, [bounded]);
  expect(alerts.map(({ event }) => event.event.id)).toEqual(['e0', 'e1', 'e5']);
  expect(notices.filter((notice) => notice.includes('the rule any gave its 2 alerts'))).toHaveLength(1);
  const more = await read(store, timers + defend(6, { time: 7_200_000 }), [bounded]);
  expect(more.alerts.map(({ event }) => event.event.id)).toEqual(['e6']);
  store.close();
});

test('a bad line is named with its number, and the rest goes on', async () => {
  const store = openStore(temporaryDirectory());
  const nested = `{"event":{"category":"file","action":"creation"},"file":${'['.repeat(200_000)}1${']'.repeat(200_000)}}\n`;
  const huge = defend(3).replace('dash', 'x'.repeat(10_000_000));
  const { counts, alerts, notices } = await read(store, `${defend(1)}{"a\n\n${nested}${huge}\0\0\0\n{"\u001b[2J\n${defend(2).trimEnd()}`);
  expect(alerts.map(({ event }) => event.event.id)).toEqual(['e1', 'e2']);
  expect(counts).toMatchObject({ lines: 8, bad: 5 });
  expect(notices.map((notice) => /^log, line (\d+) is passed over: /.exec(notice)?.[1])).toEqual(['2', '4', '5', '6', '7']);
  expect(notices[2]).toContain('longer than 4 MiB');
  expect(notices.join('')).not.toMatch(/[\u0000-\u001f]/);
  store.close();
});

test('many bad lines are not all named', async () => {
  const store = openStore(temporaryDirectory());
  const { counts, notices } = await read(store, '{}\n'.repeat(1_500));
  expect(counts.bad).toBe(1_500);
  expect(notices).toHaveLength(22);
  expect(notices.at(-1)).toContain('1000 such lines');
  store.close();
});

test('two that read into one state directory at a time store each event once', async () => {
  const directory = temporaryDirectory();
  const [one, two] = [openStore(directory), openStore(directory)];
  await Promise.all([read(one, FIXTURES[0] ?? ''), read(two, FIXTURES.join(''))]);
  expect([...one.events.list()]).toHaveLength(30);
  expect([...two.alerts.list()]).toHaveLength(6);
  one.close();
  two.close();
});

test('what an exception covers is stored and marked, and counts for nothing', async () => {
  const store = openStore(temporaryDirectory());
  store.exceptions.add({ id: 'x1', rule: null, tests: [{ field: 'file.name', operator: 'exact', values: ['1.timer'] }], reason: 'r', author: 'alice', created: '2026-01-01T00:00:00.000Z', expires: null, alert: 'a' });
  const { counts, alerts } = await read(store, defend(1) + defend(2));
  expect(alerts.map(({ event }) => event.file.name)).toEqual(['2.timer']);
  expect(counts).toMatchObject({ stored: 2, alerts: 1, known: 0, suppressed: 1 });
  expect([...store.alerts.list({ suppressed: true })]).toMatchObject([{ suppressed_by: 'x1', event: { file: { name: '1.timer' } } }]);
  store.close();
});

test('an exception that is over covers nothing any more, whatever time an event bears', async () => {
  const store = openStore(temporaryDirectory());
  store.exceptions.add({ id: 'x1', rule: null, tests: [{ field: 'host.name', operator: 'exact', values: ['h'] }], reason: 'r', author: 'alice', created: '2025-01-01T00:00:00.000Z', expires: '2025-02-01T00:00:00.000Z', alert: 'a' });
  const { counts } = await read(store, defend(1, { time: Date.parse('2025-01-15T00:00:00Z') - 1.79e12 }));
  expect(counts).toMatchObject({ stored: 1, alerts: 1, suppressed: 0 });
  store.close();
});
