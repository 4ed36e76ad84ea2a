/** Permissions as osquery and stat(1) print them. */

/** The permission bits of a mode, in octal with a leading zero: `0644`. */
export function modeText(mode: number | bigint): string {
  return (Number(mode) & 0o7777).toString(8).padStart(4, '0');
}
