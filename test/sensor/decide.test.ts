/** Lives of processes as the kernel would tell of them, against what is decided from it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Bracket } from '../../src/sensor/backend.ts';
import { decide, isNameOf, type Decision, type Ran } from '../../src/sensor/decide.ts';
import type { Opened } from '../../src/sensor/exec-log.ts';

const DISK = '254:0';
const MEMORY = '0:1';
const isLogged = (device: string): boolean => device === DISK;

/** Few bits, so that some names share one. */
function markOf(name: string): bigint {
  return 1n << BigInt(name.length % 3);
}

interface Image extends Ran {
  label: string;
}

/** `meanwhile`: where it had threads, another of them changes something after the program was opened and before it runs. */
type Step = { do: 'exec'; name: string; memory?: boolean; meanwhile?: boolean } | { do: 'thread' } | { do: 'fork' | 'try'; name: string } | { do: 'change' } | { do: 'read' };

interface Told {
  truth: string;
  at: bigint;
  position: number;
  bracket: Bracket;
}

/** What the map and the log have of one process that took these steps. The log keeps one entry of those with one name between two readings, at the first place. */
function live(steps: readonly Step[], remembered: number): { images: Image[]; opened: Opened[]; changes: Told[] } {
  const images: Image[] = [];
  const opened: Opened[] = [];
  const changes: Told[] = [];
  let bracket: Bracket = { after: 0n, before: 0n };
  let time = 0n;
  let position = 0;
  let generation = 0;
  let ran = 0n;
  let mark = 0n;
  let tried = 0n;
  let hasThreads = false;
  const open = (name: string): void => {
    if (!opened.some((each) => each.name === name && each.bracket === bracket)) opened.push({ directory: 'bin', name, position: position++, bracket });
  };
  const tell = (): void => void changes.push({ truth: images.at(-1)?.label ?? '', at: time, position: position++, bracket });
  for (const step of [...steps, { do: 'read' as const }]) {
    time += 10n;
    if (step.do === 'read') {
      bracket.before = time;
      bracket = { after: time, before: 0n };
    } else if (step.do === 'change') tell();
    else if (step.do === 'thread') hasThreads = true;
    else if (step.do === 'try') {
      open(step.name);
      tried |= markOf(step.name);
    } else {
      if (step.do === 'exec' && step.memory !== true) open(step.name);
      if (step.do === 'exec' && step.memory !== true) open('ld-linux-x86-64.so.2');
      if (step.do === 'exec' && step.meanwhile === true && hasThreads) tell();
      time += 1n;
      generation += step.do === 'exec' ? 1 : 0;
      ran |= mark | tried;
      mark = step.do === 'exec' ? markOf(step.name) : 0n;
      images.push({ how: step.do, afterThreads: hasThreads, generation, mark, ran, tried, since: time, name: step.name, device: step.do === 'exec' && step.memory === true ? MEMORY : DISK, label: `${images.length} ${step.name}` });
      tried = 0n;
      hasThreads = false;
    }
  }
  return { images: images.slice(-remembered), opened, changes };
}

const read: Step = { do: 'read' };
const change: Step = { do: 'change' };
const fork = (name: string): Step => ({ do: 'fork', name });
const exec = (name: string): Step => ({ do: 'exec', name });
const fails = (name: string): Step => ({ do: 'try', name });
const thread: Step = { do: 'thread' };
const meanwhile = (name: string): Step => ({ do: 'exec', name, meanwhile: true });
const memory = (name: string): Step => ({ do: 'exec', name, memory: true });

function decided(steps: readonly Step[], remembered = 9, notBefore?: bigint): (Omit<Decision<Image>, 'images'> & { labels: string[] })[] {
  const { images, opened, changes } = live(steps, remembered);
  return changes.map((each) => {
    const { images: found, ...rest } = decide(images, opened, { ...each, ...(notBefore === undefined ? {} : { notBefore }) }, isLogged);
    return { labels: found.map(({ label }) => label), ...rest };
  });
}

