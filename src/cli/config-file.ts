/** The configuration file: YAML, checked, and trusted only when nobody else may write it. */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { errnoOf, messageOf, TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import type { FileSettings } from './config-schema.ts';

export const DEFAULT_CONFIG = '/etc/tickward/config.yaml';

/** Who besides its owner may not write what root reads; a user's own group may be one of that user alone. */
const BY_OTHERS = 0o022;
const BY_ANYONE = 0o002;

/** Reads and checks the file. One that was named must be there; the default one may be missing. */
export async function readConfig(path: string, mustExist: boolean, uid: number): Promise<FileSettings> {
  let content: string;
  try {
    content = readTrusted(path, uid);
  } catch (error) {
    if (error instanceof TickwardError) throw error;
    if (!mustExist && errnoOf(error) === 'ENOENT') return {};
    throw new TickwardError('BAD_INPUT', `the configuration ${printable(path)} cannot be read: ${messageOf(error)}`, { hint: 'check the path and its permissions' });
  }
  // Loaded only for those who have such a file: it takes a third of the start.
  const { parseConfig } = await import('./config-schema.ts');
  return parseConfig(content, path);
}

/** It says where state is kept and who is let through an isolated host: whoever may write it decides that. */
function readTrusted(path: string, uid: number): string {
  const fd = openSync(path, 'r');
  try {
    const stat = fstatSync(fd);
    const shown = printable(path);
    if (stat.uid !== 0 && stat.uid !== uid) throw new TickwardError('REFUSED', `the configuration ${shown} belongs to uid ${stat.uid}: it is not read`, { hint: `look at it, then: chown ${uid === 0 ? 'root:' : uid} ${shown}` });
    if ((stat.mode & (uid === 0 ? BY_OTHERS : BY_ANYONE)) !== 0) throw new TickwardError('REFUSED', `the configuration ${shown} can be written by others (mode ${(stat.mode & 0o7777).toString(8).padStart(4, '0')}): it is not read`, { hint: `look at it, then: chmod go-w ${shown}` });
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}
