/** Regular expressions that are put together. */

/** A text as a part of one that means just this text. */
export function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
