/** Text that an attacker may have written, made safe to print. */

// C0, DEL, C1, and the format characters that reorder or hide text on a terminal (bidi controls, zero-width, line and paragraph separators, BOM, tags, lone surrogates).
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/gu;

const SHORT: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\u001b': '\\e', '\0': '\\0' };

/** The text with every character that could move, hide or colour something on a terminal written as an escape; a backslash is doubled only where `unambiguous` is asked for. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => SHORT[character] ?? `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`);
}

/** `printable`, cut to a number of characters with an ellipsis. */
export function shorten(text: string, length: number): string {
  const safe = printable(text);
  return safe.length <= length ? safe : `${safe.slice(0, Math.max(0, length - 1))}…`;
}
