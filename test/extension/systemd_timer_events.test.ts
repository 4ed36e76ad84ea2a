/** Events as bytes say the same as events as rows, and what of the store cannot be read is an error. */
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createTimerAlertsTable } from '../../extension/tables/systemd_timer_alerts.ts';
import { createTimerEventsTable } from '../../extension/tables/systemd_timer_events.ts';
import type { FileEvent } from '../../src/model/event.ts';
import { Operator, RowBytes, type Constraint, type QueryContext, type Row, type Table } from '../../src/model/table.ts';
import { RowWriter } from '../../src/osquery/row-writer.ts';
import { openStore } from '../../src/store/index.ts';
import { alertOf } from '../helpers/alerts.ts';
import { arbitraryEvents } from '../helpers/arbitrary-event.ts';
import { fileEvent, temporaryDirectory } from '../helpers/events.ts';

const asking = (asked: Record<string, Constraint[]> = {}): QueryContext => ({ constraints: (column) => asked[column] ?? [], uses: () => true, checkpoint: () => undefined, msLeft: () => 1_000, warn: () => undefined });

function written({ columns }: Table, rows: Iterable<Row | RowBytes>): { bytes: Buffer; asBytes: number; all: number } {
  const writer = new RowWriter(columns);
  let [asBytes, all] = [0, 0];
  for (const row of rows) {
    writer.write(row);
    if (row instanceof RowBytes) asBytes += 1;
    all += 1;
  }
  return { bytes: writer.take(), asBytes, all };
}

/** How many came as bytes: these, and all others, are as rows are. */
function same(table: Table, context = asking()): { asBytes: number; all: number } {
  const { bytes, ...counts } = written(table, table.generateBytes?.(context) ?? []);
  expect(bytes.equals(written(table, table.generate(context)).bytes)).toBe(true);
  return counts;
}

/** What a host really has, in all the ways in which it differs. */
function usual(n: number): FileEvent {
  const event = fileEvent({ id: `id-${n}`, path: n % 5 === 0 ? `/top-${n}.timer` : `/etc/systemd/system/ein-größerer-${n}.timer`, time: new Date(1_700_000_000_000 + n * 700).toISOString() });
  const { process, user, ...unnamed } = event;
  const of = (changes: Partial<FileEvent['tickward']>): FileEvent['tickward'] => ({ ...event.tickward, auid: '1000', cgroup: `/user.slice/session-${n % 3}.scope`, ancestry: [{ pid: n % 2, name: 'sh', command_line: 'sh -c "x"' }], ...changes });
  switch (n % 6) {
    case 0:
      return { ...event, tickward: of({ directives: ['Timer.OnCalendar="daily"\\n'], commands: ['/bin/sh -c "evil"'] }) };
    case 1:
      return { ...event, file: { ...event.file, type: 'symlink', target_path: '/dev/null', hash: { sha256: 'ab' } }, container: { id: 'c0ffee' }, tickward: of({ unit: 'other.timer', scope: 'user' }) };
    case 2:
      return { ...unnamed, tickward: of({ attribution: 'none', source: 'scan', attribution_note: 'nobody saw it' }) };
    case 3:
      return { ...unnamed, user: { id: '33', name: 'www-data' }, tickward: of({ attribution: 'inferred' }) };
    case 4:
      return { ...event, process: { pid: 7, name: 'sh', args: ['', 'a b', '', 'ü,"'.slice(0, 2)], command_line: ' a b  ü,', user: { id: '0' }, group: { id: '5' } }, tickward: of({ unit_type: 'drop-in', attribution: 'exact' }) };
    default:
      return { ...event, process: { pid: 8, command_line: '1' }, tickward: of({ unit_type: 'wants', source: 'import', attribution: 'bpf' }) };
  }
}

test('the events of a host come as bytes, and say what their rows say', () => {
  const { events } = openStore(temporaryDirectory());
  const table = createTimerEventsTable(events);
  events.append(Array.from({ length: 700 }, (_, n) => usual(n)));
  expect(same(table)).toEqual({ asBytes: 700, all: 700 });
  expect(same(table, asking({ path: Array.from({ length: 300 }, (_, n) => ({ op: Operator.EQUALS, value: usual(n).file.path })) }))).toEqual({ asBytes: 300, all: 300 });
  expect(same(table, asking({ time: [{ op: Operator.GREATER_THAN_OR_EQUALS, value: '1700000400' }] })).all).toBe(128);
});

const strange: Record<'plain' | 'odd', FileEvent[]> = {
  plain: [
    fileEvent({ path: '/etc/systemd/system/a"b\\c.timer' }),
    fileEvent({ path: '/etc/systemd/system/a\nb\u0001.timer' }),
    { ...fileEvent({ action: 'rename' }), file: { ...fileEvent().file, Ext: { original: { path: '/tmp/"a\t.timer', name: 'a.timer' } } } },
    { ...fileEvent(), process: { pid: 1, args: ['sh', '-c', 'echo "x" , \\ é\u001b', ''], command_line: 'sh -c echo "x" , \\ é\u001b ' } },
    { ...fileEvent(), process: { pid: 1, args: ['sh'], command_line: '"sh"' } },
  ],
  odd: [
    { ...fileEvent(), tickward: { ...fileEvent().tickward, path_bytes: Buffer.from('/etc/systemd/system/\xff.timer', 'latin1').toString('base64') } },
    { ...fileEvent(), process: { pid: 1, args: ['half of a pair \ud800'], command_line: 'half of a pair \ud800' } },
    { ...fileEvent(), process: { pid: 1, name: 'half of a pair \ud800' } },
    fileEvent({ time: '1969-12-31T23:59:58.500Z' }),
    fileEvent({ time: '2026-01-01T00:00:00Z' }),
  ],
};

