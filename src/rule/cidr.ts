/** IP addresses and networks in CIDR form, as numbers. No node: module: rules are pure. */

export function isIPv4(text: string): boolean {
  return v4(text) !== undefined;
}

export function isIPv6(text: string): boolean {
  return v6(text) !== undefined;
}

export const networks = {
  isNetwork(text: string): boolean {
    return networks.contains(text, text.split('/')[0] ?? '');
  },

  /** Whether `10.0.0.0/8` or `fe80::/10` holds the address; an address alone is a network of one. */
  contains(network: string, address: string): boolean {
    const [base = '', length, more] = network.split('/');
    if (more !== undefined) return false;
    const wide = v4(base) === undefined;
    const [first, second] = wide ? [v6(base), v6(address)] : [v4(base), v4(address)];
    if (first === undefined || second === undefined) return false;
    const bits = wide ? 128 : 32;
    if (length !== undefined && !/^\d{1,3}$/.test(length)) return false;
    const prefix = length === undefined ? bits : Number(length);
    if (prefix > bits) return false;
    const shift = BigInt(bits - prefix);
    return first >> shift === second >> shift;
  },
};

function v4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

function v6(text: string): bigint | undefined {
  const [head, tail, more] = text.split('::');
  if (head === undefined || more !== undefined) return undefined;
  const front = groups(head);
  const back = tail === undefined ? [] : groups(tail);
  if (front === undefined || back === undefined) return undefined;
  const missing = 8 - front.length - back.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  return [...front, ...Array<bigint>(missing).fill(0n), ...back].reduce((sum, group) => (sum << 16n) + group, 0n);
}

function groups(text: string): bigint[] | undefined {
  if (text === '') return [];
  const found: bigint[] = [];
  for (const part of text.split(':')) {
    const embedded = v4(part);
    if (embedded !== undefined) found.push(embedded >> 16n, embedded & 0xffffn);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) found.push(BigInt(`0x${part}`));
    else return undefined;
  }
  return found;
}
