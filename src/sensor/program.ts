/** The absolute path of a program: the kernel's map has it only as it was passed (`./evil`, a link), or as its file is named. */
import { realpathSync, type BigIntStats } from 'node:fs';
import { asSeenBy, executableOf, fileAt, type Executable } from '../host/executable.ts';
import * as proc from '../host/proc.ts';
import type { Image, Images } from './bpf/images.ts';
import { FIELDS } from './bpf/record.ts';
import { ofFile, TICK_NS } from './clocks.ts';
import { isNameOf as isName } from './decide.ts';
import { OPENED_BEFORE_NS, type Opened } from './exec-log.ts';
import { deviceOfMount, deviceText, type Handles } from './filesystems.ts';

/** What the kernel names a program that was run from memory (memfd_create(2)). */
const MEMORY = 'memfd:';

export function isInMemory(image: Image): boolean {
  return image.nlink === 0 && image.name.startsWith(MEMORY);
}

/**
 * Each way is checked by the file's number, so that a file put in its place later, or one that has its name in another mount namespace, gives no wrong path.
 * Where only the process itself had the path it is said so (`asSeenBy`). `opened`: what the process had opened before. undefined when nothing is known.
 */
export function pathOfImage(image: Image, images: Pick<Images, 'since'> | undefined, opened: readonly Opened[] = [], handles?: Handles): string | undefined {
  if (isInMemory(image)) return `/${image.name}`;
  const live = liveProgram(image, images);
  if (live?.isElsewhere === false) return live.path;
  return openedPath(image, opened, handles) ?? (live === undefined ? passedPath(image) : asSeenBy(image.pid, live.path));
}

/** By /proc, while the process or (for a child that ran nothing else) its parent has the same file as its program. */
function liveProgram(image: Image, images: Pick<Images, 'since'> | undefined): Executable | undefined {
  for (const pid of image.how === 'fork' ? [image.pid, image.parent] : [image.pid]) {
    const found = executableOf(pid);
    if (found?.file === undefined || !hasNumbersOf(image, found.file) || (pid === image.pid && !isSameProcess(image))) continue;
    // On btrfs any user can have a file with the numbers of this one, in a subvolume of theirs: there it must have run nothing since.
    if (deviceText(found.file.dev) === deviceOf(image) || (images !== undefined && images.since(pid) <= image.since)) return found;
  }
  return undefined;
}

export function isSameProcess(image: Image): boolean {
  return proc.statOf(image.pid)?.startTicks === image.start / TICK_NS;
}

/**
 * By the directory in which the kernel logged that it was opened: the one that has its file. Where that is gone, the only one there is, unless another file was there before: not all that is
 * opened runs, and any process can open a program of this name and fail to run it, while its own was opened long before it began. A fork opened none.
 */
function openedPath(image: Image, opened: readonly Opened[], handles: Handles | undefined): string | undefined {
  if (handles === undefined || image.how === 'fork') return undefined;
  // On btrfs files of several subvolumes have the same numbers: there only one that is the only one.
  const isNumbered = image.device.major !== 0;
  const programs = opened.filter((each) => isNameOf(each, image) && (!isNumbered || isOfBeginning(each, image)) && handles.isOn(each.directory, deviceOf(image)));
  const directories = new Map(programs.map((each) => [each.directory, each]));
  const paths = [...directories.values()].flatMap((each) => pathOfOpened(each, handles) ?? []);
  const [found, another] = paths.filter((path) => isAt(image, path));
  if (found !== undefined) return isNumbered || another === undefined ? found : undefined;
  return directories.size === 1 ? paths.find((path) => isReplaced(path, image)) : undefined;
}

/** Nothing is there, or what has come or changed since: nobody but who may write there can have that be so. */
function isReplaced(path: string, { since }: Image): boolean {
  const file = fileAt(path);
  return file === undefined || ofFile(file.ctimeNs) > since;
}

function isOfBeginning({ bracket }: Opened, { since }: Image): boolean {
  return bracket.after <= since && since - OPENED_BEFORE_NS <= bracket.before;
}

/** Whether what was opened has the name of this program: the map has it as text, the log as bytes. */
export function isNameOf(opened: Opened, image: Pick<Image, 'name'>): boolean {
  return isName(opened, { name: Buffer.from(image.name).toString('latin1') });
}

export function pathOfOpened(opened: Opened, handles: Handles): string | undefined {
  const directory = handles.pathOf(opened.directory);
  return directory === undefined ? undefined : `${directory === '/' ? '' : directory}/${Buffer.from(opened.name, 'latin1').toString()}`;
}

/** By the path that was passed, with links resolved as they are now. Removed or replaced since, or named so only where the process was (chroot(2)): as it had it. Cut off, it is another. */
function passedPath(image: Image): string | undefined {
  if (image.path === '' || Buffer.byteLength(image.path) >= FIELDS.path.size - 1) return undefined;
  try {
    const real = realpathSync(image.path);
    if (image.path.startsWith('/') && isAt(image, real)) return real;
  } catch {
    // Removed meanwhile.
  }
  return asSeenBy(image.pid, image.path);
}

function isAt(image: Image, path: string): boolean {
  const file = fileAt(path);
  if (file === undefined || !hasNumbersOf(image, file)) return false;
  // In a mount namespace of their own anybody can have a file with this number at this path, on a tmpfs for one.
  return deviceText(file.dev) === deviceOf(image) || deviceOfMount(path) === deviceOf(image);
}

/** btrfs and overlay show other device numbers to programs than the kernel has inside, each without a major one. */
function hasNumbersOf(image: Image, { ino, dev }: BigIntStats): boolean {
  if (ino !== image.inode) return false;
  const device = deviceText(dev);
  return device === deviceOf(image) || (image.device.major === 0 && device.startsWith('0:'));
}

/** `major:minor` of the file system that it is on, as mountinfo has it. */
export function deviceOf({ device }: Image): string {
  return `${device.major}:${device.minor}`;
}
