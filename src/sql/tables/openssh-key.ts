/** The outside of a private key in OpenSSH's own form (its PROTOCOL.key): how it is encrypted, and the public key. */

const FRAME = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]*)-----END OPENSSH PRIVATE KEY-----/;
const MAGIC = Buffer.from('openssh-key-v1\0');
const CURVES: Record<string, string> = { nistp256: 'prime256v1', nistp384: 'secp384r1', nistp521: 'secp521r1' };

export interface OpenSshKey {
  encrypted: boolean;
  key_type: string;
  key_group_name: string;
  /** Bits, -1 where not known. */
  key_length: number;
}

/** undefined for what is no such key. */
export function parseOpenSsh(text: string): OpenSshKey | undefined {
  const bytes = Buffer.from(FRAME.exec(text)?.[1] ?? '', 'base64');
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const [cipher, , , rest] = strings(bytes.subarray(MAGIC.length), 3);
  if (cipher === undefined || rest === undefined || rest.length < 4) return undefined;
  // Behind the three texts stands the number of keys, which is 1, and the public key.
  const [publicKey] = strings(rest.subarray(4), 1);
  return { encrypted: cipher.toString('latin1') !== 'none', ...kindOf(publicKey ?? Buffer.alloc(0)) };
}

function kindOf(publicKey: Buffer): Omit<OpenSshKey, 'encrypted'> {
  const [name, first, second] = strings(publicKey, 3);
  switch (name?.toString('latin1').replace(/-cert-v01@openssh\.com$/, '')) {
    case 'ssh-rsa':
      return { key_type: 'rsa', key_group_name: '', key_length: bitLength(second) };
    case 'ssh-dss':
      return { key_type: 'dsa', key_group_name: '', key_length: bitLength(first) };
    case 'ssh-ed25519':
      return { key_type: '', key_group_name: '', key_length: 253 };
    default: {
      const curve = first?.toString('latin1') ?? '';
      return curve in CURVES ? { key_type: 'ec', key_group_name: CURVES[curve] ?? '', key_length: Number(curve.slice(-3)) } : { key_type: '', key_group_name: '', key_length: -1 };
    }
  }
}

/** Up to `count` texts with their length in front (RFC 4251, string), and what is behind them. */
function strings(bytes: Buffer, count: number): (Buffer | undefined)[] {
  const found: (Buffer | undefined)[] = [];
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    const length = at + 4 <= bytes.length ? bytes.readUInt32BE(at) : Number.POSITIVE_INFINITY;
    if (at + 4 + length > bytes.length) return [...found, ...Array.from({ length: count - index + 1 }, () => undefined)];
    found.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return [...found, bytes.subarray(at)];
}

/** Of an mpint (RFC 4251). */
function bitLength(bytes: Buffer | undefined): number {
  const start = bytes?.findIndex((byte) => byte !== 0) ?? -1;
  if (bytes === undefined || start < 0) return -1;
  return (bytes.length - start) * 8 - Math.clz32(bytes[start] ?? 0) + 24;
}
