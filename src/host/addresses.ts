/** IP addresses as bytes in network order (4 or 16 of them) and as text. */
import { isIPv4, isIPv6 } from 'node:net';

const GROUPS = 8;

/** Undefined for text that is no address: no leading zeros, no zone (`%eth0`), as inet_pton(3). */
export function parseAddress(text: string): Buffer | undefined {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number));
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const plain = text.replace(/[0-9.]+\.[0-9]+$/, (dotted) => {
    const [a = 0, b = 0, c = 0, d = 0] = dotted.split('.').map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [head = '', tail] = plain.split('::');
  const groupsOf = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const [before, after] = [groupsOf(head), groupsOf(tail ?? '')];
  const bytes = Buffer.alloc(2 * GROUPS);
  [...before, ...Array.from({ length: GROUPS - before.length - after.length }, () => 0), ...after].forEach((group, index) => bytes.writeUInt16BE(group, 2 * index));
  return bytes;
}

/** As inet_ntop(3) of glibc writes it: the first longest run of two zero groups or more as `::`, dotted where it embeds an IPv4 address. */
export function formatAddress(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: GROUPS }, (_, index) => bytes.readUInt16BE(2 * index));
  const { start, length } = longestZeros(groups);
  const embedsIPv4 = start === 0 && (length === 6 || (length === 5 && groups[5] === 0xffff));
  const written = (from: number, to: number): string => groups.slice(from, to).map((group) => group.toString(16)).join(':');
  if (embedsIPv4) return `::${length === 5 ? 'ffff:' : ''}${bytes.subarray(12).join('.')}`;
  return length < 2 ? written(0, GROUPS) : `${written(0, start)}::${written(start + length, GROUPS)}`;
}

function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start += 1) {
    let end = start;
    while (groups[end] === 0) end += 1;
    if (end - start > best.length) best = { start, length: end - start };
    start = end;
  }
  return best;
}

/** The mask of a prefix length as an address: 24 is `255.255.255.0`. `size` is 4 or 16. */
export function maskOf(prefix: number, size: number): Buffer {
  return Buffer.from(Array.from({ length: size }, (_, index) => 0xff & ~(0xff >> Math.max(0, Math.min(8, prefix - 8 * index)))));
}

const MAPPED = Buffer.from('00000000000000000000ffff', 'hex');

/** An IPv4 address in IPv6 form (`::ffff:192.0.2.1`) as what it is; every other as it is. */
export function unmapped(bytes: Buffer): Buffer {
  return bytes.length === 16 && bytes.subarray(0, MAPPED.length).equals(MAPPED) ? bytes.subarray(MAPPED.length) : bytes;
}
