/**
 * Regular expressions as Lucene reads them (org.apache.lucene.util.automaton.RegExp): anchored at both ends, no back-references,
 * no laziness. Run as a set of states over the text: time is pattern × text at worst, whatever an attacker writes.
 */
import { parseRegex, RegexError, type RegexNode, type Test } from './regex-parse.ts';

export { RegexError };

type Instruction = { kind: 'take'; test: Test; next: number } | { kind: 'fork'; targets: number[] } | { kind: 'accept' };

/** Lucene gives up at 10,000 determinized states; the same figure here bounds what repetition can unfold. */
const MOST_STEPS = 10_000;

/** Throws RegexError. The result matches whole texts. */
export function compileRegex(pattern: string, caseInsensitive: boolean): (text: string) => boolean {
  const { program, start } = compile(parseRegex(pattern, caseInsensitive));
  return (text) => run(program, start, text);
}

function compile(root: RegexNode): { program: Instruction[]; start: number } {
  const program: Instruction[] = [{ kind: 'accept' }];
  let steps = 0;
  const push = (instruction: Instruction): number => program.push(instruction) - 1;

  /** Where to enter so that the node is matched and `next` follows. */
  const enter = (node: RegexNode, next: number): number => {
    steps += 1;
    if (steps > MOST_STEPS) throw new RegexError('the regular expression unfolds to too many states: lower the counts in {…}');
    switch (node.kind) {
      case 'take':
        return push({ kind: 'take', test: node.test, next });
      case 'sequence':
        return node.parts.reduceRight((entry, part) => enter(part, entry), next);
      case 'choice':
        return push({ kind: 'fork', targets: node.parts.map((part) => enter(part, next)) });
      case 'repeat':
        return enterRepeat(node, next);
    }
  };

  const enterRepeat = ({ part, least, most }: Extract<RegexNode, { kind: 'repeat' }>, next: number): number => {
    let entry = next;
    if (most === Infinity) {
      const targets = [next];
      entry = push({ kind: 'fork', targets });
      targets.push(enter(part, entry));
    } else for (let copy = least; copy < most; copy += 1) entry = push({ kind: 'fork', targets: [next, enter(part, entry)] });
    for (let copy = 0; copy < least; copy += 1) entry = enter(part, entry);
    return entry;
  };

  const start = enter(root, 0);
  return { program, start };
}

function run(program: readonly Instruction[], start: number, text: string): boolean {
  let states = closure(program, [start]);
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const next: number[] = [];
    for (const state of states) {
      const instruction = program[state];
      if (instruction?.kind === 'take' && instruction.test(code)) next.push(instruction.next);
    }
    if (next.length === 0) return false;
    states = closure(program, next);
  }
  return states.has(0);
}

/** All states that are reached without taking a character. */
function closure(program: readonly Instruction[], entries: readonly number[]): Set<number> {
  // A set is walked in the order of insertion and its walk sees what is added meanwhile.
  const states = new Set(entries);
  for (const state of states) {
    const instruction = program[state];
    if (instruction?.kind === 'fork') for (const target of instruction.targets) states.add(target);
  }
  return states;
}
