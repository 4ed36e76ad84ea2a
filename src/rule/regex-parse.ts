/** The syntax of Lucene's regular expressions as a tree. Its rarely used operators (`~` `&` `<1-9>`) are refused by name. */

export type Test = (codePoint: number) => boolean;

export type RegexNode =
  | { kind: 'take'; test: Test }
  | { kind: 'sequence'; parts: RegexNode[] }
  /** Without parts it matches nothing. */
  | { kind: 'choice'; parts: RegexNode[] }
  | { kind: 'repeat'; part: RegexNode; least: number; most: number };

/** A pattern that is none; the caller knows the place. */
export class RegexError extends Error {
  override readonly name = 'RegexError';
}

const DEEPEST = 100;

const REFUSED: Record<string, string> = { '~': 'complement', '&': 'intersection', '<': 'interval' };

const between = (low: number, high: number): Test => (code) => code >= low && code <= high;
const anyOf = (tests: readonly Test[]): Test => (code) => tests.some((test) => test(code));
const not = (test: Test): Test => (code) => !test(code);
const anything: Test = () => true;
const digit = between(48, 57);
const space: Test = (code) => code === 32 || code === 9 || code === 10 || code === 13;
const word = anyOf([digit, between(65, 90), between(97, 122), (code) => code === 95]);
const CLASSES: Record<string, Test> = { d: digit, D: not(digit), s: space, S: not(space), w: word, W: not(word) };

const QUANTIFIERS: Record<string, [number, number]> = { '?': [0, 1], '*': [0, Infinity], '+': [1, Infinity] };

export function parseRegex(pattern: string, caseInsensitive: boolean): RegexNode {
  const characters = [...pattern];
  let position = 0;
  let depth = 0;

  const peek = (): string | undefined => characters[position];
  const accept = (wanted: string): boolean => {
    if (peek() !== wanted) return false;
    position += 1;
    return true;
  };
  const fail = (problem: string): RegexError => new RegexError(`the regular expression ${JSON.stringify(pattern)} has ${problem}, near character ${position + 1}`);
  const next = (inside: string): string => {
    const character = peek();
    if (character === undefined) throw fail(`an unfinished ${inside}`);
    position += 1;
    return character;
  };

  /** One range as a test; with `~`, A–Z and a–z stand for each other. */
  const range = (low: string, high: string): Test => {
    const [from = 0, to = 0] = [low.codePointAt(0), high.codePointAt(0)];
    if (from > to) throw fail(`a range from ${JSON.stringify(low)} down to ${JSON.stringify(high)}`);
    const plain = between(from, to);
    return caseInsensitive ? (code) => plain(code) || plain(otherCase(code)) : plain;
  };

  const choice = (): RegexNode => {
    const parts = [sequence()];
    while (accept('|')) parts.push(sequence());
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : { kind: 'choice', parts };
  };

  const sequence = (): RegexNode => {
    const parts: RegexNode[] = [];
    for (let character = peek(); character !== undefined && character !== '|' && character !== ')'; character = peek()) parts.push(repeated());
    return { kind: 'sequence', parts };
  };

  const repeated = (): RegexNode => {
    let part = simple();
    let nested = 0;
    for (let counts = quantifier(); counts !== undefined; counts = quantifier()) {
      nested += 1;
      if (nested > DEEPEST) throw fail(`more than ${DEEPEST} repetitions of the same`);
      part = { kind: 'repeat', part, least: counts[0], most: counts[1] };
    }
    return part;
  };

  const quantifier = (): [number, number] | undefined => {
    const sign = peek() ?? '';
    if (Object.hasOwn(QUANTIFIERS, sign)) {
      position += 1;
      return QUANTIFIERS[sign];
    }
    if (sign !== '{') return undefined;
    const close = characters.indexOf('}', position);
    const [, least = '', open, end = ''] = /^\{(\d{1,9})(,?)(\d{0,9})$/.exec(characters.slice(position, close).join('')) ?? [];
    if (close < 0 || least === '' || (open === '' && end !== '')) throw fail('a count that is none ({2}, {2,} or {2,5})');
    position = close + 1;
    const upper = open === '' ? Number(least) : end === '' ? Infinity : Number(end);
    if (upper < Number(least)) throw fail('a count whose end is below its start');
    return [Number(least), upper];
  };

  const simple = (): RegexNode => {
    const character = next('expression');
    if (Object.hasOwn(REFUSED, character)) throw fail(`Lucene's ${REFUSED[character]} ${character}, which is not evaluated here (write \\${character} for the character itself)`);
    switch (character) {
      case '.':
        return { kind: 'take', test: anything };
      case '@':
        return { kind: 'repeat', part: { kind: 'take', test: anything }, least: 0, most: Infinity };
      case '#':
        return { kind: 'choice', parts: [] };
      case '"':
        return quoted();
      case '(':
        return group();
      case '[':
        return { kind: 'take', test: characterClass() };
      case '\\':
        return { kind: 'take', test: escaped() };
      default:
        return { kind: 'take', test: range(character, character) };
    }
  };

  const escaped = (): Test => {
    const character = next('escape');
    const predefined = Object.hasOwn(CLASSES, character) ? CLASSES[character] : undefined;
    return predefined ?? range(character, character);
  };

  const quoted = (): RegexNode => {
    const parts: RegexNode[] = [];
    for (let character = next('quotation'); character !== '"'; character = next('quotation')) parts.push({ kind: 'take', test: range(character, character) });
    return { kind: 'sequence', parts };
  };

  const group = (): RegexNode => {
    depth += 1;
    if (depth > DEEPEST) throw fail(`groups nested more than ${DEEPEST} deep`);
    const inner = choice();
    if (!accept(')')) throw fail('an unfinished group');
    depth -= 1;
    return inner;
  };

  const characterClass = (): Test => {
    const negated = accept('^');
    const tests = [member()];
    while (!accept(']')) tests.push(member());
    return negated ? not(anyOf(tests)) : anyOf(tests);
  };

  const member = (): Test => {
    const first = next('character class');
    if (first === '\\' && Object.hasOwn(CLASSES, peek() ?? '')) return escaped();
    const low = first === '\\' ? next('escape') : first;
    if (peek() !== '-' || characters[position + 1] === ']') return range(low, low);
    position += 1;
    const high = next('range');
    return range(low, high === '\\' ? next('escape') : high);
  };

  const root = choice();
  if (position < characters.length) throw fail(`an unexpected ${JSON.stringify(peek())}`);
  return root;
}

/** The other case of an ASCII letter; everything else is itself. */
function otherCase(code: number): number {
  if (between(97, 122)(code)) return code - 32;
  return between(65, 90)(code) ? code + 32 : code;
}
