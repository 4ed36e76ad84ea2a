/** Takes single lines out of a file and gives it back as it was. */
import { z } from 'zod';
import { changed, contentOf, exchange, sha256Text } from '../host/exchange.ts';
import { type FileState, openFile, readOpen, readRegular, sameInode, sha256Of } from '../host/files.ts';
import { setTimes, writeXattrs } from '../host/inode.ts';
import { parentOf, show } from '../host/paths.ts';
import { type Copy, copyToQuarantine, prepareQuarantine } from '../host/quarantine.ts';
import { restoreFile } from '../host/restore.ts';
import { TickwardError } from '../model/errors.ts';
import type { ActionContext, UndoReport } from './action.ts';
import { type Protection, protectionsOf, withoutProtection, xattrsOf } from './attributes.ts';
import { attributesChange, keptFile, ownedOf, pathFromJson, pathToJson } from './journal-forms.ts';

/** A file with keys or cron jobs is some kilobytes. */
const MOST_BYTES = 4 * 1024 ** 2;

export interface Line {
  /** From 1. */
  number: number;
  /** Without its line break; bytes that are no UTF-8 are lost. */
  text: string;
}

/** What a file has to be and what it becomes. */
export interface FileEdit {
  path: Buffer;
  state: FileState;
  sha256: string;
  /** Those that are taken out. */
  lines: Line[];
  /** Nothing but comments and blank lines is left. */
  leavesNothing: boolean;
  /** sha256 of the file without them. */
  after: string;
  /** Of the file and of its directory, where there is any. */
  flags: Protection[];
}

/** As the journal keeps them. */
export const editChange = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('lines'), ...keptFile, after: z.string() }),
  attributesChange,
]);
export type EditChange = z.infer<typeof editChange>;

/** Undefined where no line is picked. Throws NOT_FOUND, and REFUSED for what is no plain file of one name. */
export function planEdit(at: Buffer, pick: (line: Line) => boolean): FileEdit | undefined {
  const { content, state, truncated } = readRegular(at, MOST_BYTES);
  if (truncated) throw new TickwardError('REFUSED', `${show(at)} is not touched: it is larger than ${MOST_BYTES} bytes`, { hint: 'look at it by hand' });
  const all = linesOf(content);
  const lines = all.map(({ text, number }) => ({ text, number })).filter(pick);
  if (lines.length === 0) return undefined;
  // Only what is changed has to be plain: a line may be looked for in a file of several names.
  openFile(at)[Symbol.dispose]();
  const left = without(content, lines);
  return { path: at, state, sha256: sha256Text(content), lines, leavesNothing: linesOf(left).every(({ text }) => /^\s*(?:#|$)/.test(text)), after: sha256Text(left), flags: protectionsOf(placesOf(at)) };
}

/** The directory's first: it keeps its names from being exchanged. */
function placesOf(at: Buffer): Buffer[] {
  return [parentOf(at), at];
}

/** What `applyEdit` does, in words; `what` names the lines. */
export function describeEdit(edit: FileEdit, what: string): { text: string; target: string }[] {
  const at = show(edit.path);
  return [...edit.flags.map((each) => ({ text: `take the attribute ${each.flags} (chattr) off ${show(each.path)}`, target: show(each.path) })), { text: `take ${what} out of ${at}`, target: at }];
}

/** `texts` are those of `describeEdit`. False means that the lines were gone already. */
export function applyEdit(edit: FileEdit, texts: readonly string[], context: ActionContext, announce: (change: EditChange, text: string | undefined) => void): boolean {
  const quarantine = prepareQuarantine(context.quarantine, context.uid);
  using file = openFile(edit.path);
  if (sha256Of(file.fd, MOST_BYTES) === edit.after) return false;
  if (!sameInode(file.state, edit.state) || sha256Of(file.fd, MOST_BYTES) !== edit.sha256) throw changed(edit.path);
  const work = (): void => {
    const copy = copyToQuarantine(file, quarantine);
    const xattrs = { ...xattrsOf(file.fd) };
    announce({ kind: 'lines', at: pathToJson(edit.path), copy, owned: ownedOf(file.state), xattrs, after: edit.after }, texts.at(-1));
    const left = without(readOpen(file.fd, MOST_BYTES), edit.lines);
    exchange(edit.path, { sha256: edit.sha256, state: file.state }, left, file.state, (fd) => writeXattrs(fd, xattrs));
  };
  withoutProtection(edit.flags, work, ({ path: at, flags }, index) => announce({ kind: 'attributes', at: pathToJson(at), flags }, texts[index]));
  return true;
}

export function undoLines(change: Extract<EditChange, { kind: 'lines' }>, report: UndoReport): void {
  const at = pathFromJson(change.at);
  const now = contentOf(at);
  if (now?.sha256 === change.copy.sha256) {
    report.already.push(`${show(at)} is as it was`);
    return;
  }
  if (now === undefined) restoreFile(at, change.copy, change.owned, change.xattrs);
  else if (now.sha256 !== change.after) throw new TickwardError('REFUSED', `${show(at)} is not given back: it was changed since`, { hint: `compare it with the copy ${change.copy.file}` });
  else {
    withoutProtection(protectionsOf(placesOf(at)), () => exchange(at, now, readCopy(change.copy), change.owned, (fd) => {
      writeXattrs(fd, change.xattrs);
      setTimes(fd, change.owned);
    }));
  }
  report.done.push(`gave back ${show(at)}`);
}

function readCopy(copy: Copy): Buffer {
  const { content } = readRegular(copy.file, MOST_BYTES);
  if (sha256Text(content) === copy.sha256) return content;
  throw new TickwardError('STATE', `the copy ${copy.file} in the quarantine was changed: its hash is no longer ${copy.sha256}`, { hint: 'restore the file from a backup' });
}

interface Piece extends Line {
  bytes: Buffer;
}

/** Every line with its line break. */
function linesOf(content: Buffer): Piece[] {
  const pieces: Piece[] = [];
  for (let start = 0; start < content.length; ) {
    const end = content.indexOf('\n', start);
    const stop = end < 0 ? content.length : end + 1;
    pieces.push({ number: pieces.length + 1, text: content.toString('utf8', start, end < 0 ? stop : end), bytes: content.subarray(start, stop) });
    start = stop;
  }
  return pieces;
}

function without(content: Buffer, lines: readonly Line[]): Buffer {
  const numbers = new Set(lines.map((line) => line.number));
  return Buffer.concat(linesOf(content).flatMap((piece) => (numbers.has(piece.number) ? [] : [piece.bytes])));
}
