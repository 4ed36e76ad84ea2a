/** What is named and is not there: the error says what may have been meant, and takes nothing for it. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { alertNamed, asFile, refuseUnknownRun, unitFilesLike } from '../../src/cli/named.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { fileEvent, temporaryDirectory } from '../helpers/events.ts';

const ALERTS = ['01a22cb244f9000164-33b8f6cd', '01a22cb24516000244-33b8f6cd', '01a22cb24517000344-33b8f6cd', '01a22cb24518000444-33b8f6cd'];
const RUN = '01a22cb1-df1b-79cd-9e8f-fd58add73f1d';

function store(): Store {
  const opened = openStore(join(temporaryDirectory(), 'state'));
  onTestFinished(() => opened.close());
  opened.alerts.append(ALERTS.map((id) => {
    const event = fileEvent({ path: '/etc/systemd/system/a.timer' });
    return { id, '@timestamp': event['@timestamp'], status: 'open', rule: { id: 'r', name: 'r', version: 1, severity: 'low', risk_score: 1, threat: { tactic: '', technique: [] } }, event: { ...event, event: { ...event.event, id: id.slice(0, 18) } } };
  }));
  opened.journal.append({ run: RUN, kind: 'run-started', data: {} });
  return opened;
}

test.each([
  [ALERTS[1]?.slice(0, 12) ?? '', `is it ${ALERTS[1]}? tickward alerts lists them`],
  [`${ALERTS[1]?.slice(0, 12)}…`, `is it ${ALERTS[1]}? tickward alerts lists them`],
  ['01a22cb24', `is it ${ALERTS[3]} or ${ALERTS[2]} or ${ALERTS[1]}, or one of 1 more? tickward alerts lists them`],
  ['01a22', 'tickward alerts lists them'],
  ['ffffffff', 'tickward alerts lists them'],
  ['', 'tickward alerts lists them'],
])('the alert %j is not taken for another: %s', (typed, hint) => {
  const opened = store();
  expect(() => alertNamed(opened, typed)).toThrow(expect.objectContaining({ code: 'NOT_FOUND', message: `there is no alert ${typed} in this store`, hint }));
});

test('an id that is whole is found', () => {
  const opened = store();
  expect(alertNamed(opened, ALERTS[0] ?? '').id).toBe(ALERTS[0]);
  refuseUnknownRun(opened, RUN);
});

const LISTED = 'tickward runs lists them; one of another state directory is found with --state-dir';

test.each([['01a22cb1', `is it ${RUN}? ${LISTED}`], ['remove', LISTED]])('the run %s is not taken for another', (typed, hint) => {
  const opened = store();
  expect(() => refuseUnknownRun(opened, typed)).toThrow(expect.objectContaining({ code: 'NOT_FOUND', hint }));
});

test('a unit is found by its name, whatever directory and ending were typed', () => {
  const service = readdirSync('/usr/lib/systemd/system').find((name) => name.endsWith('.service')) ?? '';
  const path = `/usr/lib/systemd/system/${service}`;
  for (const typed of [service, service.slice(0, -'.service'.length), `/nowhere/${service}`]) expect(unitFilesLike(typed)).toContain(path);
  for (const none of ['no-such-unit-at-all', '', '.', '..', '/']) expect(unitFilesLike(none)).toEqual([]);
  for (const typed of [service, service.slice(0, -'.service'.length)]) expect(asFile(typed)).toBe(`a file is given with --file: --file ${unitFilesLike(typed)[0]}`);
});

test('what looks like no file is an id', () => {
  expect([asFile(ALERTS[0] ?? ''), asFile('no-such-unit-at-all')]).toEqual([undefined, undefined]);
  expect(asFile('/nowhere/x.timer')).toBe('a file is given with --file: --file /nowhere/x.timer');
});
