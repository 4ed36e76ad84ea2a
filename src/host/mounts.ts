/** What is mounted in our namespace: by /proc/self/mounts (proc(5), fstab(5)), which has devices and options, and by mountinfo (proc_pid_mountinfo(5)), which has the numbers of file systems. */
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

export function parseMounts(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [device, path, type, options] = line.split(' ').map(unescape);
    return device === undefined || path === undefined || type === undefined || options === undefined ? [] : [{ device, path, type, options }];
  });
}

/** Blanks, tabs, line breaks, `#` and backslashes are written `\040` and the like. */
function unescape(text: string): string {
  return text.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

export function readMounts(): Mount[] {
  return parseMounts(textOfBytes(readFileSync('/proc/self/mounts')));
}

export const MOUNTINFO = '/proc/self/mountinfo';

export interface MountInfo {
  /** `major:minor` of the file system, as the kernel has it inside. */
  device: string;
  /** Of `readMountInfo` in latin1, a character for each byte. */
  path: string;
  type: string;
}

export function parseMountInfo(text: string): MountInfo[] {
  return text.split('\n').flatMap((line) => {
    const [before, after] = line.split(' - ');
    const [, , device, , path] = (before ?? '').split(' ');
    const type = after?.split(' ')[0];
    return device === undefined || path === undefined || type === undefined ? [] : [{ device, path: unescape(path), type }];
  });
}

export function readMountInfo(): MountInfo[] {
  return parseMountInfo(readFileSync(MOUNTINFO, 'latin1'));
}
