/** Text that an attacker may have written, made safe to print. */

// C0, DEL, C1, and the format characters that reorder or hide text on a terminal (bidi controls, zero-width, line and paragraph separators, BOM, tags, lone surrogates).
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/gu;

const SHORT: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\u001b': '\\e', '\0': '\\0' };

/** The text with every character that could move, hide or colour something on a terminal written as an escape. Backslashes stay single: it is for reading, not for reading back. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => SHORT[character] ?? byteOf(character) ?? `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`);
}

/** JSON of the same meaning, in which such a character is an escape as well: somebody looks at it on a terminal. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(UNPRINTABLE, (character) => character.split('').map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''));
}

/** What `printable` writes for one character, wherever it stands: also where a text has these letters themselves. */
export const ESCAPE = /\\(?:[nrte0]|x[89a-f][0-9a-f]|u\{[0-9a-f]{1,6}\})/;

/** The character for which `printable` writes this; undefined for what it never writes. */
export function meantBy(escape: string): string | undefined {
  const code = Number.parseInt(escape.replace(/^\\(?:x|u\{)/, ''), 16);
  const character = Object.keys(SHORT).find((each) => SHORT[each] === escape) ?? (escape.startsWith('\\x') ? String.fromCharCode(STRAY_BASE + code) : code <= 0x10ffff ? String.fromCodePoint(code) : '');
  return printable(character) === escape ? character : undefined;
}

/** What is not ASCII of bytes read as latin1: a whole UTF-8 sequence (RFC 3629), or one byte that belongs to none. */
const NOT_ASCII = /[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[\x80-\xff]/g;

/** The lone low surrogates that stand for the bytes 0x80 to 0xff where they are no UTF-8: the form of Python's `surrogateescape` (PEP 383). UTF-8 itself never gives one. */
const STRAY = /(?<![\ud800-\udbff])[\udc80-\udcff]/g;
const STRAY_BASE = 0xdc00;

/** A name or a text of any bytes as a string that keeps every one of them: it can be compared, cut and searched as text, and `bytesOfText` gives the bytes back. */
export function textOfBytes(bytes: Buffer): string {
  const text = bytes.toString();
  if (!text.includes('\ufffd')) return text;
  return bytes.toString('latin1').replace(NOT_ASCII, (sequence) => (sequence.length === 1 ? String.fromCharCode(STRAY_BASE + sequence.charCodeAt(0)) : Buffer.from(sequence, 'latin1').toString()));
}

/** The bytes of a text for system calls, also of one from `textOfBytes`. */
export function bytesOfText(text: string): Buffer {
  if (text.search(STRAY) < 0) return Buffer.from(text);
  const parts: Buffer[] = [];
  let from = 0;
  for (const { index } of text.matchAll(STRAY)) {
    parts.push(Buffer.from(text.slice(from, index)), Buffer.of(text.charCodeAt(index) - STRAY_BASE));
    from = index + 1;
  }
  return Buffer.concat([...parts, Buffer.from(text.slice(from))]);
}

/** A text of `textOfBytes` as data that is valid Unicode: bytes that are no UTF-8 read `\xff`, all else stays as it is. */
export function legible(text: string): string {
  return text.replace(STRAY, (character) => byteOf(character) ?? character);
}

/** `\xff` for a stray byte. */
function byteOf(character: string): string | undefined {
  const byte = character.length === 1 ? character.charCodeAt(0) - STRAY_BASE : 0;
  return byte >= 0x80 && byte <= 0xff ? `\\x${byte.toString(16)}` : undefined;
}

/** `printable` of a name that may hold any bytes: those that are no UTF-8 read `\xff`. */
export function printableBytes(bytes: Buffer): string {
  return printable(textOfBytes(bytes));
}

/** How many of many are told, as names in passing, or as a list. */
const MOST_NAMED = 3;
const MOST_LISTED = 10;

/** The first of them, escaped; with an ellipsis where there are more. */
export function someOf(names: readonly string[]): string {
  return `${names.slice(0, MOST_NAMED).map(printable).join(', ')}${names.length > MOST_NAMED ? ', …' : ''}`;
}

/** The first ten, and how many more there are. Not escaped. */
export function listed(texts: readonly string[]): string {
  return `${texts.slice(0, MOST_LISTED).join(', ')}${texts.length > MOST_LISTED ? `, and ${texts.length - MOST_LISTED} more` : ''}`;
}

/** Of what a program said when it failed: mostly that says why. Escaped. */
export function firstLineOf(text: string): string {
  return printable(text.trim().split('\n')[0] ?? '');
}

/** `printable`, cut to a number of characters with an ellipsis. */
export function shorten(text: string, length: number): string {
  const safe = printable(text);
  return safe.length <= length ? safe : `${safe.slice(0, Math.max(0, length - 1))}…`;
}

/** For a person to paste: a name that an attacker chose must not become a command. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** The same for a shell that knows `$'…'` (bash, zsh, ksh), with each character as it is and not as it is shown; bytes that are no UTF-8, which no argument of ours can have, as they are shown. */
export function exactShellWord(text: string): string {
  const safe = text.replace(/['\\]/g, String.raw`\$&`);
  return `$'${safe.replace(UNPRINTABLE, (character) => byteOf(character)?.replace('\\', String.raw`\\`) ?? [...Buffer.from(character)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''))}'`;
}

/** A whole command, in which what is plain stays as it is. */
export function shellLine(words: readonly string[]): string {
  return words.map((word) => (/^[\w./:=@%+,-]+$/.test(word) ? word : shellWord(word))).join(' ');
}
