/** Syslog and the journal at real sockets. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { journalEntry } from '../../src/output/journald.ts';
import { openOutputs } from '../../src/output/index.ts';
import { syslogLine } from '../../src/output/syslog.ts';
import { alertOf } from '../helpers/alerts.ts';
import { receiveAt } from '../helpers/datagrams.ts';
import { fileEvent, temporaryDirectory } from '../helpers/events.ts';
import { until } from '../helpers/until.ts';

const nasty = 'sh -c x\nTICKWARD_USER=nobody\u001b[2J\u0000';

function nastyAlert(length = 0): ReturnType<typeof alertOf> {
  const event = fileEvent();
  return alertOf({ event: { ...event, host: { ...event.host, name: 'a host\n' }, process: { ...event.process!, command_line: `${nasty}${'ü'.repeat(length)}` } } });
}

/** Entries of the journal's own protocol, read as its documentation says. */
function fieldsOf(entry: Buffer): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let at = 0; at < entry.length; ) {
    const end = entry.indexOf('\n', at);
    const length = Number(entry.readBigUInt64LE(end + 1));
    fields[entry.toString('utf8', at, end)] = entry.toString('utf8', end + 9, end + 9 + length);
    at = end + 9 + length + 1;
  }
  return fields;
}

test('a line of syslog has the form that the socket of a host takes, is one line and no longer than every receiver takes', () => {
  const alert = { ...nastyAlert(), '@timestamp': new Date(2026, 0, 2, 3, 4, 5).toISOString() };
  const line = syslogLine(alert, 77).toString();
  expect(line).toMatch(/^<85>Jan  2 03:04:05 tickward\[77\]: \[/);
  expect(line).toContain(String.raw`sh -c x\nTICKWARD_USER=nobody\e[2J\0`);
  expect(line).not.toMatch(/[\u0000-\u001f]/);
  const long = syslogLine(nastyAlert(5_000), 77);
  expect(long.length).toBeLessThanOrEqual(2_048);
  expect(long.toString()).not.toContain('\ufffd');
});

test.each([['low', 85], ['medium', 84], ['high', 83], ['critical', 82]])('an alert of severity %s has the priority %i', (severity, priority) => {
  expect(syslogLine(alertOf({ rule: { ...alertOf().rule, severity } }), 1).toString()).toMatch(new RegExp(`^<${priority}>`));
});

test('a value cannot become a field of the journal, whatever is in it', () => {
  const alert = nastyAlert();
  const fields = fieldsOf(journalEntry(alert));
  expect(fields).toMatchObject({ PRIORITY: '5', SYSLOG_IDENTIFIER: 'tickward', TICKWARD_ALERT: alert.id, TICKWARD_USER: 'root', TICKWARD_COMMAND_LINE: nasty, TICKWARD_TECHNIQUE: 'T1053.006' });
  expect(JSON.parse(fields['TICKWARD_DOCUMENT'] ?? '')).toMatchObject({ event: { kind: 'alert', id: alert.id } });
});

test('an alert that is too long for a datagram goes without its document', () => {
  const fields = fieldsOf(journalEntry(nastyAlert(30_000)));
  expect(Object.keys(fields)).not.toContain('TICKWARD_DOCUMENT');
  expect(fields).toMatchObject({ TICKWARD_LEFT_OUT: 'TICKWARD_DOCUMENT' });
});

test('alerts arrive at both, wait while nobody is there, and arrive when there is somebody again', async () => {
  const directory = temporaryDirectory();
  const [log, journal] = [join(directory, 'log'), join(directory, 'journal')];
  const said: string[] = [];
  const outputs = await openOutputs([{ type: 'syslog', socket: log }, { type: 'journald', socket: journal }], 0, ({ message }) => said.push(message), (error) => {
    throw error;
  });
  const [first, second] = [alertOf(), alertOf()];
  const journald = receiveAt(journal);
  outputs.send(first);
  await until(() => said.length > 0);
  expect(said).toEqual([expect.stringMatching(/log\) takes no alert, it is tried again: .*there is no such socket/)]);
  const syslog = receiveAt(log);
  outputs.send(second);
  const lines: string[] = [];
  await until(() => lines.push(...syslog.receive().map(String)) >= 2);
  expect(lines.map((line) => [first, second].findIndex(({ id }) => line.includes(`[${id}]`)))).toEqual([0, 1]);
  const entries = journald.receive();
  expect(entries.map((entry) => fieldsOf(entry)['TICKWARD_ALERT'])).toEqual([first.id, second.id]);
  await outputs.close();
});

test('a reader that does not keep up holds nothing up, and gets all when it reads', async () => {
  const socket = join(temporaryDirectory(), 'log');
  const receiver = receiveAt(socket);
  const said: string[] = [];
  const outputs = await openOutputs([{ type: 'syslog', socket }], 0, ({ message }) => said.push(message), (error) => {
    throw error;
  });
  const count = 600;
  for (let n = 0; n < count; n += 1) outputs.send(alertOf());
  let received = 0;
  await until(() => (received += receiver.receive().length) >= count, () => `${count} lines, got ${received}; ${said.join('; ')}`, 25_000);
  expect(received).toBe(count);
  await outputs.close();
});

test('a path that no socket can have is refused', async () => {
  const refused: unknown[] = [];
  await openOutputs([{ type: 'syslog', socket: `/${'x'.repeat(200)}` }], 0, () => undefined, (error) => refused.push(error));
  expect(refused).toMatchObject([{ code: 'BAD_INPUT', message: expect.stringContaining('too long') }]);
});
