import { describe, expect, test } from 'vitest';
import { emptyStep } from '../../src/investigate/guide-steps.ts';
import type { InvestigatedStep, Sign, Weight } from '../../src/investigate/result.ts';
import { ALL_PACKAGED, hasFindings, isLeft, verdictOf } from '../../src/investigate/verdict.ts';
import { fileEvent } from '../helpers/events.ts';

const event = fileEvent();
const sign = (weight: Weight, text: string = weight, id = 'x'): Sign => ({ id, weight, text });
const check = (id: string, signs: Sign[], more: Partial<InvestigatedStep> = {}): InvestigatedStep => ({ ...emptyStep({ id, title: id, kind: 'check', section: '' }), signs, ...more });
const task = (more: Partial<InvestigatedStep> = {}): InvestigatedStep => ({ ...emptyStep({ id: '1', title: 'look', kind: 'task', section: '' }), needs_person: 'look', ...more });

test.each([
  [{ working_directory: '/tmp' }, ['it ran in /tmp, where everyone may write']],
  [{ working_directory: '/tmp/review' }, ['it ran below /tmp, where everyone may write: /tmp/review']],
  [{ executable: '/dev/shm/.x/run' }, ['the program that made it lies below /dev/shm, where everyone may write: /dev/shm/.x/run']],
  [{ working_directory: '/tmpfiles', executable: '/usr/bin/dash' }, []],
  [{ command_line: 'sh -c curl x | sh' }, ['its command line fetches from or talks to the network, or decodes']],
])('of a process with %j the verdict says %j', (process, reasons) => {
  expect(verdictOf({ ...event, process: { pid: 1, executable: '/usr/bin/dash', ...process } }, []).reasons).toEqual(reasons);
});

test('anyone may write a file of mode 0777; of a symlink, which always has it, that is not said', () => {
  const of = (type: 'file' | 'symlink'): string[] => verdictOf({ ...event, file: { ...event.file, type, mode: '0777' } }, []).reasons;
  expect([of('file'), of('symlink')]).toEqual([['anyone may write the file (mode 0777)'], []]);
});

describe('the level', () => {
  const packaged = sign('harmless', 'all of packages', ALL_PACKAGED);

  test.each<[string, InvestigatedStep[], string]>([
    ['nothing at all', [], 'unclear'],
    ['one weak sign', [check('a', [sign('weak')])], 'unclear'],
    ['two weak signs', [check('a', [sign('weak', 'one'), sign('weak', 'two')])], 'suspicious'],
    ['a strong sign', [check('a', [sign('strong')])], 'suspicious'],
    ['two strong signs of one check', [check('a', [sign('strong', 'one'), sign('strong', 'two')])], 'suspicious'],
    ['strong signs of two checks', [check('a', [sign('strong', 'one')]), check('b', [sign('strong', 'two')])], 'highly-suspicious'],
    ['the same said twice', [check('a', [sign('strong')]), check('b', [sign('strong')])], 'suspicious'],
    ['a harmless sign alone', [check('a', [sign('harmless')])], 'unclear'],
    ['everything from packages', [check('a', [packaged])], 'explained'],
    ['everything from packages, and a weak sign', [check('a', [packaged, sign('weak')])], 'unclear'],
    ['everything from packages, and a strong sign', [check('a', [packaged, sign('strong')])], 'suspicious'],
    ['everything from packages, but a check failed', [check('a', [packaged]), check('b', [], { error: 'no' })], 'unclear'],
    ['a person who found something', [task({ answer: 'suspicious' })], 'suspicious'],
    ['a person who found something, and a strong sign', [task({ answer: 'suspicious' }), check('a', [sign('strong')])], 'highly-suspicious'],
    ['a person for whom all looks fine, and a strong sign', [task({ answer: 'fine' }), check('a', [sign('strong')])], 'suspicious'],
  ])('of %s', (_, steps, level) => {
    expect(verdictOf(event, steps).level).toBe(level);
  });
});

test('reasons are the signs that count, the strongest first, then what is not known', () => {
  const steps = [check('a', [sign('harmless'), sign('weak')]), check('b', [sign('strong')]), check('c', [], { error: 'no /proc' }), { ...check('3', [], { error: 'no such table' }), kind: 'query' as const }, task()];
  const { reasons, signs } = verdictOf({ ...event, tickward: { ...event.tickward, attribution: 'inferred', attribution_note: 'it had the file open' } }, steps);
  expect(reasons).toEqual(['strong', 'weak', 'the process is inferred: it had the file open', '1 query failed', 'the check c failed: no /proc', '1 step of the guide needs a person']);
  expect(signs.map(({ from }) => from)).toEqual(['b', 'a', 'a']);
});

test('of one step alone nothing is explained, and the verdict says of what it is', () => {
  expect(verdictOf(event, [check('chain', [sign('harmless', 'all of packages', ALL_PACKAGED)])], 'chain')).toMatchObject({ level: 'unclear', open: ['only the step chain was looked at: what the others would say is not known'] });
});

test('what a person has answered is not left any more', () => {
  expect([task(), task({ answer: 'not-looked-at' }), task({ answer: 'fine' }), task({ answer: 'suspicious' }), task({ needs_person: null })].map(isLeft)).toEqual([true, true, false, false, false]);
  const verdict = verdictOf(event, []);
  expect([hasFindings({ verdict, steps: [] }), hasFindings({ verdict, steps: [task()] }), hasFindings({ verdict: { ...verdict, level: 'suspicious' }, steps: [] })]).toEqual([false, true, true]);
});
