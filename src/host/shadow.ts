/** What /etc/shadow says of an account (shadow(5)), without its hash: that never leaves this file. */
import { readFileSync } from 'node:fs';
import { errnoOf } from '../model/errors.ts';

export interface ShadowEntry {
  /** The password field begins with `!`: usermod(8), --lock. */
  locked: boolean;
  /** What is behind the mark: nothing at all (whoever asks gets in), `*` or the like (no password fits), or a hash. */
  password: 'empty' | 'none' | 'hash';
  /** Days since the epoch; empty where it is not set. 0: it has to be changed at the next login. */
  lastChange: string;
  /** Days since the epoch from which on nobody logs in; empty for never. */
  expires: string;
}

/** name:password:last change:min:max:warn:inactive:expires:reserved. The first line of a name counts, as for getspnam(3). */
export function parseShadow(text: string, name: string): ShadowEntry | undefined {
  const line = text.split('\n').find((each) => each.startsWith(`${name}:`));
  if (line === undefined) return undefined;
  const [, field = '', lastChange = '', , , , , expires = ''] = line.split(':');
  const secret = field.replace(/^!/, '');
  return { locked: field.startsWith('!'), password: secret === '' ? 'empty' : /^(?:\$|[./0-9A-Za-z]{13}$)/.test(secret) ? 'hash' : 'none', lastChange, expires };
}

/** Undefined where the account is not kept there: in a directory service, or nowhere. Throws the system error where it may not be read. */
export function shadowOf(name: string): ShadowEntry | undefined {
  try {
    return parseShadow(readFileSync('/etc/shadow', 'utf8'), name);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
