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
  /** The program before it may have gone on in another thread while this one was opened. */
  afterThreads: boolean;
  /** Programs that ran under its number up to here: 0 for what it was forked as, where no process before it had the number. */
  generation: number;
  /** A bit for its name, and the bits of all programs that the process ran before it. */
  mark: bigint;
  ran: bigint;
  /** The bits of those that the image before it opened to run, and did not. */
  tried: bigint;
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
  /** It happened after this, as the file itself says; ns of CLOCK_MONOTONIC. */
  notBefore?: bigint;
  /** Several things were merged into one, and this is about the last of them: it happened at this position or later. */
  orLater?: boolean;
}

/** Whether a program of this file system that began then must be in the log. */
export type IsLogged = (device: string, since: bigint) => boolean;

/** An image that the map does not remember any more: it may have been any program. */
const FORGOTTEN = 'forgotten';

export interface Decision<Image extends Ran> {
  /** Those that are remembered and may have made the change, in the order they ran. */
  images: Image[];
  /** Exactly one may have been it, and that one is remembered. */
  isSure: boolean;
  /** No program that is not remembered may have been it. */
  isWhole: boolean;
  /** The program that the log has right before the change is this one. */
  confirmed: boolean;
}

/** `images` in the order they began, with nothing missing between them; `opened` in the order of the log. */
export function decide<Image extends Ran>(images: readonly Image[], opened: readonly Opened[], moment: Moment, isLogged: IsLogged): Decision<Image> {
  const [first] = images;
  // What ran before the first that is remembered may have been it as well, if it ended late enough.
  const before = first === undefined || first.generation === 0 ? [] : [{ image: FORGOTTEN, opened: first.ran } as const];
  const all: Possible<Image>[] = [...before, ...images.map((image, index) => ({ image, opened: images[index + 1]?.tried ?? 0n }))];
  // What had ended when the file was made is not it, but may be what the log has of its name.
  const ofReading = all.filter((_, index) => mayHaveRun(all, index, moment, moment.bracket.after));
  const possible = ofReading.filter((_, index) => mayHaveRun(ofReading, index, moment, afterOf(moment)));
  const feasible = possible.filter((each) => isFeasible(ofReading, ofReading.indexOf(each), opened, moment, isLogged));
  const found = feasible.flatMap(({ image }) => (image === FORGOTTEN ? [] : [image]));
  const [only] = found;
  const isSure = feasible.length === 1 && only !== undefined;
  return { images: found, isSure, isWhole: found.length === feasible.length, confirmed: isSure && only.how === 'exec' && lastBefore(opened, only, moment) !== undefined && !contradicted(opened, only, moment) };
}

/** Nothing was told of before it was done: a time that is later is of another file, or of a clock that was set back since. */
function afterOf({ bracket, notBefore = bracket.after }: Moment): bigint {
  return notBefore > bracket.after && notBefore <= bracket.before ? notBefore : bracket.after;
}

interface Possible<Image extends Ran = Ran> {
  image: Image | typeof FORGOTTEN;
  /** The bits of what it opened and did not become; of what is forgotten, of all that it was and opened. */
  opened: bigint;
}

/** Did it run at some time between then and the reading? */
function mayHaveRun(all: readonly Possible[], index: number, { bracket }: Moment, after: bigint): boolean {
  const [image, next] = [all[index]?.image, all[index + 1]?.image];
  return (image === FORGOTTEN || (image !== undefined && image.since <= bracket.before)) && (next === undefined || next === FORGOTTEN || next.since > after);
}

/** Could the change lie between the beginning of this image and that of the next? */
function isFeasible(possible: readonly Possible[], index: number, opened: readonly Opened[], moment: Moment, isLogged: IsLogged): boolean {
  return possible.every(({ image }, other) => {
    // A fork opens nothing.
    if (image === FORGOTTEN || image.how === 'fork') return true;
    if (other <= index) {
      // It had begun: its program was opened before, in an earlier reading or at an earlier place. Of programs on some file systems nothing is logged.
      return !isLogged(image.device, image.since) || image.since <= afterOf(moment) || moment.orLater === true || opened.some((each) => isNameOf(each, image) && each.position < moment.position);
    }
    if (other === index + 1 && image.afterThreads) return true;
    // It had not begun yet: its program is opened later, or was merged into an earlier opening of the same one.
    if (opened.some((each) => isNameOf(each, image) && each.position > moment.position)) return true;
    const isOpenedBefore = opened.some((each) => isNameOf(each, image) && each.position < moment.position && each.bracket === moment.bracket);
    return isOpenedBefore ? possible.slice(0, other).some((earlier) => mayHaveOpened(earlier, image)) : !isLogged(image.device, image.since);
  });
}

function mayHaveOpened({ image, opened }: Possible, { name, mark }: Ran): boolean {
  return (opened & mark) !== 0n || (image !== FORGOTTEN && image.how === 'exec' && image.name === name);
}

/** The map has the first 63 bytes of a name. */
const NAME_LIMIT = 63;

export function isNameOf(opened: Opened, { name }: Pick<Ran, 'name'>): boolean {
  return opened.name === name || (name.length === NAME_LIMIT && opened.name.startsWith(name));
}

function lastBefore(opened: readonly Opened[], image: Ran, { position }: Moment): Opened | undefined {
  return opened.findLast((each) => isNameOf(each, image) && each.position < position);
}

/** A program that was opened before the change in the same reading, after this one's, and is not the loader of it: the process may have gone on to it. */
function contradicted(opened: readonly Opened[], image: Ran, moment: Moment): boolean {
  const own = lastBefore(opened, image, moment);
  return own !== undefined && opened.some((each) => each.position > own.position && each.position < moment.position && !LOADER.test(each.name));
}

/** The loader of shared libraries (ld.so(8)) is opened after the program it loads. */
export const LOADER = /^ld(?:-|\.so|64\.so)/;
