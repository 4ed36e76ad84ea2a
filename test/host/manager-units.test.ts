/** What is asked of a manager, and what is made of its answers. */
import { expect, test } from 'vitest';
import { askForUnits, type Answer, type Call } from '../../src/host/manager-units.ts';
import { slowFileOf, type SlowFiles } from '../../src/host/slow-units.ts';

const NOTHING_SLOW: SlowFiles = { units: new Map() };

function unit(id: string, load = 'loaded', active = 'active', description = 'x'): unknown[] {
  return [id, description, load, active, 'sub', '', `/org/${id}`, 0, '', '/'];
}

function listOf(...units: unknown[][]): string {
  return JSON.stringify({ type: 'a(ssssssouso)', data: [units] });
}

/** `answer` stands for the manager. */
function ask(answer: (call: Call) => Answer, { slow = NOTHING_SLOW, isDear = false }: { slow?: SlowFiles; isDear?: boolean } = {}): { calls: string[]; blocks: string[]; notes: string[] } {
  const calls: string[] = [];
  const asking = askForUnits('*', ['-p', 'Id,User'], slow, isDear);
  let step = asking.next();
  while (step.done !== true) {
    const { program, args } = step.value;
    calls.push(program === 'busctl' ? 'list' : args.slice(args.indexOf('--') + 1).join(' '));
    step = asking.next(answer(step.value));
  }
  return { calls, ...step.value };
}

const shown = ({ args }: Call): Answer => ({ stdout: args.slice(args.indexOf('--') + 1).map((id) => `Id=${id}\nUser=u`).join('\n\n') });
const manager = (...units: unknown[][]) => (call: Call): Answer => (call.program === 'busctl' ? { stdout: listOf(...units) } : shown(call));

test('what is not there is not asked for', () => {
  const { calls, blocks, notes } = ask(manager(unit('a.service'), unit('b.timer', 'not-found', 'inactive', 'one\ntwo'), unit('c.service', 'not-found')));
  expect(calls).toEqual(['list', 'a.service c.service']);
  expect(blocks).toEqual(['Id=a.service\nUser=u', 'Id=b.timer\nDescription=[unprintable]\nLoadState=not-found\nActiveState=inactive\nSubState=sub\nFollowing=', 'Id=c.service\nUser=u']);
  expect(notes).toEqual([]);
});

test('of what is slow to read only the state is known, and the file is said', () => {
  const slow = { units: new Map([['a.service', '/etc/a.service'], ['t@.service', '/etc/t@.service']]) };
  const { calls, blocks, notes } = ask(manager(unit('a.service'), unit('b.service'), unit('t@x-y.service')), { slow });
  expect(calls).toEqual(['list', 'b.service']);
  expect(blocks[0]).toContain('ActiveState=active');
  expect(notes).toEqual([expect.stringContaining('of 2 of 3 units')]);
  expect(notes[0]).toContain('/etc/a.service, /etc/t@.service');
  expect(slowFileOf('other.service', { ...slow, preset: '/etc/p' })).toBe('/etc/p');
});

test('what there was no time for is known by its state, and its number is said', () => {
  const many = Array.from({ length: 250 }, (_, index) => unit(`u${index}.service`));
  let shows = 0;
  const { calls, blocks, notes } = ask((call) => (call.program === 'busctl' ? { stdout: listOf(...many) } : { ...shown(call), isLast: (shows += 1) === 2 }));
  expect([calls.length, blocks.length]).toEqual([3, 250]);
  expect(blocks[249]).toContain('LoadState=loaded');
  expect(notes).toEqual([expect.stringContaining('of 50 of 250 units only their state is known')]);
});

test('without a list all is asked at once, but not where the manager was too slow for one', () => {
  const shows = { stdout: 'Id=a.service\n\nId=b.service\n' };
  for (const stdout of ['', 'no JSON', '{"data":[[[1]]]}', '{"data":[{}]}', listOf([...unit('a.service').slice(0, 3), {}])]) expect(ask(({ program }) => (program === 'busctl' ? { stdout } : shows))).toEqual({ calls: ['list', '*'], blocks: ['Id=a.service', 'Id=b.service\n'], notes: [] });
  expect(ask(() => ({ stdout: '', isLast: true }))).toEqual({ calls: ['list'], blocks: [], notes: [] });
});

test('where a call is dear there is one, unless something is slow to read', () => {
  expect(ask(manager(unit('a.service')), { isDear: true }).calls).toEqual(['*']);
  expect(ask(manager(unit('a.service')), { isDear: true, slow: { units: new Map([['b.service', '/etc/b.service']]) } }).calls).toEqual(['list', 'a.service']);
});