test('escapes and renames come as bytes too; what cannot, comes as a row between the others', () => {
  const { events } = openStore(temporaryDirectory());
  events.append([...strange.plain, ...strange.odd].flatMap((event, n) => [usual(n), { ...event, event: { ...event.event, id: `strange-${n}` } }]));
  const all = 2 * (strange.plain.length + strange.odd.length);
  expect(same(createTimerEventsTable(events))).toEqual({ asBytes: all - strange.odd.length, all });
});

/** So many new ones are kept in a bundle. */
const MANY = 70;

test('what is kept in bundles says the same either way, and is bytes where rows are', () => {
  const { events, directory } = openStore(temporaryDirectory());
  const plain = Array.from({ length: 400 }, (_, n) => usual(n));
  events.appendNew(plain);
  expect(new DatabaseSync(join(directory, 'events.db')).prepare('SELECT count(*) AS n FROM events').get()).toEqual({ n: 0 });
  expect(same(createTimerEventsTable(events))).toEqual({ asBytes: 400, all: 400 });
  const odd = [...strange.plain, ...strange.odd].flatMap((event, n) => Array.from({ length: MANY }, (_, m) => ({ ...event, event: { ...event.event, id: `strange-${n}-${m}` } })));
  events.appendNew(odd);
  expect(same(createTimerEventsTable(events)).all).toBe(400 + odd.length);
});

test.each([1, MANY])('every event there can be, %i of each at a time, says the same either way', (copies) => {
  const directory = temporaryDirectory();
  fc.assert(
    fc.property(arbitraryEvents, (some) => {
      const list = some.flatMap((event) => Array.from({ length: copies }, (_, n) => ({ ...event, event: { ...event.event, id: `${event.event.id} ${n}` } })));
      const store = openStore(directory);
      while (store.events.prune({ maxAgeMs: 1e15, maxCount: 0 }, Date.now()) > 0);
      for (let at = 0; at < list.length; at += MANY) store.events.appendNew(list.slice(at, at + MANY));
      expect(same(createTimerEventsTable(store.events)).all).toBe(list.length);
      store.close();
    }),
    { numRuns: copies === 1 ? 150 : 40 },
  );
});

test('two answers that are read in turns do not get into each other', () => {
  const { events } = openStore(temporaryDirectory());
  const table = createTimerEventsTable(events);
  events.append(Array.from({ length: 200 }, (_, n) => usual(n)));
  const readings = [asking(), asking({ action: [{ op: Operator.EQUALS, value: 'creation' }] })].map((context) => ({ rows: (table.generateBytes?.(context) ?? [])[Symbol.iterator](), writer: new RowWriter(table.columns) }));
  for (let n = 0; n < 200; n += 1) for (const { rows, writer } of readings) writer.write(rows.next().value as Row | RowBytes);
  const expected = written(table, table.generate(asking())).bytes;
  for (const { writer } of readings) expect(writer.take().equals(expected)).toBe(true);
});

test.each([
  '[0,0,0,0,0,"timer',
  '',
  '[[',
  '[0,0,0,0]]',
  '[0,0,0,0]{"a":[',
])('an event whose document reads %j is an error, and no answer without it', (text) => {
  const { events, directory } = openStore(temporaryDirectory());
  events.append(Array.from({ length: 100 }, (_, n) => usual(n)));
  const database = new DatabaseSync(join(directory, 'events.db'));
  database.prepare("UPDATE events SET document = ? WHERE id = 'id-40'").run(text);
  database.close();
  const table = createTimerEventsTable(events);
  expect(() => written(table, table.generateBytes?.(asking()) ?? [])).toThrow('is damaged');
});

test.each([
  ['a byte', '\xff.timer'],
  ['a byte, and four characters that read like one', '\\xe9\xff.timer'],
  ['the beginning of a character, and characters that read like its end', '\xe2\x82\\xac.timer'],
  ['characters that read like a byte alone', '\\xff.timer'],
  ['more of them than can be tried', '\\xe9\xff'.repeat(40)],
])('the path of a row finds it, also of a name of %s', (_, latin1) => {
  const { events, alerts } = openStore(temporaryDirectory());
  const bytes = Buffer.from(`/etc/systemd/system/${latin1}`, 'latin1');
  const event = fileEvent({ id: 'asked for', path: bytes.toString() });
  events.append([fileEvent(), { ...event, tickward: { ...event.tickward, path_bytes: bytes.toString('base64') } }]);
  alerts.append([...events.list()].map((each) => alertOf({ event: each })));
  for (const table of [createTimerEventsTable(events), createTimerAlertsTable(alerts)]) {
    const [path] = [...table.generate(asking())].flatMap((row) => (row['eid'] === 'asked for' ? [String(row['path'])] : []));
    expect([...table.generate(asking({ path: [{ op: Operator.EQUALS, value: path ?? '' }] }))].map(({ eid }) => eid)).toContain('asked for');
  }
});
