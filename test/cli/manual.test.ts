/** Man page, references and completions: made from the code, current, and right for who reads them. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe as group, expect, test } from 'vitest';
import { actions } from '../../src/actions/index.ts';
import { createProgram } from '../../src/cli/main.ts';
import { completion, SHELLS } from '../../src/cli/manual/completion.ts';
import { manPage } from '../../src/cli/manual/man.ts';
import { describe, flat, type CommandText } from '../../src/cli/manual/model.ts';
import { DOCS, generatedDocs } from '../../src/cli/manual/write.ts';
import { tables } from '../../src/sql/tables/index.ts';
import { has } from '../helpers/needs.ts';
import { tickward } from '../helpers/tickward.ts';

let program: CommandText;
beforeAll(async () => {
  program = describe(await createProgram([]));
});

/** Shells put things there. */
const HOME = mkdtempSync(join(tmpdir(), 'tickward-manual-'));
afterAll(() => rmSync(HOME, { recursive: true }));

const sh = (argv: readonly [string, ...string[]], input: string): { status: number | null; stdout: string; stderr: string } => spawnSync(argv[0], argv.slice(1), { input, encoding: 'utf8', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME, LC_ALL: 'C.UTF-8' } });

group('docs/', () => {
  test('has what the code says now (npm run gen:docs)', async () => {
    const now = Object.fromEntries(await generatedDocs());
    const there = Object.fromEntries(Object.keys(now).map((name) => [name, readFileSync(join(DOCS, name), 'utf8')]));
    expect(there).toEqual(now);
  });

  test('names every command, action and table', async () => {
    const docs = await generatedDocs();
    for (const { path } of flat(program).slice(1)) expect(docs.get('reference-commands.md')).toContain(`\n## tickward ${path.join(' ')}\n`);
    for (const { name } of actions) expect(docs.get('reference-actions.md')).toContain(`\n## ${name}\n`);
    for (const { name } of [...tables, { name: 'systemd_timer_events' }]) expect(docs.get('reference-tables.md')).toContain(`\n### ${name}\n`);
  });
});

group('the man page', () => {
  test.skipIf(!has('man'))('formats without a warning', () => {
    const formatted = sh(['man', '--warnings', '--local-file', '-'], readFileSync(join(DOCS, 'tickward.1'), 'utf8'));
    expect(formatted).toMatchObject({ status: 0, stderr: '' });
    expect(formatted.stdout).toContain('tickward investigate [options] [alert]');
  });

  test.skipIf(!has('mandoc'))('is what mandoc takes for right, but for its date', () => {
    const found = sh(['mandoc', '-T', 'lint', '-W', 'warning'], readFileSync(join(DOCS, 'tickward.1'), 'utf8')).stdout.split('\n').filter((line) => line !== '' && !line.includes('missing date'));
    expect(found).toEqual([]);
  });

  test('takes nothing that a command says for a request', () => {
    const page = manPage({ path: [], summary: '.so /etc/shadow', usage: 'x', values: [], options: [], passages: [{ lines: ["'br", 'C:\\n[x]'] }], commands: [] }, '1');
    expect(page).toContain('\\&.so /etc/shadow\n');
    expect(page).toContain("\\&'br\n");
    expect(page).toContain('C:\\en[x]\n');
  });
});

group('completions', () => {
  const inBash = (...words: string[]): string[] => sh(['bash', '-c', `${completion('bash', program)}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tickward; printf '%s\\n' "\${COMPREPLY[@]}"`, 'bash', 'tickward', ...words], '').stdout.split('\n').filter(Boolean);

  test.for(SHELLS)('parse in %s', (shell, { skip }) => {
    if (!has(shell)) skip(`${shell} is not installed`);
    expect(sh(['sh', '-c', 'cat | "$1" -n /dev/stdin', 'sh', shell], completion(shell, program))).toMatchObject({ status: 0, stderr: '' });
  });

  test('give commands, options of the command and of all, and the values of an option', () => {
    expect(inBash('inv')).toEqual(['investigate']);
    expect(inBash('alerts', 'st')).toEqual(['stats']);
    expect(inBash('--state-dir', '/tmp', 'alerts', 'list', '--sup')).toEqual(['--suppressed']);
    expect(inBash('query', '--state')).toEqual(['--state-dir']);
    expect(inBash('query', '--engine', 'os')).toEqual(['osqueryd', 'osqueryi']);
    expect(inBash('alerts', 'list', '--status', '')).toEqual(['open', 'acknowledged', 'closed']);
    expect(inBash('query', '--config', '')).toEqual([]);
    expect(inBash('fleet', 'export', 'flee')).toEqual(['fleetdm', 'fleetdm-script']);
    // What Ansible's module calls is for nobody else.
    expect(inBash('fleet', '')).not.toContain('task');
  });

  test('give the same in fish, with what each is for', ({ skip }) => {
    if (!has('fish')) skip('fish is not installed');
    const inFish = (line: string): string[] => sh(['fish', '-c', `${completion('fish', program)}\ncomplete -C ${JSON.stringify(line)}`], '').stdout.split('\n').filter(Boolean);
    expect(inFish('tickward inv')).toEqual([`investigate\t${flat(program).find(({ path }) => path[0] === 'investigate')?.summary}`]);
    expect(inFish('tickward query --engine os').map((line) => line.split('\t')[0])).toEqual(['osqueryd', 'osqueryi']);
  });

  test('are printed by the program', () => {
    expect(tickward(['completion', 'bash'])).toMatchObject({ code: 0, stdout: completion('bash', program), stderr: '' });
    expect(tickward(['completion', 'tcsh'])).toMatchObject({ code: 2 });
  });
});
