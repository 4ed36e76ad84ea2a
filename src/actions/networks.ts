/** IP addresses and networks as people write them, and which holds which. Pure. */
import { formatAddress, maskOf, parseAddress, unmapped } from '../host/addresses.ts';

export interface Network {
  family: 4 | 6;
  /** The first address, without zeros that may be left out; an IPv4 address in IPv6 form (`::ffff:192.0.2.1`) is the IPv4 address. */
  address: string;
  /** Bits of the address that count: 32 or 128 for one address. */
  prefix: number;
}

/** `192.0.2.0/24`, `2001:db8::1`, with or without a zone (`%eth0`), which is left out. Undefined for anything else, also where bits after the prefix are set. */
export function parseNetwork(text: string): Network | undefined {
  const [, written = '', zone, length] = /^([0-9a-fA-F:.]+)(%[^/%\s]+)?(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const parsed = parseAddress(written);
  if (parsed === undefined) return undefined;
  const bytes = unmapped(parsed);
  if (zone !== undefined && bytes.length === 4) return undefined;
  const bits = bytes.length * 8;
  const prefix = length === undefined ? bits : Number(length);
  if (prefix > bits || !masked(bytes, prefix).equals(bytes)) return undefined;
  return { family: bytes.length === 4 ? 4 : 6, address: formatAddress(bytes), prefix };
}

/** That which an address is in. Throws a RangeError for what is no address. */
export function networkAround(address: string, prefix: number): Network {
  const bytes = parseAddress(address);
  if (bytes === undefined) throw new RangeError(`${address} is no address`);
  return { family: bytes.length === 4 ? 4 : 6, address: formatAddress(masked(bytes, prefix)), prefix };
}

/** Whether every address of `inner` is one of `outer`. */
export function holds(outer: Network, inner: Network): boolean {
  const bytes = parseAddress(inner.address);
  return bytes !== undefined && outer.family === inner.family && outer.prefix <= inner.prefix && formatAddress(masked(bytes, outer.prefix)) === outer.address;
}

/** Whether they have an address in common. */
export function overlap(one: Network, other: Network): boolean {
  return holds(one, other) || holds(other, one);
}

/** `192.0.2.1` for one address, `192.0.2.0/24` for more. */
export function networkText({ family, address, prefix }: Network): string {
  return prefix === (family === 4 ? 32 : 128) ? address : `${address}/${prefix}`;
}

function masked(bytes: Buffer, prefix: number): Buffer {
  const mask = maskOf(prefix, bytes.length);
  return bytes.map((byte, index) => byte & (mask[index] ?? 0)) as Buffer;
}
