import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TickwardError } from '../../src/model/errors.ts';
import { checkPlaybook, parsePlaybook } from '../../src/respond/playbook.ts';
import { problemOfWhen } from '../../src/respond/condition.ts';
import { fieldOf, fillIn } from '../../src/respond/findings.ts';
import { targetOf } from '../../src/respond/target.ts';
import { eventOf } from '../helpers/response.ts';

const PLAYBOOKS = join(import.meta.dirname, '../../playbooks');

const GOOD = `name: test
title: A test
steps:
  - id: cut
    kind: action
    title: Cut
    action: isolate
    params:
      seconds: 60
    default: yes
  - id: look
    kind: human
    title: Look
    text: Look around.
`;

function errorOf(text: string): TickwardError {
  try {
    parsePlaybook(text, 'response.yaml');
  } catch (error) {
    if (error instanceof TickwardError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

test.each(readdirSync(PLAYBOOKS))('the response of %s is right and names its own folder', (name) => {
  expect(parsePlaybook(readFileSync(join(PLAYBOOKS, name, 'response.yaml'), 'utf8')).name).toBe(name);
});

test('the shipped response has an action or a person for every part of a remediation, and nothing that destroys is offered with yes', () => {
  const { steps } = parsePlaybook(readFileSync(join(PLAYBOOKS, 'systemd-timer-created', 'response.yaml'), 'utf8'));
  expect(steps.map((step) => step.id)).toEqual(['case', 'isolate', 'contain', 'evidence', 'stop-process', 'remove', 'block-here', 'block-indicators', 'other-hosts', 'sweep', 'backdoors', 'lock-account', 'credentials', 'scan-traces', 'malware-scan', 'entry', 'lessons']);
  expect(steps.flatMap((step) => (step.kind === 'action' ? [[step.action, step.default]] : []))).toEqual(['isolate', 'collect_evidence', 'kill_process', 'remove_timer', 'block_ioc', 'sweep_local', 'lock_account', 'scan'].map((action) => [action, 'no']));
});

test('defaults are filled in', () => {
  const [cut, look] = parsePlaybook(GOOD).steps;
  expect(cut).toEqual({ id: 'cut', kind: 'action', title: 'Cut', action: 'isolate', params: { seconds: 60 }, default: 'yes', optional: false, needs: [], questions: [] });
  expect(look).toEqual({ id: 'look', kind: 'human', title: 'Look', text: 'Look around.', optional: false, needs: [], questions: [] });
});

describe('what is wrong is shown with its place', () => {
  test.each([
    ['a syntax error', GOOD.replace('title: A test', 'title: A: test'), /no YAML/, 2],
    ['a key that there is not', GOOD.replace('default: yes', 'defualt: yes'), /steps\[1\]\.defualt: no such key/, 10],
    ['a key twice', GOOD.replace('    title: Cut\n', '    title: Cut\n    title: Cut\n'), /no YAML: Map keys must be unique/, 7],
    ['an unknown action', GOOD.replace('action: isolate', 'action: explode'), /there is no action explode/, 7],
    ['an unknown kind', GOOD.replace('kind: human', 'kind: robot'), /steps\[2\]\.kind/, 12],
    ['an id twice', GOOD.replace('id: look', 'id: cut'), /there is another step cut/, 11],
    ['an id with a blank', GOOD.replace('id: look', 'id: look around'), /small letters/, 11],
    ['a parameter of the wrong type', GOOD.replace('seconds: 60', 'seconds: long'), /params\.seconds: .*number/, 9],
    ['a parameter that the action has not', GOOD.replace('seconds: 60', 'hours: 1'), /params\.hours: no such key/, 9],
    ['a parameter that the action has not, as a placeholder', GOOD.replace('seconds: 60', 'hours: "{{event.id}}"'), /params\.hours: no such key/, 9],
    ['a placeholder inside of a text', GOOD.replace('seconds: 60', 'seconds: "6{{process.pid}}"'), /a placeholder is a whole value/, 9],
    ['a condition that is no EQL', GOOD.replace('    text: Look around.', '    text: Look around.\n    when: file.path = "x"'), /steps\[2\]\.when: this is no condition in EQL: a lone = is no operator/, 15],
    ['a condition over a field that there is not', GOOD.replace('    text: Look around.', '    text: Look around.\n    when: verdict.lvl == "x"'), /there is no field verdict\.lvl/, 15],
    ['a condition over a field that only JavaScript has', GOOD.replace('    text: Look around.', '    text: Look around.\n    when: constructor.name == "x"'), /there is no field constructor\.name/, 15],
    ['a condition over the prototype', GOOD.replace('    text: Look around.', '    text: Look around.\n    when: __proto__.x == 1'), /there is no field __proto__\.x/, 15],
    ['a placeholder for a field that only JavaScript has', GOOD.replace('seconds: 60', 'seconds: "{{constructor.length}}"'), /there is no field constructor\.length/, 9],
    ['a condition over a question that nobody asks before', GOOD.replace('    text: Look around.', '    text: Look around.\n    when: answers.cut.why == "x"'), /no earlier step asks cut\.why/, 15],
    ['a need for a later step', GOOD.replace('    default: yes', '    default: yes\n    needs: [look]'), /needs\[1\]: there is no earlier step look/, 11],
    ['a choice without choices', GOOD.replace('    text: Look around.', '    text: Look around.\n    questions:\n      - {id: a, ask: A, kind: choice}'), /a choice needs its choices/, 16],
    ['a question twice', GOOD.replace('    text: Look around.', '    text: Look around.\n    questions:\n      - {id: a, ask: A}\n      - {id: a, ask: B}'), /there is another question a/, 17],
    ['a placeholder for a field that there is not', GOOD.replace('seconds: 60', 'seconds: "{{verdict.seconds}}"'), /there is no field verdict\.seconds/, 9],
    ['an unknown severity', GOOD.replace('    default: yes', '    default: yes\n    severity: dire'), /steps\[1\]\.severity/, 11],
    ['an unknown word for a failure', GOOD.replace('    default: yes', '    default: yes\n    on_failure: panic'), /steps\[1\]\.on_failure/, 11],
    ['no steps', 'name: test\ntitle: A test\n', /steps: /, 1],
    ['nothing', '', /it: /, 1],
    ['aliases that grow without bound', `name: test\ntitle: A test\na: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c]\n`, /alias/i, 1],
  ])('%s', (_what, text, message, line) => {
    const error = errorOf(text);
    expect(error).toMatchObject({ code: 'BAD_INPUT', message: expect.stringMatching(message), place: { file: 'response.yaml', line } });
    const [shown = '', caret = ''] = error.place!.excerpt.split('\n');
    expect(caret).toMatch(/^ *\^$/);
    expect(shown).toBe(text.split('\n')[line - 1]);
  });

  test('any text is either taken or refused with a place', () => {
    const broken = fc.tuple(fc.nat(GOOD.length), fc.string({ maxLength: 6 })).map(([at, more]) => GOOD.slice(0, at) + more + GOOD.slice(at + more.length));
    const outcome = (text: string): unknown => {
      try {
        return parsePlaybook(text).name;
      } catch (error) {
        return error;
      }
    };
    const refused = expect.objectContaining({ code: 'BAD_INPUT', place: expect.objectContaining({ line: expect.any(Number), column: expect.any(Number) }) });
    fc.assert(fc.property(fc.oneof(broken, fc.string()), (text) => {
      expect([outcome(text)]).toEqual([expect.toBeOneOf([refused, expect.any(String)])]);
    }));
  });
});

test('of what is no YAML every line is shown at once, in the order of the text', () => {
  const text = GOOD.replace('title: A test', 'title: A: test').replace('    title: Cut\n', '    title: Cut\n    title: Cut\n').replace('    text: Look around.', '    text: "Look around.');
  const found = checkPlaybook(text);
  expect(found.map(({ place }) => place?.line)).toEqual([2, 7, 16]);
  expect(found.every(({ message }) => message.startsWith('the response is no YAML: '))).toBe(true);
});

test('everything that is wrong is shown at once, and a condition with the very place in it', () => {
  const text = GOOD.replace('action: isolate', 'action: explode').replace('    text: Look around.', '    text: Look around.\n    when: "event.action == 7 and nothing.here == 1"\n    needs: [later]');
  expect(checkPlaybook(text).map(({ place }) => [place?.line, place?.column])).toEqual([[7, 13], [15, 34], [16, 13]]);
  expect(checkPlaybook(GOOD)).toEqual([]);
});

test.each<[what: string, when: string, place: [line: number, column: number]]>([
  ['as it stands', 'file.path = "x"', [15, 21]],
  ['at its beginning', '= "x"', [15, 11]],
  ['in quotes', '"file.path = 1"', [15, 22]],
  ['in a block, whose beginning is shown', '|\n      file.path == "x"\n      and process.pid = 1', [15, 11]],
])('where a condition stops to be EQL: %s', (_what, when, place) => {
  const text = GOOD.replace('    text: Look around.', `    text: Look around.\n    when: ${when}`);
  expect(checkPlaybook(text).map((problem) => [problem.place?.line, problem.place?.column])).toEqual([place]);
});

test('also on a later line of it', () => {
  const when = 'file.path == "x"\nand process.pid = 1';
  expect(problemOfWhen(when)).toMatchObject({ offset: when.lastIndexOf('=') });
});

describe('placeholders', () => {
  test('stand for the value of the event as it is typed there', () => {
    const event = eventOf('/etc/systemd/system/a.timer', { pid: 7, args: ['a', 'b'] });
    expect(fillIn({ pid: '{{process.pid}}', args: '{{ process.args }}', missing: '{{process.start}}', object: '{{process}}', plain: 'x' }, event)).toEqual({ pid: 7, args: ['a', 'b'], plain: 'x' });
  });

  test('stand for lists of plain values, and for no others', () => {
    expect(fillIn({ plain: '{{a.list}}', odd: '{{a.mixed}}' }, { a: { list: ['x', [7]], mixed: ['x', {}] } })).toEqual({ plain: ['x', [7]] });
  });

  test('never reach what an event only inherits', () => {
    expect(fillIn({ a: '{{constructor.name}}', b: '{{file.path.length}}' }, eventOf('/a'))).toEqual({});
  });

  test('are found only as whole values', () => {
    expect([fieldOf('{{@timestamp}}'), fieldOf('{{file.Ext.original.path}}'), fieldOf('x{{a}}'), fieldOf('{{a}}{{b}}'), fieldOf('{{a b}}'), fieldOf(7)]).toEqual(['@timestamp', 'file.Ext.original.path', undefined, undefined, undefined, undefined]);
  });

  test('a value with braces of its own is not filled in again', () => {
    expect(fillIn({ executable: '{{process.executable}}' }, eventOf('/a', { pid: 1, executable: '{{file.path}}' }))).toEqual({ executable: '{{file.path}}' });
  });
});

describe('the target', () => {
  const directories = [
    { path: '/etc/systemd/system', scope: 'system' as const, kind: 'units' as const },
    { path: '/home/alice/.config/systemd/user', scope: 'user' as const, kind: 'units' as const, user: 'alice' },
  ];

  test('of a file in a home is the manager of that home, whoever wrote it', () => {
    expect(targetOf(eventOf('/home/alice/.config/systemd/user/a.timer'), { directories })).toMatchObject({ scope: 'user', user: 'alice', unit: 'a.timer' });
  });

  test('of a file of the system has no user', () => {
    expect(targetOf(eventOf('/etc/systemd/system/a.timer', { pid: 5, start: '2026-01-01T00:00:00.000Z' }), { directories })).toEqual({ path: '/etc/systemd/system/a.timer', unit: 'a.timer', scope: 'system', process: { pid: 5, start: '2026-01-01T00:00:00.000Z' } });
  });
});
