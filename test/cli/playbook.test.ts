/** `tickward playbook`, as those who write one use it. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { actions } from '../../src/actions/index.ts';
import { PLAYBOOKS } from '../../src/playbooks/files.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { jsonLines } from '../helpers/lines.ts';
import { tickward } from '../helpers/tickward.ts';

interface Checked {
  file: string;
  ok: boolean;
  errors: { message: string; place: { line: number; column: number } | null }[];
}

test('list has every folder that is installed', () => {
  expect(jsonLines<{ name: string; steps: object[] }>(tickward(['playbook', 'list', '--json']).stdout).map(({ name }) => name)).toEqual(readdirSync(PLAYBOOKS).sort());
  expect(tickward(['playbook']).stdout).toContain('A systemd timer that should not be there');
});

test('actions says of each action of the list what it needs and takes, an example and how it is undone', () => {
  const found = jsonLines<{ name: string; needs: string[]; params: Record<string, object>; example: string; undo: string }>(tickward(['playbook', 'actions', '--json']).stdout);
  expect(found.map(({ name, needs, example, undo }) => ({ name, needs, example, undo }))).toEqual(actions.map(({ name, needs, example, reversible }) => ({ name, needs, example, undo: reversible })));
  expect(found.find(({ name }) => name === 'remove_timer')?.params).toMatchObject({ keep_service: { type: 'boolean', default: false } });
  const { stdout } = tickward(['playbook', 'actions']);
  for (const { name, summary, example, reversible } of actions) for (const text of [name, summary, reversible, ...example.split('\n')]) expect(stdout).toContain(text);
});

test('every installed playbook is right', () => {
  const { stdout, code } = tickward(['playbook', 'check', '--json', ...readdirSync(PLAYBOOKS).map((name) => join(PLAYBOOKS, name))]);
  expect(jsonLines<Checked>(stdout).filter(({ ok }) => !ok)).toEqual([]);
  expect(code).toBe(0);
});

test('check shows all that is wrong, with line, column and caret', () => {
  const file = join(temporaryDirectory(), 'response.yaml');
  writeFileSync(file, 'name: x\ntitle: X\nsteps:\n  - {id: a, kind: action, title: A, action: reboot_all}\n  - {id: b, kind: human, title: B, text: B, when: nothing.here == 1}\n');
  const { stdout, code } = tickward(['playbook', 'check', file, '--json']);
  expect([code, jsonLines<Checked>(stdout)[0]?.errors.map(({ message, place }) => [message, place?.line, place?.column])]).toEqual([1, [
    ['the response is not right: steps[1].action: there is no action reboot_all', 4, 45],
    ['the response is not right: steps[2].when: there is no field nothing.here: tickward playbook fields lists them', 5, 51],
  ]]);
  const { stdout: text } = tickward(['playbook', 'check', file]);
  expect(text).toContain(`${file}, line 4, column 45: the response is not right`);
  expect(text).toMatch(/\n {2}\s+\^\n/);
  // What is good for all of them once.
  expect(text.match(/tickward playbook actions/g)).toHaveLength(1);
});

test('check shows what the schema refuses and what only the rest of the checks see at once, in the order of the text', () => {
  const file = join(temporaryDirectory(), 'response.yaml');
  writeFileSync(file, `name: X
titel: X
more: 1
steps:
  - {id: a, kind: actoin, titel: A, action: reboot_all, when: nothing.here == 1}
  - {id: a, kind: human, title: B, when: verdict.level ==, colour: red}
  - {id: c, kind: action, title: C, action: isolate, params: {second: 3, dns: '{{nope.field}}'}, needs: [z], optional: maybe}
  - 7
  - {id: d, kind: human, title: D, text: T, needs: [a, c], when: answers.c.x == 1, questions: [{id: q, ask: Q, kind: choice, size: 3}]}
  - {id: e, kind: human, title: E, text: T, when: answers.d.q == "x"}
`);
  const [checked] = jsonLines<Checked>(tickward(['playbook', 'check', file, '--json']).stdout);
  expect(checked?.errors.map(({ message, place }) => `${place?.line} ${message.replace('the response is not right: ', '')}`)).toEqual([
    '1 title: Invalid input: expected string, received undefined',
    '1 name: a name is of small letters, digits and dashes',
    '2 titel: no such key',
    '3 more: no such key',
    '5 steps[1].title: Invalid input: expected string, received undefined',
    expect.stringMatching(/^5 steps\[1\]\.kind: .*'action' \| 'human'/),
    '5 steps[1].titel: no such key',
    '5 steps[1].action: there is no action reboot_all',
    expect.stringMatching(/^5 steps\[1\]\.when: there is no field nothing\.here/),
    '6 steps[2].text: Invalid input: expected string, received undefined',
    '6 steps[2].id: there is another step a',
    expect.stringMatching(/^6 steps\[2\]\.when: this is no condition in EQL/),
    '6 steps[2].colour: no such key',
    '7 steps[3].params.second: no such key',
    expect.stringMatching(/^7 steps\[3\]\.params\.dns: there is no field nope\.field/),
    '7 steps[3].needs[1]: there is no earlier step z',
    '7 steps[3].optional: Invalid input: expected boolean, received string',
    '8 steps[4]: Invalid input: expected object, received number',
    '9 steps[5].when: no earlier step asks c.x',
    '9 steps[5].questions[1].size: no such key',
  ]);
});

test.each([
  ['nested without bound', '['.repeat(100_000)],
  ['binary', '\u0000\u0001\u001b[2J'],
  ['a document of another kind', '- 1\n- 2\n'],
  ['two documents', 'name: x\n---\nname: y\n'],
])('check takes what is %s for what it is', (_what, text) => {
  const file = join(temporaryDirectory(), 'response.yaml');
  writeFileSync(file, text);
  const { stdout, stderr, code } = tickward(['playbook', 'check', file]);
  expect([code, stderr]).toEqual([1, '']);
  expect(stdout).toMatch(/^\S+response\.yaml, line 1|line \d+, column \d+: /);
  expect(stdout).not.toContain('\u001b');
});

test('check says what is not there', () => {
  expect(tickward(['playbook', 'check', '/nowhere/response.yaml'])).toMatchObject({ code: 1, stdout: expect.stringContaining('there is no such file') });
});

test('new makes a folder that is right, and that respond takes by its path', () => {
  const directory = join(temporaryDirectory(), 'not/yet/there');
  expect(tickward(['playbook', 'new', 'mine', '--dir', directory])).toMatchObject({ code: 0, stderr: '' });
  const folder = join(directory, 'mine');
  expect(tickward(['playbook', 'check', folder])).toMatchObject({ code: 0, stdout: `${folder}: right\n` });
  expect(tickward(['rule', 'test', '--rule', join(folder, 'rule.toml'), '-'], { input: '{"event":{"category":["file"],"action":"creation"},"file":{"path":"/etc/systemd/system/x.timer","extension":"timer"}}\n' }).stdout).toContain('"match":true');
  const unit = join(directory, 'x.timer');
  writeFileSync(unit, '[Timer]\n');
  const dry = tickward(['respond', '--file', unit, '--playbook', folder, '--dry-run', '--json', '--state-dir', join(directory, 'state'), '--answer', 'case.attack=no']);
  expect(JSON.parse(dry.stdout)).toMatchObject({ playbook: 'mine', steps: [{ id: 'case', state: 'needs-person', answers: { attack: false } }, { id: 'remove', state: 'skipped-because' }, { id: 'lessons' }] });
  expect(tickward(['playbook', 'new', 'mine', '--dir', directory])).toMatchObject({ code: 1, stderr: expect.stringContaining('it is there already') });
  expect(tickward(['playbook', 'new', '../mine'])).toMatchObject({ code: 2 });
  expect(readFileSync(join(folder, 'response.yaml'), 'utf8')).toContain('name: mine');
});

test('a new folder is never written through a link that stands in its way', () => {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'mine'));
  expect(tickward(['playbook', 'new', 'mine', '--dir', directory]).code).toBe(1);
  expect(readdirSync(join(directory, 'mine'))).toEqual([]);
});

test('the schema is one for editors, and the fields are those of conditions', () => {
  expect(JSON.parse(tickward(['playbook', 'schema']).stdout)).toMatchObject({ type: 'object', required: ['name', 'title', 'steps'] });
  expect(jsonLines<{ field: string }>(tickward(['playbook', 'fields', '--json']).stdout).map(({ field }) => field)).toContain('verdict.level');
});

test.each([
  [['--answer', 'case.nothing=x'], /does not ask case\.nothing/],
  [['--answer', 'case.severity=dire'], /no answer to case\.severity[^\n]*low, medium, high, critical/],
  [['--answer', 'case.malware=maybe'], /it takes yes or no/],
  [['--severity', 'dire'], /there is no severity dire/],
  [['--playbook', 'nope'], /there is no playbook nope/],
  [['--resume', 'x'], /--file does not go with it/],
])('respond %j is refused with what there is', (args, message) => {
  const directory = temporaryDirectory();
  const unit = join(directory, 'x.timer');
  writeFileSync(unit, '[Timer]\n');
  const { code, stderr, stdout } = tickward(['respond', '--file', unit, '--dry-run', '--state-dir', join(directory, 'state'), ...args]);
  expect([stdout, stderr]).toEqual(['', expect.stringMatching(message)]);
  expect(code).toBe(args.includes('nope') ? 1 : 2);
});
