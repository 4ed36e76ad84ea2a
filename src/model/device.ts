/** Numbers of devices, as stat(2) gives them. */

/** glibc's gnu_dev_major and gnu_dev_minor: both are in two pieces. */
export function numbersOf(dev: bigint): { major: bigint; minor: bigint } {
  return { major: ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xffff_f000n), minor: (dev & 0xffn) | ((dev >> 12n) & 0xffff_ff00n) };
}
