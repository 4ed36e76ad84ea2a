/** osquery's functions of text: splitting, joining, encoding, hashing, paths. */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { legible, textOfBytes } from '../../model/text.ts';
import { SqlError, textOf, type SqlFunction, type SqlValue } from './function.ts';

const digest = (algorithm: string): SqlFunction => ({
  name: algorithm,
  arity: [1],
  apply(value) {
    const text = textOf(value);
    return text === undefined ? null : createHash(algorithm).update(text).digest('hex');
  },
});

/** Parts between any of the characters, without those that are empty, blanks around them taken off. */
function split(text: SqlValue = null, separators: SqlValue = null, index: SqlValue = null): string | null {
  const [subject, wanted] = [textOf(text), textOf(separators)];
  if (subject === undefined || wanted === undefined || index === null) return null;
  if (wanted === '') throw new SqlError('Invalid input to split function');
  const parts = subject.split(new RegExp(`[${wanted.replace(/[\\\]^-]/g, '\\$&')}]`)).filter((part) => part !== '');
  return parts[Number(index)]?.trim() ?? null;
}

/** What is NULL is left out, the separator behind what stands before it stays: `concat_ws('-', 'a', NULL)` is `a-`. */
function joined(separator: string, given: readonly SqlValue[]): string | null {
  if (given.length === 0) return null;
  return given.map((value, index) => (value === null ? '' : `${textOf(value)}${index + 1 < given.length ? separator : ''}`)).join('');
}

/** Without line breaks and `=` at its end; what is no base64 gives an empty text. */
function fromBase64(value: SqlValue = null): string | null {
  const text = textOf(value)?.replace(/\r?\n/g, '').replace(/=+$/, '');
  if (text === undefined) return null;
  return /^[A-Za-z0-9+/]*$/.test(text) ? legible(textOfBytes(Buffer.from(text, 'base64'))) : '';
}

function toBase64(value: SqlValue = null): string | null {
  return value === null ? null : Buffer.from(value instanceof Uint8Array ? value : String(value)).toString('base64');
}

const PRINTABLE = /^[\x20-\x7e]*$/;

/** Which words of a command line, from the first, name a file: the fewest or the most. Undefined when the arguments do not fit. */
function programIn(given: readonly SqlValue[], shortest: boolean): string | undefined {
  if (given.length === 0 || given.includes(null)) return undefined;
  const [command = '', quoting = 0, escape = '\\'] = [textOf(given[0]), Number(given[1] ?? 0), textOf(given[2] ?? '\\')];
  if (Buffer.byteLength(escape) !== 1) return undefined;
  let [path, found, quoted, escaped] = ['', '', false, false];
  for (const character of `${command.replace(/^\s+/, '')}`) {
    if (escaped) [path, escaped] = [path + character, false];
    else if (quoting !== 0 && character === '"') quoted = !quoted;
    else if (character === escape) escaped = true;
    else {
      if (!quoted && /\s/.test(character) && isFile(path)) {
        found = path;
        if (shortest) return found;
      }
      path += character;
    }
  }
  return isFile(path) ? path : found;
}

function isFile(path: string): boolean {
  try {
    return !statSync(path).isDirectory();
  } catch {
    return false;
  }
}

export const textFunctions: readonly SqlFunction[] = [
  digest('md5'),
  digest('sha1'),
  digest('sha256'),
  { name: 'split', arity: [3], apply: split },
  { name: 'concat', arity: [-1], apply: (...given) => joined('', given) },
  {
    name: 'concat_ws',
    arity: [-1],
    apply(...given) {
      if (given.length === 0) throw new SqlError('Missing separator to concat_ws');
      return joined(textOf(given[0]) ?? '', given.slice(1));
    },
  },
  { name: 'to_base64', arity: [1], apply: toBase64 },
  { name: 'from_base64', arity: [1], apply: fromBase64 },
  { name: 'conditional_to_base64', arity: [1], apply: (value = null) => (value === null || PRINTABLE.test(textOf(value) ?? '') ? value : toBase64(value)) },
  {
    name: 'parent_directory',
    arity: [1],
    apply(path) {
      if (typeof path !== 'string') throw new SqlError('Invalid inputs to parent_directory, TEXT was expected');
      return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : null;
    },
  },
  {
    name: 'find_file_path_in_cmd',
    arity: [-1],
    apply(...given) {
      const path = programIn(given, true);
      if (path === undefined) throw new SqlError('Invalid inputs to find_binary_path_from_cmd');
      return path;
    },
  },
  {
    name: 'is_path_deterministic',
    arity: [-1],
    apply(...given) {
      const [shortest, longest] = [programIn(given, true), programIn(given, false)];
      if (shortest === undefined) throw new SqlError('Invalid inputs to is_path_deterministic');
      return shortest === '' || shortest === longest ? 1 : 0;
    },
  },
];
