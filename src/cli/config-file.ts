/** The configuration file: YAML, checked, and trusted only when nobody else may write it. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { errnoOf, TickwardError, unreadable } from '../model/errors.ts';
import { modeText } from '../model/mode.ts';
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
    throw unreadable(`the configuration ${printable(path)}`, error);
  }
  // Loaded only for those who have such a file: it takes a third of the start.
  const { parseConfig } = await import('./config-schema.ts');
  return parseConfig(content, path);
}

/** It says where state is kept and who is let through an isolated host: whoever may write it decides that. */
function readTrusted(path: string, uid: number): string {
  // A FIFO that nobody writes to would keep whoever opens it waiting.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const stat = fstatSync(fd);
    const shown = printable(path);
    // First: whoever followed the advice for a file that others can write would close a directory such as /tmp to everybody.
    if (!stat.isFile()) throw new TickwardError('BAD_INPUT', `the configuration ${shown} is ${stat.isDirectory() ? 'a directory' : 'no regular file'}`, { hint: 'give the path of a file with --config' });
    if (stat.uid !== 0 && stat.uid !== uid) throw new TickwardError('REFUSED', `the configuration ${shown} belongs to uid ${stat.uid}: it is not read`, { hint: `look at it, then: chown ${uid === 0 ? 'root:' : uid} ${shown}` });
    if ((stat.mode & (uid === 0 ? BY_OTHERS : BY_ANYONE)) !== 0) throw new TickwardError('REFUSED', `the configuration ${shown} can be written by others (mode ${modeText(stat.mode)}): it is not read`, { hint: `look at it, then: chmod go-w ${shown}` });
    return textOf(readFileSync(fd), shown);
  } finally {
    closeSync(fd);
  }
}

function textOf(bytes: Buffer, shown: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new TickwardError('BAD_INPUT', `the configuration ${shown} is no text in UTF-8`, { hint: 'check that it is the right file; iconv changes the encoding of a text', cause: error });
  }
}
