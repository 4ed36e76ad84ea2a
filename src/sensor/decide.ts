/**
 * Which of the programs that a process ran made a change. Pure.
 *
 * Known are the images of the process with the time each began (the kernel's map), the programs it opened to run them in one order with its changes (the log),
 * and when the change happened at the earliest and latest. The log keeps order but merges: a program that is opened twice between two readings stands once, at
 * the first place. So each image is put to the question "can the change have been made by this one?", and only a single yes is an answer.
 */
import type { Bracket } from './backend.ts';
import type { Opened } from './exec-log.ts';

/** What is asked of an image; the kernel's map knows more of it. */
export interface Ran {
  how: 'exec' | 'fork';
  /** ns of CLOCK_MONOTONIC at which it began. */
  since: bigint;
  /** Name of the program's file, as the log has it; latin1. */
  name: string;
  /** `major:minor` of its file system. */
  device: string;
}

export interface Moment {
  position: number;
  bracket: Bracket;
  /** Several things were merged into one, and this is about the last of them: it happened at this position or later. */
  orLater?: boolean;
}

export interface Decision<Image extends Ran> {
  /** Those that may have made the change, in the order they ran. One: it did. None: what did is not remembered any more. */
  images: Image[];
  /** The program that the log has right before the change is this one. */
  confirmed: boolean;
}

/** `images` in the order they began, with nothing missing after the first; `opened` in the order of the log. */
export function decide<Image extends Ran>(images: readonly Image[], opened: readonly Opened[], moment: Moment, isLogged: (device: string) => boolean): Decision<Image> {
  const possible = images.filter((image, index) => {
    const next = images[index + 1];
    return image.since <= moment.bracket.before && (next === undefined || next.since > moment.bracket.after);
  });
  const feasible = possible.length < 2 ? possible : possible.filter((_, index) => isFeasible(possible, index, opened, moment, isLogged));
  const [only] = feasible;
  return { images: feasible, confirmed: feasible.length === 1 && only !== undefined && only.how === 'exec' && lastBefore(opened, only.name, moment) !== undefined && !contradicted(opened, only, moment) };
}

/** Could the change lie between the beginning of this image and that of the next? */
function isFeasible(images: readonly Ran[], index: number, opened: readonly Opened[], moment: Moment, isLogged: (device: string) => boolean): boolean {
  return images.every((image, other) => {
    // A fork opens nothing, and of programs on some file systems nothing is logged: the log says neither yes nor no.
    if (image.how === 'fork' || !isLogged(image.device)) return true;
    if (other <= index) {
      // It had begun: its program was opened before, in an earlier reading or at an earlier place.
      return image.since <= moment.bracket.after || moment.orLater === true || opened.some(({ name, position }) => name === image.name && position < moment.position);
    }
    // It had not begun yet: its program is opened later, or was merged into an earlier opening of the same one.
    if (opened.some(({ name, position }) => name === image.name && position > moment.position)) return true;
    return images.some((earlier, place) => place < other && earlier.how === 'exec' && earlier.name === image.name) && opened.some(({ name, position, bracket }) => name === image.name && position < moment.position && bracket === moment.bracket);
  });
}

function lastBefore(opened: readonly Opened[], name: string, { position }: Moment): Opened | undefined {
  return opened.findLast((each) => each.name === name && each.position < position);
}

/** A program that was opened before the change in the same reading, after this one's, and is not the loader of it: the process may have gone on to it. */
function contradicted(opened: readonly Opened[], image: Ran, moment: Moment): boolean {
  const own = lastBefore(opened, image.name, moment);
  return own !== undefined && opened.some((each) => each.position > own.position && each.position < moment.position && !LOADER.test(each.name));
}

/** The loader of shared libraries (ld.so(8)) is opened after the program it loads. */
const LOADER = /^ld(?:-|\.so|64\.so)/;
