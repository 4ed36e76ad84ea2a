import { expect, test } from 'vitest';
import { alertDocument } from '../../src/output/document.ts';
import { alertOf } from '../helpers/alerts.ts';
import { fileEvent } from '../helpers/events.ts';

test('an alert is an ECS document of its own kind, with the event in it', () => {
  const event = fileEvent({ time: '2026-06-01T00:00:00.000Z', id: 'e1' });
  const alert = alertOf({ id: 'a1', event: { ...event, file: { ...event.file, owner: 'alice', hash: { sha256: 'ab' } } }, '@timestamp': '2026-06-01T00:00:01.000Z' });
  expect(alertDocument(alert)).toMatchObject({
    '@timestamp': '2026-06-01T00:00:01.000Z',
    ecs: { version: expect.stringMatching(/^8\./) },
    message: 'A rule: creation of /etc/systemd/system/evil.timer by /usr/bin/dash (pid 4242), user root: sh -c evil',
    event: { id: 'a1', kind: 'alert', category: ['file'], type: ['creation'], action: 'creation', dataset: 'tickward.alert', created: '2026-06-01T00:00:00.000Z', severity: 21, risk_score: 21 },
    rule: { id: 'rule', name: 'A rule', version: '1' },
    threat: { framework: 'MITRE ATT&CK', tactic: { id: ['TA0003'] }, technique: { id: ['T1053'], subtechnique: { id: ['T1053.006'] } } },
    file: { path: '/etc/systemd/system/evil.timer' },
    process: { command_line: 'sh -c evil' },
    related: { hosts: ['host'], user: ['root', 'alice'], hash: ['ab'] },
    tickward: { attribution: 'proc', alert: { status: 'open', event_id: 'e1' } },
  });
});

test('what is not known is left out', () => {
  const { process: _process, user: _user, ...event } = fileEvent();
  const document = alertDocument(alertOf({ event, rule: { ...alertOf().rule, threat: { tactic: '', technique: [] } } }));
  expect(document).toMatchObject({ threat: { framework: 'MITRE ATT&CK' }, message: expect.stringContaining('by an unknown program, user unknown') });
  expect(Object.keys(document['threat'] as object)).toEqual(['framework']);
});

test('the sentence names the host of an event that another sensor told, and bytes that are no UTF-8', () => {
  const event = fileEvent();
  const told = { ...event, host: { ...event.host, name: 'web-7' }, file: { ...event.file, path: '/etc/systemd/system/\ufffd.timer' }, tickward: { ...event.tickward, source: 'import' as const, path_bytes: Buffer.from('/etc/systemd/system/\xff.timer', 'latin1').toString('base64') } };
  expect(alertDocument(alertOf({ event: told }))).toMatchObject({ message: String.raw`A rule: creation of /etc/systemd/system/\xff.timer on web-7 by /usr/bin/dash (pid 4242), user root: sh -c evil` });
});
