/** Paths that people type and read, where the names on disk may hold any bytes. */
import { lstatSync, readdirSync } from 'node:fs';
import { bytesOfText, legible, textOfBytes } from '../model/text.ts';

/** How `legible` writes a byte that is no UTF-8. */
const WRITTEN_BYTE = /\\x[89a-f][0-9a-f]/;

/** Names in a directory as `textOfBytes`, in the order of their bytes. Throws the system error when it cannot be read. */
export function listNames(directory: string): string[] {
  return readdirSync(bytesOfText(directory), { encoding: 'buffer' }).sort(Buffer.compare).map(textOfBytes);
}

/** Whether there is anything of this name, itself and not what it leads to. */
export function isThere(path: string): boolean {
  try {
    return lstatSync(bytesOfText(path), { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

/** The paths that are there and read like this one without being it: `/a/\xff` is how a name of the byte 0xff reads. `checkpoint` is called for each name that is looked at. */
export function namesakesOf(path: string, checkpoint: () => void = () => undefined): string[] {
  if (!path.startsWith('/') || !WRITTEN_BYTE.test(path)) return [];
  let found = [''];
  for (const component of path.split('/').slice(1)) found = found.flatMap((parent) => [component, ...alike(parent, component, checkpoint)].map((name) => `${parent}/${name}`));
  return found.filter((each) => each !== path && isThere(each));
}

function alike(parent: string, component: string, checkpoint: () => void): string[] {
  if (!WRITTEN_BYTE.test(component)) return [];
  try {
    return listNames(`${parent}/`).filter((name) => {
      checkpoint();
      return name !== component && legible(name) === component;
    });
  } catch {
    return [];
  }
}

/** The bytes that a path was written for, whether they are there or not. */
export function unwritten(path: string): string {
  return textOfBytes(Buffer.from(Buffer.from(path).toString('latin1').replace(new RegExp(WRITTEN_BYTE, 'g'), (written) => String.fromCharCode(Number.parseInt(written.slice(2), 16))), 'latin1'));
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
