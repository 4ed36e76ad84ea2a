/**
 * IP addresses and networks in CIDR form. No node: module: rules are pure. IPv4 counts as the part ::ffff:0:0/96 of IPv6,
 * as in Lucene's index of addresses: 10.0.0.1 and ::ffff:10.0.0.1 are the same, and ::/0 holds both.
 */

export interface Network {
  /** What is left of an address without the bits that may differ. */
  prefix: bigint;
  /** How many bits may differ. */
  shift: bigint;
}

const BITS = 128;
const MAPPED = 0xffffn << 32n;

/** `10.0.0.0/8` or `fe80::/10`; an address alone is a network of one. undefined for anything else. */
export function parseNetwork(text: string): Network | undefined {
  const [base = '', length, more] = text.split('/');
  const address = parseAddress(base);
  if (address === undefined || more !== undefined || (length !== undefined && !/^\d{1,3}$/.test(length))) return undefined;
  const bits = base.includes(':') ? BITS : 32;
  const kept = length === undefined ? bits : Number(length);
  if (kept > bits) return undefined;
  const shift = BigInt(bits - kept);
  return { prefix: address >> shift, shift };
}

export function contains({ prefix, shift }: Network, address: bigint): boolean {
  return address >> shift === prefix;
}

/** 128 bits. undefined for what is no address. */
export function parseAddress(text: string): bigint | undefined {
  // The longest way to write one is 45 characters (RFC 4291, 2.2 with an embedded IPv4 address).
  if (text.length > 45) return undefined;
  if (text.includes(':')) return v6(text);
  const short = v4(text);
  return short === undefined ? undefined : MAPPED | short;
}

/** Without leading zeros: some read them as octal. */
function v4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || parts.some((part) => !/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

function v6(text: string): bigint | undefined {
  const [head = '', tail, more] = text.split('::');
  if (more !== undefined) return undefined;
  const front = groups(head, tail === undefined);
  const back = groups(tail ?? '', true);
  if (front === undefined || back === undefined) return undefined;
  const missing = 8 - front.length - back.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  return [...front, ...Array<bigint>(missing).fill(0n), ...back].reduce((sum, group) => (sum << 16n) + group, 0n);
}

/** Groups of 16 bits; only the end of an address may be written as IPv4. */
function groups(text: string, isEnd: boolean): bigint[] | undefined {
  if (text === '') return [];
  const found: bigint[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    const embedded = isEnd && index === parts.length - 1 ? v4(part) : undefined;
    if (embedded !== undefined) found.push(embedded >> 16n, embedded & 0xffffn);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) found.push(BigInt(`0x${part}`));
    else return undefined;
  }
  return found;
}
