/**
 * Regular expressions as Lucene reads them (org.apache.lucene.util.automaton.RegExp): anchored at both ends, no back-references,
 * no laziness. Run as a set of states over the text: time is pattern × text at worst, whatever an attacker writes, and most often
 * one look-up a character, since the sets that were met are kept.
 */
import { parseRegex, RegexError, type RegexNode, type Test } from './regex-parse.ts';

export { RegexError };

type Instruction = { kind: 'take'; test: Test; next: number } | { kind: 'fork'; targets: number[] } | { kind: 'accept' };

/** Lucene gives up at 10,000 determinized states; the same figure here bounds what repetition can unfold. */
const MOST_INSTRUCTIONS = 10_000;

/** So many transitions and instructions of states are kept, some megabytes; then all is forgotten. A text that leads to ever new ones is worked through step by step. */
const MOST_KEPT = 50_000;

/** What is reached after some characters. */
interface State {
  takes: readonly { test: Test; next: number }[];
  accepts: boolean;
  /** By code point. */
  next: Map<number, State>;
}

/** Whether one of the patterns matches the whole text. Throws RegexError. */
export function compileRegexes(patterns: readonly string[], caseInsensitive: boolean): (text: string) => boolean {
  const matchers = patterns.map((pattern) => compileRegex(pattern, caseInsensitive));
  return (text) => matchers.some((matches) => matches(text));
}

/** Throws RegexError. The result matches whole texts. */
export function compileRegex(pattern: string, caseInsensitive: boolean): (text: string) => boolean {
  return compileTree(parseRegex(pattern, caseInsensitive));
}

export function compileTree(root: RegexNode): (text: string) => boolean {
  const { program, start } = unfold(root);
  let states = new Map<string, State>();
  let kept = 0;

  const stateOf = (entries: readonly number[]): State => {
    const reached = closure(program, entries);
    const name = [...reached].sort((a, b) => a - b).join();
    const known = states.get(name);
    if (known !== undefined) return known;
    const instructions = [...reached].map((index) => program[index]);
    const state: State = { takes: instructions.filter((each) => each?.kind === 'take'), accepts: reached.has(0), next: new Map() };
    states.set(name, state);
    kept += instructions.length;
    return state;
  };

  const follow = (state: State, code: number): State => {
    if (kept >= MOST_KEPT) {
      states = new Map();
      kept = 0;
    }
    kept += 1;
    const next = stateOf(state.takes.filter(({ test }) => test(code)).map(({ next: entry }) => entry));
    state.next.set(code, next);
    return next;
  };

  return (text) => {
    let state = stateOf([start]);
    for (let index = 0; index < text.length; index += 1) {
      const code = text.codePointAt(index) ?? 0;
      if (code > 0xffff) index += 1;
      state = state.next.get(code) ?? follow(state, code);
      if (state.takes.length === 0 && !state.accepts) return false;
    }
    return state.accepts;
  };
}

function unfold(root: RegexNode): { program: Instruction[]; start: number } {
  const program: Instruction[] = [{ kind: 'accept' }];
  let steps = 0;
  const push = (instruction: Instruction): number => program.push(instruction) - 1;

  /** Where to enter so that the node is matched and `next` follows. */
  const enter = (node: RegexNode, next: number): number => {
    steps += 1;
    if (steps > MOST_INSTRUCTIONS) throw new RegexError('the regular expression unfolds to too many states: lower the counts in {…}');
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

/** All instructions that are reached without taking a character. */
function closure(program: readonly Instruction[], entries: readonly number[]): Set<number> {
  // A set is walked in the order of insertion and its walk sees what is added meanwhile.
  const reached = new Set(entries);
  for (const index of reached) {
    const instruction = program[index];
    if (instruction?.kind === 'fork') for (const target of instruction.targets) reached.add(target);
  }
  return reached;
}
