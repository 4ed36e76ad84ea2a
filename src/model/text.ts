/** Text that an attacker may have written, made safe to print. */

// C0, DEL, C1, and the format characters that reorder or hide text on a terminal (bidi controls, zero-width, line and paragraph separators, BOM, tags, lone surrogates).
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/gu;

const SHORT: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\u001b': '\\e', '\0': '\\0' };

/** The text with every character that could move, hide or colour something on a terminal written as an escape. Backslashes stay single: it is for reading, not for reading back. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => SHORT[character] ?? `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`);
}

/** A whole UTF-8 sequence (RFC 3629) of bytes read as latin1, or one byte that belongs to none. */
const UTF8 = /[\x00-\x7f]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[\x80-\xff]/g;

/** `printable` of a name that may hold any bytes: those that are no UTF-8 read `\xff`. */
export function printableBytes(bytes: Buffer): string {
  const text = bytes.toString();
  if (!text.includes('\ufffd')) return printable(text);
  return bytes.toString('latin1').replace(UTF8, (sequence) => (sequence.length === 1 && sequence >= '\x80' ? `\\x${sequence.charCodeAt(0).toString(16)}` : printable(Buffer.from(sequence, 'latin1').toString())));
}

/** `printable`, cut to a number of characters with an ellipsis. */
export function shorten(text: string, length: number): string {
  const safe = printable(text);
  return safe.length <= length ? safe : `${safe.slice(0, Math.max(0, length - 1))}…`;
}
