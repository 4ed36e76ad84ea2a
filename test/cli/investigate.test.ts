/** `tickward investigate` as a person has it: questions on a terminal, tables that fit it, nothing that an attacker wrote moving anything. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { showStep } from '../../src/cli/investigation-output.ts';
import { createOutput } from '../../src/cli/output.ts';
import { emptyStep } from '../../src/investigate/guide-steps.ts';
import { hostIdentity } from '../../src/host/identity.ts';
import { openStore } from '../../src/store/index.ts';
import { fileEvent, temporaryDirectory } from '../helpers/events.ts';
import { collect } from '../helpers/host.ts';
import { terminal } from '../helpers/terminal.ts';
import { PROGRAM, tickward } from '../helpers/tickward.ts';

const DOWN = '\u001b[B';

function planted(): { args: string[]; root: string } {
  const root = temporaryDirectory();
  mkdirSync(join(root, 'units'));
  writeFileSync(join(root, 'units/x.timer'), '[Timer]\nOnCalendar=daily\n');
  writeFileSync(join(root, 'units/x.service'), '[Service]\nExecStart=/bin/true \u001b[2J\n');
  writeFileSync(join(root, 'guide.md'), '# Guide\n\n- Look at the timer. <!-- tickward answers: timer -->\n- Ask someone.\n- Ask someone else.\n- And once more.\n');
  return { root, args: ['investigate', '--file', join(root, 'units/x.timer'), '--guide', join(root, 'guide.md'), '--engine', 'embedded', '--state-dir', join(root, 'state')] };
}

test('what needs a person is asked, one question after the other, until no more is wanted', async () => {
  const { args } = planted();
  const person = terminal(['/bin/sh', PROGRAM, ...args]);
  await person.sees(/1\. Look at the timer\.\s+done \(done by timer\)/);
  await person.answer(/2\. Ask someone\.\s+for you to do[\s\S]*2: what did you find\?[\s\S]*not looked at[\s\S]*ask no more/, `${DOWN}${DOWN}\r`);
  await person.answer(/3: what did you find\?[\s\S]*ask no more/, `${DOWN}${DOWN}${DOWN}\r`);
  await person.sees(/4\. And once more\.\s+for you to do/);
  await person.sees(/Verdict: (?:highly-)?suspicious[\s\S]*a person found this suspicious: Ask someone\.[\s\S]*2 steps of the guide need a person/);
  expect(await person.ended).toBe(3);
});

test('without a terminal nothing is asked, and nothing of a unit reaches the terminal as it is', () => {
  const { args } = planted();
  const { code, stdout, stderr } = tickward(args);
  expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
  expect(stdout).toContain('\\e[2J');
  expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
});

test('it does not count itself, nor what started it, as a descendant of the shell from which it is started', async () => {
  const { root } = planted();
  const stateDir = join(root, 'state');
  const script = `read go; sleep 60 >/dev/null & timeout 60 /bin/sh '${PROGRAM}' investigate --file '${join(root, 'units/x.timer')}' --step processes --engine embedded --json --state-dir '${stateDir}'; kill $!`;
  const shell = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const told = fileEvent({ path: join(root, 'units/x.timer') });
  const store = openStore(stateDir);
  store.events.append([{ ...told, host: hostIdentity(), process: { pid: shell.pid ?? 0, name: 'sh' } }]);
  store.close();
  const output = collect(shell.stdout);
  shell.stdin.end('go\n');
  await once(shell, 'close');
  const { processes } = JSON.parse(output.text()) as { processes: { pid: number; role: string; command_line: string }[] };
  expect(processes.map(({ role, command_line }) => ({ role, command_line }))).toEqual([{ role: 'maker', command_line: expect.stringContaining('read go') }, { role: 'descendant', command_line: 'sleep 60' }]);
});

test('what an attacker wrote without end is shortened wherever it is told', () => {
  const { root } = planted();
  writeFileSync(join(root, 'units/x.timer'), `[Timer]\nOnCalendar=${'y'.repeat(100_000)}\n`);
  const { stdout } = tickward(['investigate', '--file', join(root, 'units/x.timer'), '--step', 'timer', '--engine', 'embedded', '--state-dir', join(root, 'state')]);
  expect(stdout).toMatch(/warning: .*yyy…/);
  const long = 'z'.repeat(100_000);
  const written: string[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  onTestFinished(() => write.mockRestore());
  const out = createOutput({ json: false, color: false });
  showStep({ out }, { ...emptyStep({ id: 'one', title: 'one', kind: 'query', section: '' }), repairs: [long], warnings: [long], error: long, signs: [{ id: 'x', weight: 'weak', text: long }] });
  write.mockRestore();
  const lines = [...stdout.split('\n'), ...written.join('').split('\n')];
  expect(lines.filter((line) => line.length > 600).map((line) => line.slice(0, 60))).toEqual([]);
});

test('the same as JSON has the shape that scripts use', () => {
  const { args } = planted();
  const found = JSON.parse(tickward([...args, '--json']).stdout) as { steps: Record<string, unknown>[] };
  expect(found).toMatchObject({ alert: null, engine: 'embedded', guide: { title: 'Guide', problems: [] }, verdict: { level: expect.any(String), reasons: expect.any(Array), signs: expect.any(Array), open: expect.any(Array) }, indicators: { urls: [], domains: [], addresses: [] }, timeline: expect.any(Array), processes: [], took_ms: expect.any(Number) });
  for (const step of found.steps) expect(Object.keys(step).toSorted()).toEqual(['answer', 'checks', 'columns', 'engine', 'error', 'id', 'kind', 'needs_person', 'repairs', 'rows', 'section', 'signs', 'skipped', 'sql', 'title', 'warnings']);
});

test('a file that is no timer is called none, and no service either; not so by a guide of one\'s own', () => {
  const { root, args } = planted();
  const found = (...more: string[]): string => tickward(['investigate', '--file', '/etc/passwd', '--engine', 'embedded', '--state-dir', join(root, 'state'), ...more]).stdout;
  const lines = found('--step', 'service').split('\n');
  expect(lines[0]).toBe('No timer, looked at by this guide: A systemd timer was created');
  expect(lines.join('\n')).toContain('skipped: the event is of no timer and of no service');
  expect(found('--step', '2', '--guide', join(root, 'guide.md')).split('\n')[0]).toBe('Guide');
  expect(tickward([...args.slice(0, 3), '--state-dir', join(root, 'state'), '--step', 'service', '--engine', 'embedded']).stdout.split('\n')[0]).toBe('A systemd timer was created');
});

test.each([[40, 40], [80, 80], [200, 200], [0, 80]])('tables and records fit a terminal of %i columns (0: one that does not say it) into %i', (columns, width) => {
  const lines: string[] = [];
  const own = process.stdout.columns;
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(...String(text).split('\n')) > 0);
  process.stdout.columns = columns;
  onTestFinished(() => {
    write.mockRestore();
    process.stdout.columns = own;
  });
  const names = ['path', 'how', 'from', 'kind', 'owner', 'mode', 'changed', 'made', 'package', 'sha256'];
  const row = Object.fromEntries(names.map((name) => [name, `${name} ${'x'.repeat(120)}`]));
  const out = createOutput({ json: false, color: false });
  showStep({ out }, { ...emptyStep({ id: 'chain', title: 'chain', kind: 'check', section: '' }), columns: names, rows: [row, row] });
  showStep({ out }, { ...emptyStep({ id: 'two', title: 'two', kind: 'check', section: '' }), columns: ['what', 'value'], rows: [{ what: 'a', value: 'x'.repeat(500) }] });
  write.mockRestore();
  expect(lines.length).toBeGreaterThan(8);
  expect(lines.filter((line) => line.length > width)).toEqual([]);
  expect(Math.max(...lines.map(({ length }) => length))).toBeGreaterThan(width / 2);
});

test.each([false, true])('the command for what comes next finds a file whose name cannot be printed; another that is called as it is shown is there: %s', (hasDecoy) => {
  const { root } = planted();
  const path = join(root, 'units/a\nb\u202e.timer');
  writeFileSync(path, '[Timer]\nOnCalendar=daily\n');
  if (hasDecoy) writeFileSync(join(root, String.raw`units/a\nb\u{202e}.timer`), '[Timer]\nOnCalendar=monthly\n');
  const state = ['--state-dir', join(root, 'state')];
  const { stdout } = tickward(['investigate', '--file', path, '--step', 'timer', '--engine', 'embedded', ...state]);
  const next = /^Next: tickward (.*)$/m.exec(stdout)?.[1] ?? '';
  const pasted = execFileSync('bash', ['-c', `printf '%s\\0' ${next}`], { encoding: 'utf8' }).split('\0');
  expect(pasted.slice(0, 3)).toEqual([...state, 'respond']);
  const found = JSON.parse(tickward(['investigate', ...pasted.slice(3, 5), '--step', 'timer', '--engine', 'embedded', '--json', ...state]).stdout) as { event: { file: { path: string } } };
  expect(found.event.file.path).toBe(path);
});

test('the command for what comes next can be pasted, whatever the file is called', () => {
  const { root } = planted();
  const path = join(root, "units/a'; echo PWNED; '.timer");
  writeFileSync(path, '[Timer]\nOnCalendar=daily\n');
  const { stdout } = tickward(['investigate', '--file', path, '--step', 'timer', '--engine', 'embedded', '--state-dir', join(root, 'state')]);
  const next = /^Next: tickward (.*)$/m.exec(stdout)?.[1] ?? '';
  expect(execFileSync('/bin/sh', ['-c', `printf '%s\\n' ${next}`], { encoding: 'utf8' })).toBe(`--state-dir\n${join(root, 'state')}\nrespond\n--file\n${path}\n--dry-run\n`);
});
