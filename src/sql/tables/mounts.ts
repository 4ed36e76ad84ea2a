/** osquery's `mounts`: /proc/self/mounts and statfs(2). Counts are whole, where osquery keeps their lower 32 bits. */
import { realpathSync, statfsSync } from 'node:fs';
import { readMounts } from '../../host/mounts.ts';
import { messageOf } from '../../model/errors.ts';
import type { QueryContext, Row, Table } from '../../model/table.ts';
import { bytesOfText, legible } from '../../model/text.ts';

const COUNTS = ['blocks_size', 'blocks', 'blocks_free', 'blocks_available', 'inodes', 'inodes_free'];
const NO_COUNTS: Row = Object.fromEntries(COUNTS.map((column) => [column, 0]));

export const mounts: Table = {
  name: 'mounts',
  description: 'System mounted devices and filesystems (not process specific).',
  columns: [
    { name: 'device', type: 'TEXT' },
    { name: 'device_alias', type: 'TEXT' },
    { name: 'path', type: 'TEXT' },
    { name: 'type', type: 'TEXT' },
    { name: 'blocks_size', type: 'BIGINT' },
    { name: 'blocks', type: 'BIGINT' },
    { name: 'blocks_free', type: 'BIGINT' },
    { name: 'blocks_available', type: 'BIGINT' },
    { name: 'inodes', type: 'BIGINT' },
    { name: 'inodes_free', type: 'BIGINT' },
    { name: 'flags', type: 'TEXT' },
  ],
  *generate(context) {
    const counted = COUNTS.some((column) => context.uses(column));
    for (const { device, path, type, options } of readMounts()) {
      context.checkpoint();
      yield { device: legible(device), device_alias: context.uses('device_alias') ? aliasOf(device) : undefined, path: legible(path), type, flags: options, ...(counted ? countsOf(path, type, context) : {}) };
    }
  },
};

/** Where the name of the device leads: /dev/mapper/root to /dev/dm-0. */
function aliasOf(device: string): string {
  try {
    return device.startsWith('/') ? realpathSync(device) : legible(device);
  } catch {
    return legible(device);
  }
}

/** Asking an autofs would mount it. */
function countsOf(path: string, type: string, context: QueryContext): Row {
  if (type === 'autofs') return NO_COUNTS;
  try {
    const { bsize, blocks, bfree, bavail, files, ffree } = statfsSync(bytesOfText(path), { bigint: true });
    return { blocks_size: bsize, blocks, blocks_free: bfree, blocks_available: bavail, inodes: files, inodes_free: ffree };
  } catch (error) {
    context.warn(`the size of ${legible(path)} is not known: ${messageOf(error)}`);
    return NO_COUNTS;
  }
}