describe('which program made a change', () => {
  test.each<[what: string, steps: Step[], labels: string[], confirmed: boolean]>([
    ['a short-lived program', [fork('bash'), exec('touch'), change], ['1 touch'], true],
    ['a shell that was run by a shell', [fork('bash'), exec('bash'), change], ['1 bash'], true],
    ['a child that runs nothing else', [fork('bash'), change], ['0 bash'], false],
    ['a shell that becomes another program afterwards', [fork('bash'), exec('sh'), change, exec('true')], ['1 sh'], true],
    ['a program that a shell became', [fork('bash'), exec('sh'), exec('rm'), change], ['2 rm'], true],
    ['a child that becomes a program afterwards', [fork('bash'), change, exec('true')], ['0 bash'], false],
    ['a program that has been running for long', [fork('bash'), exec('sshd'), read, change], ['1 sshd'], true],
    ['a program from memory that has been running for long', [fork('bash'), exec('sh'), memory('x'), read, change], ['2 x'], false],
    ['a program from memory in the same moment: either', [fork('bash'), exec('sh'), memory('x'), change], ['1 sh', '2 x'], false],
    ['one that ran after it was opened in vain: either', [fork('bash'), fails('touch'), change, exec('touch')], ['0 bash', '1 touch'], false],
    ['one that ran after it was opened in vain, after others', [fork('bash'), exec('sh'), fails('cp'), change, exec('true'), exec('cp')], ['1 sh'], false],
    ['one that only was opened', [fork('bash'), exec('sh'), fails('cp'), change], ['1 sh'], false],
    ['a program that runs itself again through another: either', [fork('bash'), exec('sh'), exec('env'), exec('sh'), change], ['2 env', '3 sh'], false],
    ['one whose thread goes on while another runs the next: either', [fork('bash'), exec('evil'), thread, meanwhile('apt')], ['1 evil', '2 apt'], false],
    ['one that had threads, and runs for long', [fork('bash'), exec('node'), thread, read, change], ['1 node'], true],
    ['a child that opened a program of its own name in vain', [fork('sh'), fails('sh'), change], ['0 sh'], false],
    ['a program that is run again, and is not who ran before it', [fork('bash'), exec('a'), exec('b'), read, exec('a'), change], ['3 a'], true],
  ])('%s', (_, steps, labels, confirmed) => {
    expect(decided(steps)).toEqual([{ labels, confirmed, isSure: labels.length === 1, isWhole: true }]);
  });

  test('a file that seems to be older than the reading before does not bring in who had ended by then', () => {
    expect(decided([fork('bash'), memory('x'), read, change], 9, 0n)).toEqual([{ labels: ['1 x'], confirmed: false, isSure: true, isWhole: true }]);
  });

  test('a file that seems to be made after it was told of, since the clock was set back, does not leave out who had ended before that', () => {
    expect(decided([fork('bash'), memory('x'), change, memory('y')], 9, 1_000n).map(({ isSure, labels }) => [isSure, labels])).toEqual([[false, ['0 bash', '1 x', '2 y']]]);
  });

  test('what the map remembers no more is nobody, not someone else', () => {
    expect(decided([fork('bash'), exec('a'), change, exec('b'), exec('c')], 2)).toEqual([{ labels: [], confirmed: false, isSure: false, isWhole: false }]);
  });

  test('what had ended when the file was made is not it, but may be why a later program stands before it', () => {
    const { images, opened, changes } = live([fork('sh'), exec('a'), exec('b'), exec('a'), change, exec('b')], 9);
    expect(changes.map((each) => decide(images, opened, { ...each, notBefore: each.at - 5n }, isLogged).images.map(({ label }) => label))).toEqual([['3 a', '4 b']]);
  });

  test('of a file that was made and removed in one, the removal may be a later program’s', () => {
    const { images, opened, changes } = live([fork('bash'), exec('sh'), change, exec('rm')], 9);
    const [made] = changes;
    expect(decide(images, opened, { ...made, position: made?.position ?? 0, bracket: made?.bracket ?? { after: 0n, before: 0n }, orLater: true }, isLogged).images.map(({ label }) => label)).toEqual(['1 sh', '2 rm']);
  });
});

describe('at the very ns', () => {
  /** A process that was forked at 1 and became another program at 10. */
  const [shell, program] = [['fork', DISK, 1n], ['exec', DISK, 10n]].map(([how, device, since], generation) => ({ how, device, since, generation, label: how, afterThreads: false, mark: 0n, ran: 0n, tried: 0n, name: 'x' }) as Image) as [Image, Image];
  const hidden = { ...program, device: MEMORY };
  const between = (images: Image[], after: bigint, before: bigint): string[] => decide(images, [], { position: 0, bracket: { after, before } }, isLogged).images.map(({ label }) => label);

  test('of the reading a program may have begun', () => {
    expect([between([shell, hidden], 5n, 9n), between([shell, hidden], 5n, 10n)]).toEqual([['fork'], ['fork', 'exec']]);
  });

  test('of the reading before the next program has begun, and need not be in the log since', () => {
    expect([between([shell, hidden], 9n, 20n), between([shell, hidden], 10n, 20n)]).toEqual([['fork', 'exec'], ['exec']]);
    expect([between([shell, program], 9n, 20n), between([shell, program], 10n, 20n)]).toEqual([[], ['exec']]);
  });
});

test.each<[logged: string, mapped: string, isIt: boolean]>([
  ['touch', 'touch', true],
  ['touchy', 'touch', false],
  ['a'.repeat(62) + 'b', 'a'.repeat(62), false],
  ['a'.repeat(63) + 'b', 'a'.repeat(63), true],
  ['b' + 'a'.repeat(63), 'a'.repeat(63), false],
])('the map has the first 63 bytes of a name: %s, %s', (logged, mapped, isIt) => {
  expect(isNameOf({ directory: 'bin', name: logged, position: 0, bracket: { after: 0n, before: 0n } }, { name: mapped })).toBe(isIt);
});

test('whatever a process does, no other program than the one that did it is ever decided on', () => {
  const name = fc.constantFrom('sh', 'bash', 'env', 'a');
  const step = fc.oneof({ weight: 3, arbitrary: fc.record({ do: fc.constant('exec' as const), name, meanwhile: fc.boolean() }) }, { weight: 1, arbitrary: fc.constant(thread) }, { weight: 1, arbitrary: fc.record({ do: fc.constant('exec' as const), name, memory: fc.constant(true) }) }, { weight: 1, arbitrary: fc.record({ do: fc.constant('try' as const), name }) }, { weight: 3, arbitrary: fc.constant(change) }, { weight: 1, arbitrary: fc.constant(read) });
  // A file says when it was made, to a tick.
  const stamp = fc.option(fc.bigInt({ min: 0n, max: 25n }));
  fc.assert(fc.property(name, fc.array(step, { maxLength: 12 }), fc.integer({ min: 1, max: 4 }), stamp, (first, steps, remembered, earlier) => {
    const { images, opened, changes } = live([fork(first), ...steps], remembered);
    for (const each of changes) {
      const { images: found, isSure } = decide(images, opened, { ...each, ...(earlier === null ? {} : { notBefore: each.at - earlier }) }, isLogged);
      const labels = found.map(({ label }) => label);
      const isRemembered = images.some(({ label }) => label === each.truth);
      expect(isSure ? labels : [each.truth]).toEqual([each.truth]);
      expect(isRemembered ? labels : [each.truth]).toContain(each.truth);
    }
  }), { numRuns: 20_000 });
});
