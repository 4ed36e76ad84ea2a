/** Every command as a script meets it: exit codes, JSON, errors, help. */
import { execFileSync, spawnSync } from 'node:child_process';
import { unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { commands } from '../../src/cli/commands/index.ts';
import { createProgram } from '../../src/cli/main.ts';
import { openStore } from '../../src/store/index.ts';
import type { Alert } from '../../src/model/event.ts';
import { fileEvent, temporaryDirectory } from '../helpers/events.ts';
import { tickward, type Ran } from '../helpers/tickward.ts';

let stateDir = '';
beforeEach(() => {
  stateDir = join(temporaryDirectory(), 'state');
});

function run(...args: string[]): Ran {
  return tickward([...args, '--state-dir', stateDir]);
}

/** A store with one alert over a file that is there. */
function withAlert(path: string, executable = '/usr/bin/dash'): Alert {
  const store = openStore(stateDir);
  const event = fileEvent({ path, executable, user: 'root' });
  const alert: Alert = { id: `${event.event.id}-aaaaaaaa`, '@timestamp': event['@timestamp'], event, rule: { id: 'r', name: 'A rule', version: 1, severity: 'low', risk_score: 21, threat: { technique: ['T1053.006'], tactic: ['TA0003'] } }, status: 'open' } as unknown as Alert;
  store.events.append([event]);
  store.alerts.append([alert]);
  store.close();
  return alert;
}

/** What the program would print; in this process, since there are many. */
async function helpOf(command: readonly string[]): Promise<string> {
  const args = [...command, '--help'];
  const program = await createProgram(args);
  let help = '';
  for (const each of [program, ...program.commands.flatMap((known) => [known, ...known.commands])]) each.configureOutput({ writeOut: (text) => void (help += text), getOutHelpWidth: () => 80 });
  await expect(program.parseAsync(args, { from: 'user' })).rejects.toMatchObject({ code: 'commander.helpDisplayed', exitCode: 0 });
  return help;
}

describe('help', () => {
  const subcommands = ['events list', 'events show', 'alerts list', 'alerts show', 'alerts ack', 'alerts close', 'alerts reopen', 'alerts stats', 'exception add', 'exception list', 'exception remove', 'runs list', 'runs show', 'rule test', 'rule lint', 'rule list', 'guide render'];
  test.each([...commands.map(({ name }) => name), ...subcommands])('%s --help shows examples and the options that every command has', async (name) => {
    const help = await helpOf(name.split(' '));
    expect(help).toMatch(new RegExp(`Examples:\\n\\s+(?:sudo )?tickward ${name.split(' ')[0]}\\b`));
    for (const option of ['--json', '--state-dir', '--config', '--yes', '--verbose']) expect(help).toMatch(new RegExp(`Global Options:[^]*${option}`));
  });

  test('the list has every command and the exit codes', async () => {
    const { code, stdout } = tickward(['--help']);
    expect(code).toBe(0);
    for (const { name } of commands) expect(stdout).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'));
    expect(stdout).toMatch(/Exit codes: 0 done/);
    expect(tickward(['--version']).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(tickward(['alerts', 'show', '--help'])).toMatchObject({ code: 0, stdout: await helpOf(['alerts', 'show']) });
  });
});

describe('wrong usage is exit code 2 with a line that says what to do', () => {
  test.each([
    [['frobnicate'], /unknown command 'frobnicate'/],
    [['alert'], /unknown command 'alert' \(Did you mean alerts\?\)/],
    [['query'], /missing required argument 'sql'/],
    [['alerts', '0193'], /alerts has no command 0193/],
    [['exception', 'ad'], /exception has no command ad/],
    [['alerts', 'list', '0193'], /too many arguments for 'list'/],
    [['query', 'SELECT 1', '--engine', 'duckdb'], /duckdb is no value for engine/],
    [['query', 'SELECT 1', '--timeout', 'soon'], /is no value for timeout/],
    [['query', 'SELECT 1', '--timeout', '9999999'], /is no value for timeout: it takes a number of seconds above 0, 86400 \(a day\) at most/],
    [['query', ' '], /the query is empty/],
    [['investigate', '--file', ''], /--file names no file/],
    [['query', 'SELECT 1', '--max-rows', '0'], /--max-rows takes/],
    [['investigate'], /give either an alert or --file/],
    [['respond'], /give either an alert or --file/],
    [['respond', '--file', '/etc/passwd'], /nobody is here to decide/],
    [['respond', '--file', '/etc/passwd', '--dry-run', '--only', 'nothing'], /no step nothing/],
    [['respond', '--file', '/etc/passwd', '--dry-run', '--only', ''], /--only names no step/],
    [['respond', '--file', '/etc/passwd', '--dry-run', '--only', ' , '], /--only names no step/],
    [['respond', '--file', '', '--dry-run'], /--file names no file/],
    [['investigate', '--file', ''], /--file names no file/],
    [['fleet', 'respond', '--inventory', '/nonexistent', '--file', '/etc/x.timer', '--only', '', '--dry-run'], /--only names no step/],
    [['fleet', 'export', 'fleetdm-script', '--file', '/etc/x.timer', '--only', ','], /--only names no step/],
    [['events', '--since', 'yesterday'], /no span of time/],
    [['alerts', '--limit', 'many'], /--limit takes/],
    [['rule', 'test'], /either --rule FILE or --query EQL/],
    [['rule', 'lint'], /missing required argument/],
    [['watch', '--sensor', 'radar'], /no value for sensor/],
    [['isolate', '--confirm', '--allow', '192.0.2.7', '--yes'], /--confirm does not heed --allow/],
    [['isolate', '--status', '--confirm'], /--status does not heed --confirm/],
    [['isolate', '--status', '--no-dhcp'], /--status does not heed --no-dhcp/],
    [['isolate', '--for', '31d', '--dry-run'], /--for takes 30 days at most, not 31d/],
    [['isolate', '--confirm', '--for', '31d', '--dry-run'], /--for takes 30 days at most, not 31d/],
    [['isolate', '--allow', 'jump.example', '--dry-run'], /jump\.example is no management peer/],
    [['isolate', '--allow', '0.0.0.0/0', '--dry-run'], /lets everybody through/],
    [['isolate', '--dns', 'all', '--dry-run'], /all is no address of a name server/],
    [['drill', '--unit', 'x.service'], /no name for the drill/],
    [['investigate', '--file', '/etc/passwd', '--step', 'nope', '--engine', 'embedded'], /the guide has no step nope/],
    [['watch', '--from', ''], /--from <file>' argument '' is invalid\. It is empty/],
    [['fleet', 'sweep', '--inventory', '', '--unit', 'x.timer'], /--inventory <file>' argument '' is invalid/],
    [['fleet', 'respond', '--inventory', '/nonexistent', '--limit', '', '--file', '/etc/x.timer', '--only', 'remove', '--yes'], /--limit <pattern>' argument '' is invalid/],
    [['fleet', 'status', '--inventory', '/nonexistent', '--limit', ' '], /--limit <pattern>' argument ' ' is invalid/],
    [['fleet', 'release', '--inventory', '/nonexistent', '--serial', '1,100%', '--max-fail-percent', '100', '--yes'], /--max-fail-percent takes a number from 0 and below 100, not 100/],
    [['isolate', '--allow', '', '--dry-run'], /--allow <peers>' argument '' is invalid/],
    [['isolate', '--allow', ',', '--dry-run'], /--allow <peers>' argument ',' is invalid/],
    [['isolate', '--dns', '', '--dry-run'], /--dns <servers>' argument '' is invalid/],
    [['query', 'SELECT 1', '--socket', ''], / is no value for socket: it takes a path/],
    [['watch', '--from', '/nonexistent', '--sensor', 'scan'], /--from does not heed --sensor/],
    [['restore', '--no-start'], /the list of the quarantine does not heed --no-start/],
    [['restore', '--dry-run'], /the list of the quarantine does not heed --dry-run/],
    [['respond', '--file', '/etc/passwd', '--dry-run', '--force'], /a new run does not heed --force/],
    [['query', 'SELECT 1', '--engine', 'embedded', '--socket', '/x.em'], /the engine embedded does not heed --socket/],
    [['investigate', '--file', '/etc/passwd', '--engine', 'osqueryi', '--socket', '/x.em'], /the engine osqueryi does not heed --socket/],
    [['fleet', 'status', '--forks', '20'], /the record of fleet runs does not heed --forks/],
    [['fleet', 'status', '0193', '--inventory', '/nonexistent'], /the record of one fleet run does not heed --inventory/],
    [['fleet', 'export', 'elastic', '--file', '/etc/x.timer'], /export elastic does not heed --file/],
    [['fleet', 'export', 'fleetdm', '--only', 'remove'], /export fleetdm does not heed --only/],
    [['fleet', 'undo', '0193', '--inventory', '/nonexistent'], /this changes many hosts: it needs --yes/],
  ])('%j', (args, message) => {
    const { code, stderr, stdout } = run(...args);
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    const json = run(...args, '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: 'USAGE', message: expect.stringMatching(message) } });
  });
});

test.each([[['\u001b[2J']], [['events', '\u001b[2J']], [['events', '--\u001b[2J']], [['alerts', 'list', '--status', '\u001b[2J']], [['completion', '\u001b[2J']]])('what the command line repeats of %j cannot write to a terminal', (args) => {
  const { code, stderr } = run(...args);
  expect([code, stderr]).toEqual([2, expect.not.stringContaining('\u001b')]);
  expect(stderr).toMatch(/^tickward: /);
});

test.each([
  [['frobnicate'], 'tickward --help shows its commands'],
  [['alerts', '0193'], 'it has list, show, ack, close, reopen, stats; for one by its id: tickward alerts show 0193'],
  [['exception', 'ad'], 'it has add, list, remove'],
  [['alerts', 'show'], 'write tickward alerts show [options] <id>; --help shows more'],
  [['--only', 'remove', 'respond', '0193'], 'options of a command stand behind its name: tickward COMMAND --help shows them'],
  [['fleet', 'swep'], 'tickward fleet --help shows its commands'],
])('what commander refuses of %j is one line that says what to do', (args, hint) => {
  expect(run(...args).stderr).toMatch(new RegExp(`^tickward: [^\n]+ — ${hint.replaceAll(/[[\]]/g, '\\$&')}\n$`));
});

test('where no command is given there is its help, and with --json an error', () => {
  expect(run()).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('Commands:') });
  const { code, stdout } = run('rule', '--json');
  expect({ code, ...(JSON.parse(stdout) as object) }).toEqual({ code: 2, error: { code: 'USAGE', message: 'no command was given', hint: 'tickward --help shows them' } });
});

test('the hint before a fleet undo names a command that shows what it did', () => {
  expect(run('fleet', 'undo', '0193', '--inventory', '/nonexistent').stderr).toMatch(/ — see first what it did on which host: tickward fleet status 0193\n$/);
});

test.each([['respond', '--dry-run'], ['investigate']])('a unit in the place of an alert of %s is wrong usage, and how it is given is said', (...args) => {
  const { id, event } = withAlert('/etc/systemd/system/no-such.timer');
  expect(run(...args, event.file.path)).toMatchObject({ code: 2, stdout: '', stderr: `tickward: ${event.file.path} is no alert — a file is given with --file: --file ${event.file.path}\n` });
  expect(run('events', 'show', id).stderr).toContain(` — is it ${event.event.id}? `);
});

test('fleet export --json is one document with what it prints otherwise', () => {
  for (const kind of ['fleetdm', 'elastic']) expect(JSON.parse(run('fleet', 'export', kind, '--json').stdout)).toEqual({ kind, text: run('fleet', 'export', kind).stdout });
});

test('another engine than the socket that was named is said, and the rows stay data', () => {
  const { code, stdout, stderr } = run('query', '--socket', '/nonexistent.em', 'SELECT 1 AS a', '--json');
  expect({ code, stdout }).toEqual({ code: 0, stdout: '[{"a":"1"}]\n' });
  expect(stderr).toMatch(/osqueryd does not answer: there is no socket \/nonexistent\.em; \w+ is asked instead/);
});

describe('what is not there is exit code 1', () => {
  beforeEach(() => openStore(stateDir).close());

  test.each([
    [['investigate', 'nope'], /no alert nope/],
    [['respond', 'nope', '--yes'], /no alert nope/],
    [['undo', 'nope'], /no run nope/],
    [['runs', 'show', 'nope'], /no run nope/],
    [['events', 'show', 'nope'], /no event nope/],
    [['alerts', 'show', 'no\u001b[2Jpe'], /no alert no\\e\[2Jpe/],
    [['investigate', '--file', '/nonexistent.timer'], /no file \/nonexistent\.timer/],
    [['guide', 'render', '/nonexistent/guide.md'], /the guide \/nonexistent\/guide\.md cannot be read: there is no such file/],
    [['rule', 'test', '--rule', '/nonexistent/rule.toml'], /the rule \/nonexistent\/rule\.toml cannot be read: there is no such file/],
    [['guide', 'render', 'playbooks/systemd-timer-created/guide.md', '--alert', '/etc'], /the alert \/etc cannot be read: it is a directory/],
    [['rule', 'test', '--query', 'file where true', '/nonexistent.ndjson'], /cannot be read/],
    [['rule', 'test', '--query', 'file where true', '/etc'], /cannot be read: it is a directory/],
    [['query', '--engine', 'osqueryd', '--socket', '/nonexistent.em', 'SELECT 1'], /no socket \/nonexistent\.em/],
  ])('%j', (args, message) => {
    const { code, stderr } = run(...args);
    expect(stderr).toMatch(message);
    expect(code).toBe(1);
  });
});

describe('query', () => {
  test('prints what osqueryi --json prints', () => {
    const { code, stdout } = run('query', '--engine', 'embedded', '--json', "SELECT path, 1 AS one, NULL AS none FROM file WHERE path = '/etc/passwd'");
    expect({ code, rows: JSON.parse(stdout) as unknown }).toEqual({ code: 0, rows: [{ path: '/etc/passwd', one: '1', none: '' }] });
  });

  test('has the table of events', () => {
    withAlert('/etc/systemd/system/evil.timer');
    const { stdout } = run('query', '--engine', 'embedded', '--json', "SELECT path, executable, username, attribution FROM systemd_timer_events WHERE action = 'creation'");
    expect(JSON.parse(stdout)).toEqual([{ path: '/etc/systemd/system/evil.timer', executable: '/usr/bin/dash', username: 'root', attribution: 'proc' }]);
  });

  test('says that of two columns of one name only one has its value', () => {
    const { code, stdout, stderr } = run('query', '--engine', 'embedded', '--json', 'SELECT 1 AS a, 2 AS a');
    expect([code, JSON.parse(stdout)]).toEqual([0, [{ a: '2' }]]);
    expect(stderr).toContain('more than one column is called a, and each row has one value for it: give them names of their own with AS');
  });

  test('shows where SQL is wrong', () => {
    const { code, stderr } = run('query', '--engine', 'embedded', 'SELECT path FORM file');
    expect(stderr).toMatch(/line 1, column 18: near "file": syntax error\n {2}SELECT path FORM file\n {19}\^/);
    expect(code).toBe(1);
  });

  test('stops at its time', () => {
    const { code, stderr } = run('query', '--engine', 'embedded', '--timeout', '0.3', 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n');
    expect(stderr).toMatch(/0\.3 s/);
    expect(code).toBe(1);
  });
});

test('guide render gives the queries with their values as literals', () => {
  const alert = join(temporaryDirectory(), 'alert.json');
  writeFileSync(alert, JSON.stringify(fileEvent({ path: "/etc/systemd/system/a'b.timer", user: "x' OR 1=1 --" })));
  const { code, stdout } = tickward(['guide', 'render', 'playbooks/systemd-timer-created/guide.md', '--alert', alert, '--json']);
  const queries = JSON.parse(stdout) as { index: number; sql: string }[];
  expect(code).toBe(0);
  expect(Object.keys(queries[0] ?? {}).sort()).toEqual(['index', 'label', 'placeholders', 'repairs', 'skipped', 'sql']);
  expect(queries.map(({ sql }) => sql).join('\n')).toContain("'/etc/systemd/system/a''b.timer'");
});

test('investigate of a file that no sensor saw says so, and has the shape that scripts use', () => {
  const { code, stdout } = run('investigate', '--file', '/etc/passwd', '--engine', 'embedded', '--json');
  const result = JSON.parse(stdout) as { verdict: { level: string; reasons: string[] }; steps: { sql: string | null; error: string | null }[] };
  expect(result).toMatchObject({ alert: null, engine: 'embedded', verdict: { level: expect.stringMatching(/^(?:suspicious|unclear)$/) }, indicators: { paths: ['/etc/passwd'] } });
  expect(result.verdict.reasons.join()).toContain('the process that made the file is not known');
  expect(result.steps.filter((step) => step.sql !== null).length).toBeGreaterThanOrEqual(5);
  expect(result.steps.filter((step) => step.error !== null)).toEqual([]);
  for (const key of ['id', 'title', 'kind', 'sql', 'engine', 'rows', 'repairs', 'skipped', 'error', 'needs_person']) expect(Object.keys(result.steps[0] ?? {})).toContain(key);
  expect(code).toBe(3);
});

test('a file whose name is no UTF-8 is named as it is shown, and the guide finds it', () => {
  const directory = temporaryDirectory();
  const bytes = Buffer.concat([Buffer.from(`${directory}/hid`), Buffer.of(0xff), Buffer.from('.timer')]);
  const shown = `${directory}/hid\\xff.timer`;
  writeFileSync(bytes, 'x');
  const ofFile = JSON.parse(run('investigate', '--file', shown, '--step', '2', '--engine', 'embedded', '--json').stdout) as { steps: { rows: object[] }[]; indicators: object };
  expect(ofFile).toMatchObject({ steps: [{ rows: [{ path: shown, size: '1' }] }], indicators: { paths: [shown] } });
  // As a shell completes it.
  expect(JSON.parse(run('investigate', '--file', bytes.toString(), '--step', '2', '--engine', 'embedded', '--json').stdout)).toMatchObject({ indicators: { paths: [shown] } });
  const event = fileEvent({ path: bytes.toString() });
  const store = openStore(stateDir);
  store.events.append([{ ...event, tickward: { ...event.tickward, path_bytes: bytes.toString('base64') } }]);
  store.close();
  const ofEvent = JSON.parse(run('investigate', '--file', shown, '--step', '2', '--engine', 'embedded', '--json').stdout) as object;
  expect(ofEvent).toMatchObject({ event: { event: { id: event.event.id } }, steps: [{ rows: [{ path: shown, size: '1' }] }] });
  const sql = `SELECT path, filename FROM systemd_timer_events WHERE path = '${shown}'`;
  expect(JSON.parse(run('query', '--engine', 'embedded', '--json', sql).stdout)).toEqual([{ path: shown, filename: 'hid\\xff.timer' }]);
  unlinkSync(bytes);
  expect(JSON.parse(run('investigate', '--file', shown, '--step', '2', '--engine', 'embedded', '--json').stdout)).toMatchObject({ event: { event: { id: event.event.id } } });
});

test('respond --dry-run shows the plan in the shape that scripts use, and leaves no run', () => {
  const alert = withAlert('/etc/systemd/system/tickward-test-none.timer');
  const { stdout } = run('respond', alert.id, '--dry-run', '--only', 'remove', '--json');
  expect(JSON.parse(stdout)).toMatchObject({ run: null, playbook: 'systemd-timer-created', target: { path: '/etc/systemd/system/tickward-test-none.timer' }, dry_run: true, steps: [{ id: 'remove', action: 'remove_timer', state: expect.any(String), summary: expect.any(String), changes: expect.any(Array), undo: null }] });
  expect(run('runs', '--json').stdout).toBe('');
});

test('timers is one list with the columns of the contract', () => {
  const { code, stdout } = run('timers', '--json');
  const rows = JSON.parse(stdout) as object[];
  expect(code).toBe(0);
  for (const row of rows) expect(Object.keys(row).sort()).toEqual(['created', 'created_by', 'drop_ins', 'enabled', 'exec', 'last_run', 'masked', 'next_run', 'package', 'package_known', 'package_modified', 'path', 'persistent', 'run_as', 'schedule', 'scope', 'script_chain', 'service', 'service_path', 'state', 'transient', 'unit', 'user']);
});

test('doctor gives findings with what would mend them', () => {
  const { stdout, code } = run('doctor', '--json');
  const findings = JSON.parse(stdout) as { check: string; ok: boolean; found: string; fix: string | null }[];
  expect(findings.map(({ check }) => check)).toEqual(['node', 'rights', 'state directory', 'sensor', 'playbooks', 'engine osqueryd', 'engine osqueryi', 'engine embedded', 'systemd', 'service', 'nftables', 'osquery extension', 'osquery autoload']);
  expect(findings.filter(({ ok, fix }) => !ok && fix === null)).toEqual([]);
  expect(code).toBe(findings.every(({ ok }) => ok) ? 0 : 1);
});

test('a reader that goes away is no failure', () => {
  expect(execFileSync('/bin/sh', ['-c', `sh src/cli/tickward query --engine embedded "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 15000) SELECT i FROM n" | head -n 1`], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })).toMatch(/i/);
});

test.each([[['rule', 'list']], [['rule', 'list', '--json']]])('an output that cannot be written is a failure that is said: %j', (args) => {
  const { status, stderr } = spawnSync('/bin/sh', ['-c', 'exec sh src/cli/tickward "$@" > /dev/full', 'sh', ...args], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 1, stderr: 'tickward: the output cannot be written: ENOSPC: no space left on device, write — it is not whole: make room, or send it elsewhere\n' });
});
