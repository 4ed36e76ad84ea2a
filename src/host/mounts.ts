/** What is mounted in our namespace, by /proc/self/mounts (proc(5), fstab(5)). */
import { readFileSync } from 'node:fs';
import { textOfBytes } from '../model/text.ts';

export interface Mount {
  device: string;
  /** In the form of `textOfBytes`. */
  path: string;
  type: string;
  /** Separated by commas. */
  options: string;
}

/** Blanks, tabs, line breaks, `#` and backslashes are written `\040` and the like. */
export function parseMounts(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [device, path, type, options] = line.split(' ').map(unescape);
    return device === undefined || path === undefined || type === undefined || options === undefined ? [] : [{ device, path, type, options }];
  });
}

function unescape(text: string): string {
  return text.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

export function readMounts(): Mount[] {
  return parseMounts(textOfBytes(readFileSync('/proc/self/mounts')));
}
