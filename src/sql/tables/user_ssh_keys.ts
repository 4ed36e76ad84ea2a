/** osquery's `user_ssh_keys`: private keys in users' .ssh folders, whether a passphrase protects them, and how strong they are. The key itself is not kept. */
import { createPrivateKey } from 'node:crypto';
import type { Row, Table } from '../../model/table.ts';
import { legible } from '../../model/text.ts';
import { filesIn, usersAsked } from './homes.ts';
import { readWhole } from './lines.ts';
import { parseOpenSsh } from './openssh-key.ts';

/** A key of 16,384 bits has 13 KB. */
const MOST_BYTES = 64 * 1024;

export const user_ssh_keys: Table = {
  name: 'user_ssh_keys',
  description: 'Returns the private keys in the users ~/.ssh directory and whether or not they are encrypted.',
  columns: [
    { name: 'uid', type: 'BIGINT', additional: true, optimized: true },
    { name: 'path', type: 'TEXT', index: true },
    { name: 'encrypted', type: 'INTEGER' },
    { name: 'key_type', type: 'TEXT' },
    { name: 'key_group_name', type: 'TEXT' },
    { name: 'key_length', type: 'INTEGER' },
    { name: 'key_security_bits', type: 'INTEGER' },
    { name: 'pid_with_namespace', type: 'INTEGER', additional: true, hidden: true },
  ],
  *generate(context) {
    for (const { uid, home } of usersAsked(context)) {
      for (const path of filesIn(`${home}/.ssh`, context)) {
        context.checkpoint();
        const text = readWhole(context, path, { mayBeAbsent: true, most: MOST_BYTES });
        if (text?.includes('PRIVATE KEY') === true) yield { uid, path: legible(path), ...keyOf(text), pid_with_namespace: 0 };
      }
    }
  },
};

interface Kind {
  key_type: string;
  key_group_name: string;
  /** Bits. */
  key_length: number;
}

/** Type and group '' and numbers -1 where the file does not say, as for a key in PEM form with a passphrase. */
export function keyOf(pem: string): Row {
  const openSsh = parseOpenSsh(pem);
  const kind = openSsh ?? pemKind(pem);
  const encrypted = openSsh?.encrypted ?? pem.includes('ENCRYPTED');
  return { encrypted: Number(encrypted), key_type: kind?.key_type ?? '', key_group_name: kind?.key_group_name ?? '', key_length: kind?.key_length ?? -1, key_security_bits: kind === undefined ? -1 : securityBits(kind) };
}

function pemKind(pem: string): Kind | undefined {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey(pem);
    const bits = asymmetricKeyDetails?.modulusLength;
    if (bits !== undefined) return { key_type: asymmetricKeyType ?? '', key_group_name: '', key_length: bits };
    const curve = asymmetricKeyDetails?.namedCurve;
    if (curve !== undefined) return { key_type: 'ec', key_group_name: curve, key_length: Number(/\d{3}/.exec(curve)?.[0] ?? -1) };
    // OpenSSL counts 253 bits of this curve; it is none of the types that osquery names.
    return asymmetricKeyType === 'ed25519' ? { key_type: '', key_group_name: '', key_length: 253 } : undefined;
  } catch {
    return undefined;
  }
}

/** NIST SP 800-57 part 1, table 2, and 152 for RSA of 4096 bits, as OpenSSL reckons. */
const RSA_SECURITY: readonly [from: number, bits: number][] = [[15360, 256], [7680, 192], [4096, 152], [3072, 128], [2048, 112], [1024, 80]];

function securityBits({ key_type, key_length }: Kind): number {
  if (key_type === 'rsa' || key_type === 'dsa') return RSA_SECURITY.find(([from]) => key_length >= from)?.[1] ?? 0;
  return key_length < 0 ? -1 : Math.min(256, Math.ceil(key_length / 2 / 8) * 8);
}
