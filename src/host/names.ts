/** Paths that people type and read, where the names on disk may hold any bytes. */
import { lstatSync, readdirSync } from 'node:fs';
import { literally } from '../model/pattern.ts';
import { bytesOfText, exactShellWord, meantBy, printable, shellWord, textOfBytes } from '../model/text.ts';

/** How `legible` writes a byte that is no UTF-8. */
const WRITTEN_BYTE = /\\x[89a-f][0-9a-f]/;

/** Names in a directory as `textOfBytes`, in the order of their bytes. Throws the system error when it cannot be read. */
export function listNames(directory: string): string[] {
  return readdirSync(bytesOfText(directory), { encoding: 'buffer' }).sort(Buffer.compare).map(textOfBytes);
}

/** None where it is no directory or cannot be read. */
export function namesOrNone(directory: string): string[] {
  try {
    return listNames(directory);
  } catch {
    return [];
  }
}

/** Whether there is anything of this name, itself and not what it leads to. */
export function isThere(path: string): boolean {
  try {
    return lstatSync(bytesOfText(path), { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

/**
 * The paths that are there and read like this one without being it: `/a/\xff` is how a name of the byte 0xff reads. `written` is what stands for something else in it: `ESCAPE` for a path
 * as it is shown to people. `checkpoint` is called for each name that is looked at.
 */
export function namesakesOf(path: string, checkpoint: () => void = () => undefined, written = WRITTEN_BYTE): string[] {
  if (!path.startsWith('/') || !written.test(path)) return [];
  let found = [''];
  for (const component of path.split('/').slice(1)) found = found.flatMap((parent) => [component, ...alike(parent, component, checkpoint, written)].map((name) => `${parent}/${name}`));
  return found.filter((each) => each !== path && isThere(each));
}

/** What the arguments of a program have for each run of bytes that is no UTF-8: which they were is lost. */
const LOST = '\ufffd';

/** The paths that are there and that a program was given as this one, as a shell completes them. */
export function givenAs(path: string): string[] {
  if (!path.startsWith('/') || !path.includes(LOST)) return [];
  let found = [''];
  for (const component of path.split('/').slice(1)) found = found.flatMap((parent) => (component.includes(LOST) ? decodingTo(parent, component) : [component]).map((name) => `${parent}/${name}`));
  return found.filter((each) => each !== path && isThere(each));
}

function decodingTo(parent: string, component: string): string[] {
  try {
    return listNames(`${parent}/`).filter((name) => bytesOfText(name).toString() === component);
  } catch {
    return [];
  }
}

function alike(parent: string, component: string, checkpoint: () => void, written: RegExp): string[] {
  if (!written.test(component)) return [];
  const reads = readingLike(component, written);
  try {
    return listNames(`${parent}/`).filter((name) => {
      checkpoint();
      return name !== component && reads.test(name);
    });
  } catch {
    return [];
  }
}

/** What reads like this text: each escape in it is what it means, or stands there as it reads. */
function readingLike(text: string, written: RegExp): RegExp {
  const parts = text.split(new RegExp(`(${written.source})`));
  return new RegExp(`^${parts.map((part, index) => (index % 2 === 0 ? literally(part) : `(?:${literally(part)}|${literally(meantBy(part) ?? part)})`)).join('')}$`);
}

/** The path that one was written for, whether it is there or not. */
export function unwritten(path: string, written = WRITTEN_BYTE): string {
  return textOfBytes(bytesOfText(path.replace(new RegExp(written, 'g'), (escape) => meantBy(escape) ?? escape)));
}

/** A path to paste into a command, which finds a file as it is shown: where another file has the name that is shown, exactly. */
export function pathWord(path: string): string {
  const shown = printable(path);
  return shown !== path && isThere(shown) ? exactShellWord(path) : shellWord(shown);
}

/** All that a path may have been written for, where names that are no UTF-8 have U+FFFD instead: each `\xff` in it is that byte, or stands in the name as it reads. */
export function readingsOf(path: string): string[] {
  const parts = path.split(new RegExp(`(${WRITTEN_BYTE.source})`));
  let readings = [Buffer.alloc(0)];
  for (const [index, part] of parts.entries()) {
    const forms = [Buffer.from(part), ...(index % 2 === 1 ? [Buffer.of(Number.parseInt(part.slice(2), 16))] : [])];
    readings = readings.flatMap((reading) => forms.map((form) => Buffer.concat([reading, form])));
  }
  return [...new Set(readings.map(String))];
}

/** How many bytes that are no UTF-8 a path may have: of so many it has two readings each. */
export function writtenBytes(path: string): number {
  return path.match(new RegExp(WRITTEN_BYTE, 'g'))?.length ?? 0;
}
