/**
 * EQL's wildcards: `*` any run of characters, `?` exactly one, no escape, anchored at both ends.
 * Time: the text × the longest piece between two stars at worst, however many stars there are; most patterns are far cheaper.
 */
import { literally } from '../model/pattern.ts';

/** What the matcher needs of a text; a `?` takes a code point, as in Lucene. */
export interface Characters {
  readonly length: number;
  charCodeAt(index: number): number;
  codePointAt(index: number): number | undefined;
}

type Matcher = (text: string) => boolean;

const UPPER = /[A-Z]/;

/** Folds A–Z only: Elasticsearch's case folding for `:` and the `~` forms is ASCII. */
export function foldAscii(text: string): string {
  return UPPER.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;
}

export function hasWildcard(pattern: string): boolean {
  return pattern.includes('*') || pattern.includes('?');
}

/** Any of many patterns. */
export function compileAny(patterns: readonly string[], caseInsensitive: boolean): Matcher {
  const distinct = [...new Set(caseInsensitive ? patterns.map(foldAscii) : patterns)];
  const starts = distinct.filter(isAsciiStart);
  const startsAny = starts.length === 0 ? undefined : compileStarts(starts.map((pattern) => pattern.replace(/\*+$/, '')), caseInsensitive);
  const restAny = compileEach(distinct.filter((pattern) => !isAsciiStart(pattern)));
  const rest: Matcher | undefined = restAny === undefined || !caseInsensitive ? restAny : (text) => restAny(foldAscii(text));
  if (startsAny === undefined || rest === undefined) return startsAny ?? rest ?? (() => false);
  return (text) => startsAny(text) || rest(text);
}

function isAsciiStart(pattern: string): boolean {
  return pattern.length < MOST_CHARACTERS && /^[^*?\u0080-\uffff]*\*+$/.test(pattern);
}

/** V8 refuses a regular expression of some megabytes. */
const MOST_CHARACTERS = 50_000;

/**
 * Patterns like `/etc/systemd/*`, by one native comparison: an alternative of plain texts at the start of the text, which takes
 * no longer than they are. `i` without `u` never makes an ASCII letter of another character, so that the folding is the same.
 */
function compileStarts(starts: readonly string[], caseInsensitive: boolean): Matcher {
  const [only] = starts;
  if (starts.length === 1 && only !== undefined && !caseInsensitive) return (text) => text.startsWith(only);
  const expressions: RegExp[] = [];
  for (let from = 0, to = 0; from < starts.length; from = to) {
    for (let characters = 0; to < starts.length && characters < MOST_CHARACTERS; to += 1) characters += starts[to]?.length ?? 0;
    expressions.push(new RegExp(`^(?:${starts.slice(from, to).map(literally).join('|')})`, caseInsensitive ? 'i' : ''));
  }
  const [all] = expressions;
  return expressions.length === 1 && all !== undefined ? (text) => all.test(text) : (text) => expressions.some((expression) => expression.test(text));
}

/** The ones without wildcards are looked up at once. */
function compileEach(patterns: readonly string[]): Matcher | undefined {
  const exact = new Set(patterns.filter((pattern) => !hasWildcard(pattern)));
  const wild = patterns.filter(hasWildcard).map(compileWildcard);
  if (wild.length === 0) return exact.size === 0 ? undefined : (text) => exact.has(text);
  if (exact.size === 0) return (text) => wild.some((matches) => matches(text));
  return (text) => exact.has(text) || wild.some((matches) => matches(text));
}

/** One pattern, with case. */
export function compileWildcard(pattern: string): Matcher {
  if (!hasWildcard(pattern)) return (text) => text === pattern;
  if (!pattern.includes('?')) return compileStars(pattern.split(/\*+/));
  const compact = pattern.replace(/\*+/g, '*');
  return (text) => matchWildcard(compact, text);
}

/** Only stars: the pieces between them have to occur in order, the first at the start and the last at the end. */
function compileStars(pieces: readonly string[]): Matcher {
  const first = pieces[0] ?? '';
  const last = pieces.at(-1) ?? '';
  const middle = pieces.slice(1, -1);
  return (text) => {
    if (!text.startsWith(first) || !text.endsWith(last)) return false;
    let position = first.length;
    for (const piece of middle) {
      const found = text.indexOf(piece, position);
      if (found < 0) return false;
      position = found + piece.length;
    }
    return position <= text.length - last.length;
  };
}

const STAR = 42;
const QUESTION_MARK = 63;

/** Greedy with one point to go back to: on a mismatch only the last star takes one character more. `pattern` has no two stars in a row. */
export function matchWildcard(pattern: string, text: Characters): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    const wanted = pattern.charCodeAt(p);
    if (wanted === STAR) {
      star = p;
      p += 1;
      resume = t;
    } else if (wanted === QUESTION_MARK) {
      p += 1;
      t += widthAt(text, t);
    } else if (wanted === text.charCodeAt(t)) {
      p += 1;
      t += 1;
    } else if (star >= 0) {
      p = star + 1;
      resume += widthAt(text, resume);
      t = resume;
    } else return false;
  }
  return p === pattern.length || (p === pattern.length - 1 && pattern.charCodeAt(p) === STAR);
}

function widthAt(text: Characters, index: number): number {
  return (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
}
