/** From a place inside a part of a rule (its query, its note) to the place in the file. */
import { excerptOf, placeAt, type Place } from '../model/errors.ts';
import { literally } from '../model/pattern.ts';

/** The text that a rule was read from. */
export interface Source {
  text: string;
  file?: string;
  /** The line of the file on which the text stands, where it is one line of many (NDJSON). */
  line?: number;
}

export interface Said {
  message: string;
  place: Place;
}

/** How a string of TOML begins: its delimiter, and after a long one the line break that is not part of it. */
const VALUE = /^[ \t]*[\w-]+[ \t]*=[ \t]*(?:(?:'''|""")\r?\n?|'|")/gm;

/**
 * What is said of a place in a part (`query`, `note`), said of the file. Where the part does not stand there letter by letter
 * (JSON, TOML with escapes) line and column stay those of the part, and the message says so.
 */
export function located({ message, place }: Said, { name, text }: { name: string; text: string }, source: Source): Said {
  const start = offsetOfValue(text, source.text);
  const { line, column, excerpt } = place;
  if (source.line !== undefined) return { message: `the ${name}, line ${line}, column ${column}: ${message}`, place: { ...fileOf(source), line: source.line, column: 1, excerpt } };
  if (start === undefined) return { message: `${message} (line and column count from the start of the ${name})`, place: { ...fileOf(source), line, column, excerpt } };
  const before = source.text.slice(0, start).split('\n');
  return { message, place: { ...fileOf(source), line: before.length - 1 + line, column: line === 1 ? column + (before.at(-1)?.length ?? 0) : column, excerpt } };
}

function offsetOfValue(part: string, text: string): number | undefined {
  for (const match of text.matchAll(VALUE)) {
    const start = match.index + match[0].length;
    if (text.startsWith(part, start)) return start;
  }
  return undefined;
}

/** Where a key or a header with these names stands in TOML: the last name that is found, after those before it. */
export function placeOfKey(path: readonly PropertyKey[], source: Source): Place | undefined {
  if (source.line !== undefined) return { ...fileOf(source), line: source.line, column: 1, excerpt: excerptOf(source.text, 1) };
  let found: number | undefined;
  for (const name of path) {
    if (typeof name !== 'string') continue;
    const pattern = new RegExp(`^([ \\t]*\\[{0,2}(?:[\\w-]+\\.)*)"?${literally(name)}"?[ \\t]*(?:[=.]|\\]{1,2})`, 'gm');
    pattern.lastIndex = found ?? 0;
    const match = pattern.exec(source.text);
    if (match === null) break;
    found = match.index + (match[1]?.length ?? 0);
  }
  return found === undefined ? undefined : placeAt(source.text, found, source.file);
}

export function fileOf({ file }: Source): { file?: string } {
  return file === undefined ? {} : { file };
}

/** Where the entry of an array of tables begins, counted from 0. */
export function placeOfEntry(name: string, index: number, source: Source): Place | undefined {
  const headers = [...source.text.matchAll(new RegExp(`^[ \\t]*\\[\\[[ \\t]*${literally(name)}[ \\t]*\\]\\]`, 'gm'))];
  const header = headers[index];
  return header === undefined ? undefined : placeAt(source.text, header.index, source.file);
}

/** Where a value begins that stands in TOML letter by letter. */
export function placeOfValue(value: string, source: Source): Place | undefined {
  const start = offsetOfValue(value, source.text);
  return start === undefined ? undefined : placeAt(source.text, start, source.file);
}

/** Where a thing is said to be that has no place of its own. */
export function startOf(source: Source): Place {
  return { ...placeAt(source.text, 0, source.file), line: source.line ?? 1 };
}
