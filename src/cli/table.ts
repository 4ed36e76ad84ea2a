/** Columns side by side without boxes, or a record a row: they copy well and survive any encoding. Pure; takes time in proportion to the rows, of which a fleet has many. */
import truncatedWidth from 'fast-string-truncated-width';
import { printable } from '../model/text.ts';

export type Cell = string | number | null | undefined;

const BETWEEN = '   ';
const LEAST_CELL = 8;

/** Below so many characters a cell says nothing. */
const READABLE_CELL = 14;
/** Without a terminal: up to so many characters a column is as wide as its widest cell, and a line of a record takes several values. */
const WIDEST_COLUMN = 80;
const PAGE = 200;

/** How rows are shown. */
export interface Layout {
  /** Columns of the terminal, into which cells are cut. Without one, as in a file, they are whole: those that are very long push aside what is behind them. */
  width?: number | undefined;
  /** Columns that are never cut: a number that the next command takes is of no use without its end. */
  whole?: readonly string[];
  /** Whether a record begins with the name of its first value, too: where that does not say by itself what it is. */
  namesFirst?: boolean;
  /** For the head of a table, and of each record. */
  emphasize?: (text: string) => string;
}

const AS_IT_IS = (text: string): string => text;

/** The head, then a line a row, with cells escaped; records where cells side by side would be cut until they say nothing. */
export function tableLines(columns: readonly string[], rows: readonly (readonly Cell[])[], layout: Layout): string[] {
  const { width, whole = [], emphasize = AS_IT_IS } = layout;
  const cells = [columns, ...rows].map((row) => columns.map((_, index) => escaped(row[index])));
  const natural = columns.map((_, index) => cells.reduce((most, row) => Math.max(most, widthOf(row[index] ?? '')), 0));
  const isWhole = columns.map((name) => whole.includes(name));
  const taken = natural.reduce((sum, each, index) => sum + (isWhole[index] ? each + BETWEEN.length : 0), 0);
  const limit = width === undefined ? WIDEST_COLUMN : cellLimit(natural.filter((_, index) => !isWhole[index]), width - taken);
  const isUnreadable = limit < READABLE_CELL && natural.some((each, index) => each > limit && !isWhole[index]);
  if (isUnreadable && columns.length > 1) return recordLines(columns, rows, { ...layout, namesFirst: true });
  const widths = natural.map((each, index) => (isWhole[index] ? each : Math.min(each, limit)));
  const [head = '', ...lines] = cells.map((row) => ` ${row.map((cell, index) => padded(width === undefined ? cell : cut(cell, widths[index] ?? 0), widths[index] ?? 0)).join(BETWEEN)}`.trimEnd());
  return [emphasize(head), ...lines];
}

/** The first value of each row, and below it the others that are not empty, with their names, as many on a line as fit. */
export function recordLines(columns: readonly string[], rows: readonly (readonly Cell[])[], layout: Layout): string[] {
  return rows.flatMap((row) => recordOf(columns, row, layout));
}

function recordOf([first = '', ...others]: readonly string[], [value, ...values]: readonly Cell[], { width, whole = [], namesFirst = false, emphasize = AS_IT_IS }: Layout): string[] {
  const shown = (cell: Cell, column: string, taken: number): string => (width === undefined || whole.includes(column) ? escaped(cell) : cut(escaped(cell), Math.max(READABLE_CELL, width - taken)));
  const name = namesFirst ? `${printable(first)} ` : '';
  const lines = [`  ${emphasize(`${name}${shown(value, first, widthOf(name) + 2) || '–'}`)}`];
  let line = '';
  for (const [index, column] of others.entries()) {
    if (escaped(values[index]) === '') continue;
    const part = `${printable(column)} ${shown(values[index], column, widthOf(column) + 5)}`;
    const longer = line === '' ? part : `${line} · ${part}`;
    const fits = line === '' || widthOf(longer) <= (width ?? PAGE) - 4;
    if (!fits) lines.push(`    ${line}`);
    line = fits ? longer : part;
  }
  return line === '' ? lines : [...lines, `    ${line}`];
}

function escaped(cell: Cell): string {
  return printable(String(cell ?? ''));
}

/** The widest cell with which all columns still fit: narrow columns give what they do not need to the wide ones. */
function cellLimit(widths: readonly number[], width: number): number {
  const fits = (limit: number): boolean => widths.reduce((sum, cell) => sum + Math.min(cell, limit) + BETWEEN.length, 0) <= width;
  let limit = Math.max(LEAST_CELL, ...widths);
  while (limit > LEAST_CELL && !fits(limit)) limit -= 1;
  return limit;
}

/** In columns of a terminal. */
function widthOf(text: string): number {
  return truncatedWidth(text).width;
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** With an ellipsis where it is too long. */
function cut(text: string, limit: number): string {
  const { index, truncated } = truncatedWidth(text, { limit, ellipsis: '…' });
  return truncated ? `${text.slice(0, index)}…` : text;
}
