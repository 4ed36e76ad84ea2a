/** osquery's `kernel_info`: /proc/version and /proc/cmdline (proc(5)). */
import type { Row, Table } from '../../model/table.ts';
import { readWhole, wordsOf } from './lines.ts';

export const kernel_info: Table = {
  name: 'kernel_info',
  description: 'Basic active kernel information.',
  columns: [
    { name: 'version', type: 'TEXT', collate: 'version' },
    { name: 'arguments', type: 'TEXT' },
    { name: 'path', type: 'TEXT' },
    { name: 'device', type: 'TEXT' },
  ],
  *generate(context) {
    yield { ...parseVersion(readWhole(context, '/proc/version') ?? ''), ...parseArguments(readWhole(context, '/proc/cmdline') ?? '') };
  },
};

/** `Linux version 6.1.0-18-amd64 (debian-kernel@…`. */
export function parseVersion(text: string): Row {
  return { version: /^\S+ version (\S+)/.exec(text)?.[1] };
}

/** The boot loader's own word for the image and the root device are columns, not arguments. */
export function parseArguments(text: string): Row {
  const row: Row = {};
  const others: string[] = [];
  for (const word of wordsOf(text)) {
    if (word.startsWith('BOOT_IMAGE=')) row['path'] = word.slice('BOOT_IMAGE='.length);
    else if (word.startsWith('root=')) row['device'] = word.slice('root='.length);
    else others.push(word);
  }
  return { ...row, arguments: others.join(' ') };
}
