/** What the terminal of this process can do. */

/** What terminals are called that understand no sequences, or of which nothing is known. */
const PLAIN: readonly (string | undefined)[] = [undefined, '', 'dumb', 'unknown'];

/** Whether the terminal can be drawn on: what it shows already can be replaced. */
export function movesCursor(): boolean {
  return !PLAIN.includes(process.env['TERM']);
}
