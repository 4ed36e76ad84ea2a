/** osquery's `authorized_keys`: who may log in as whom by a key (sshd(8), AUTHORIZED_KEYS FILE FORMAT). */
import type { Row, Table } from '../../model/table.ts';
import { usersAsked } from './homes.ts';
import { linesOf } from './lines.ts';

const FILES = ['.ssh/authorized_keys', '.ssh/authorized_keys2'];

/** All that OpenSSH knows, security keys and certificates included; osquery leaves out what it does not know. */
const ALGORITHM = /^(?:ssh-[a-z0-9-]+|ecdsa-sha2-[a-z0-9-]+|sk-(?:ssh|ecdsa)-[a-z0-9-]+)(?:@openssh\.com)?$/;

export const authorized_keys: Table = {
  name: 'authorized_keys',
  description: 'A line-delimited authorized_keys table.',
  columns: [
    { name: 'uid', type: 'BIGINT', additional: true },
    { name: 'algorithm', type: 'TEXT' },
    { name: 'key', type: 'TEXT' },
    { name: 'options', type: 'TEXT' },
    { name: 'comment', type: 'TEXT' },
    { name: 'key_file', type: 'TEXT' },
    { name: 'pid_with_namespace', type: 'INTEGER', additional: true, hidden: true },
  ],
  *generate(context) {
    for (const { uid, home } of usersAsked(context)) {
      for (const file of FILES) {
        const key_file = `${home}/${file}`;
        for (const line of linesOf(key_file, context)) {
          const row = parseAuthorizedKey(line);
          if (row !== undefined) yield { uid, ...row, key_file, pid_with_namespace: 0 };
        }
      }
    }
  },
};

/** The parts of a line; undefined for one that sshd does not take for a key either. */
export function parseAuthorizedKey(text: string): Row | undefined {
  const line = text.trim();
  if (line === '' || line.startsWith('#')) return undefined;
  const options = ALGORITHM.test(/^\S*/.exec(line)?.[0] ?? '') ? '' : optionsOf(line);
  const [, algorithm = '', key = '', comment = ''] = /^(\S+)\s+(\S+)\s*(.*)$/s.exec(line.slice(options.length).trimStart()) ?? [];
  return ALGORITHM.test(algorithm) && key !== '' ? { algorithm, key, options, comment } : undefined;
}

/** Up to the first blank outside of double quotes; a backslash before a quote keeps it from ending them. */
function optionsOf(line: string): string {
  return /^(?:"(?:\\"|[^"])*"|[^\s"])*/.exec(line)?.[0] ?? '';
}
