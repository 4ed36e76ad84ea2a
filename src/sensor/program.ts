/** The absolute path of a program: the kernel's map has it only as it was passed (`./evil`, a link), or as its file is named. */
import { readlinkSync, realpathSync, statSync } from 'node:fs';
import * as proc from '../host/proc.ts';
import type { Image } from './bpf/images.ts';
import { TICK_NS } from './constants.ts';
import { isNameOf as isName } from './decide.ts';
import type { Opened } from './exec-log.ts';
import { deviceText, type Handles } from './filesystems.ts';

const DELETED = / \(deleted\)$/;

/** What the kernel names a program that was run from memory (memfd_create(2)). */
const MEMORY = 'memfd:';

export function isInMemory(image: Image): boolean {
  return image.nlink === 0 && image.name.startsWith(MEMORY);
}

/** Each way is checked by the file's number, so that a file put in its place later gives no wrong path. undefined when no way leads to it. */
export function pathOfImage(image: Image, opened?: Opened, handles?: Handles): string | undefined {
  if (isInMemory(image)) return `/${image.name}`;
  return livePath(image) ?? openedPath(image, opened, handles) ?? passedPath(image);
}

/** By /proc, while the process or (for a child that ran nothing else) its parent has the same file as its program. */
function livePath(image: Image): string | undefined {
  for (const pid of image.how === 'fork' ? [image.pid, image.parent] : [image.pid]) {
    try {
      const link = `/proc/${pid}/exe`;
      const path = readlinkSync(link);
      const stat = statSync(link, { bigint: true });
      if (stat.ino === image.inode && isSameDevice(image, stat.dev) && (pid !== image.pid || isSameProcess(image))) return path.replace(DELETED, '');
    } catch {
      // Ended, or not ours to look at.
    }
  }
  return undefined;
}

export function isSameProcess(image: Image): boolean {
  return proc.statOf(image.pid)?.startTicks === image.start / TICK_NS;
}

/** By the directory in which the kernel logged that it was opened. */
function openedPath(image: Image, opened: Opened | undefined, handles: Handles | undefined): string | undefined {
  if (opened === undefined || handles === undefined || !isNameOf(opened, image) || !handles.isOn(opened.directory, deviceOf(image))) return undefined;
  return pathOfOpened(opened, handles);
}

/** Whether what was opened has the name of this program: the map has it as text, the log as bytes. */
export function isNameOf(opened: Opened, image: Pick<Image, 'name'>): boolean {
  return isName(opened, { name: Buffer.from(image.name).toString('latin1') });
}

export function pathOfOpened(opened: Opened, handles: Handles): string | undefined {
  const directory = handles.pathOf(opened.directory);
  return directory === undefined ? undefined : `${directory === '/' ? '' : directory}/${Buffer.from(opened.name, 'latin1').toString()}`;
}

/** By the path that was passed, with links resolved as they are now. */
function passedPath(image: Image): string | undefined {
  if (!image.path.startsWith('/')) return undefined;
  try {
    const real = realpathSync(image.path);
    const stat = statSync(real, { bigint: true });
    if (stat.ino === image.inode && isSameDevice(image, stat.dev)) return real;
  } catch {
    // Removed meanwhile.
  }
  // Removed or replaced: as it was called, when that is the file's own name and so no link.
  return image.path.endsWith(`/${image.name}`) ? image.path : undefined;
}

/** btrfs and overlay show other device numbers to programs than the kernel has inside: there the file's number must do. */
function isSameDevice(image: Image, dev: bigint): boolean {
  return deviceText(dev) === deviceOf(image) || image.device.major === 0;
}

function deviceOf({ device }: Image): string {
  return `${device.major}:${device.minor}`;
}
