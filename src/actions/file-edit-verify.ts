/** Looks again at a file from which lines were taken. */
import { readRegular } from '../host/files.ts';
import type { FileEdit } from './file-edit.ts';

const MOST_BYTES = 4 * 1024 ** 2;

/** Whether any of the lines is in the file. Throws where it cannot be read. */
export function linesLeft(edit: FileEdit): boolean {
  const texts = new Set(edit.lines.map((line) => line.text.trim()));
  return readRegular(edit.path, MOST_BYTES).content.toString().split('\n').some((text) => texts.has(text.trim()));
}
