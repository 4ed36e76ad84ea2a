/** osquery's `regex_match` and `regex_split` (ECMAScript's patterns, as C++ has them), so that no pattern can outlast the query. */
import { createContext, Script } from 'node:vm';
import { SqlError, textOf, type SqlFunction, type SqlValue } from './function.ts';

/** osquery's limit, in bytes (`--regex_max_size`). */
const MOST_PATTERN = 256;
/** Steps that are soon made, some tenths of a second at worst. */
const FEW_STEPS = 2e7;

const bounded = createContext(Object.create(null) as { work?: () => unknown });
const script = new Script('work()');

/** Timers may go off so many milliseconds early; the query's time must be over then. */
const EARLY = 2;
const LONGEST_TIMEOUT = 2 ** 31 - 1;

/** Runs it with an end, which costs some 0.1 ms. */
function withinTime<Result>(work: () => Result, milliseconds: number): Result {
  bounded['work'] = work;
  try {
    return script.runInContext(bounded, { timeout: Math.max(0, Math.min(Math.ceil(milliseconds), LONGEST_TIMEOUT - EARLY)) + EARLY }) as Result;
  } finally {
    delete bounded['work'];
  }
}

/** Whether a pattern may try more ways than it is safe to wait for: each choice in it can be made anew at each place of the subject. */
export function mayTakeLong(pattern: string, length: number): boolean {
  const plain = pattern.replace(/\\./gs, '_');
  const choices = plain.match(/[*+?{|]/g)?.length ?? 0;
  return /\)[*+?{]/.test(plain) || (length + 1) ** (choices + 1) > FEW_STEPS;
}

function compiled(source: string, flags: string): RegExp {
  try {
    return new RegExp(source, flags);
  } catch {
    throw new SqlError('Invalid regex');
  }
}

/** The two texts and the index, undefined when one is NULL. */
function argumentsOf(text: SqlValue = null, pattern: SqlValue = null, index: SqlValue = null): { subject: string; source: string; index: number } | undefined {
  const [subject, source] = [textOf(text), textOf(pattern)];
  return subject === undefined || source === undefined || index === null ? undefined : { subject, source, index: Number(index) };
}

/** `remaining` gives the milliseconds that the query has left. */
export function regexFunctions(remaining: () => number): readonly SqlFunction[] {
  const run = <Result>(source: string, subject: string, work: () => Result): Result => (mayTakeLong(source, subject.length) ? withinTime(work, remaining()) : work());
  return [
    {
      name: 'regex_match',
      arity: [3],
      apply(...given) {
        const wanted = argumentsOf(...given);
        if (wanted === undefined) return null;
        if (Buffer.byteLength(wanted.source) > MOST_PATTERN) throw new SqlError(`Invalid regex: too big, max size is ${MOST_PATTERN} bytes`);
        const pattern = compiled(wanted.source, '');
        const match = run(wanted.source, wanted.subject, () => pattern.exec(wanted.subject));
        // A group that took no part is an empty text in C++.
        return match === null || wanted.index < 0 || wanted.index >= match.length ? null : (match[wanted.index] ?? '');
      },
    },
    {
      name: 'regex_split',
      arity: [3],
      apply(...given) {
        const wanted = argumentsOf(...given);
        if (wanted === undefined) return null;
        if (wanted.source === '') throw new SqlError('Invalid input to split function');
        if (Buffer.byteLength(wanted.source) > MOST_PATTERN) throw new SqlError('Invalid regex');
        const pattern = compiled(wanted.source, 'g');
        return run(wanted.source, wanted.subject, () => splitBy(wanted.subject, pattern)[wanted.index]) ?? null;
      },
    },
  ];
}

/** As std::sregex_token_iterator does it: groups are not parts, a match of nothing splits too, and nothing is left behind the last match as a part. */
function splitBy(subject: string, pattern: RegExp): string[] {
  const parts: string[] = [];
  let from = 0;
  for (const match of subject.matchAll(pattern)) {
    parts.push(subject.slice(from, match.index));
    from = match.index + match[0].length;
  }
  if (from < subject.length || parts.length === 0) parts.push(subject.slice(from));
  return parts;
}
