/** Columns side by side without boxes: they copy well and survive any encoding. Pure; takes time in proportion to the rows, of which a fleet has many. */
import truncatedWidth from 'fast-string-truncated-width';
import { printable } from '../model/text.ts';

export type Cell = string | number | null | undefined;

const BETWEEN = '   ';
const LEAST_CELL = 8;

/** The head, then a line a row. Cells are escaped, and cut so that lines fit into so many columns of a terminal, where that leaves enough of each; those of columns in `whole` are not: a number that the next command takes is of no use without its end. */
export function tableLines(columns: readonly string[], rows: readonly (readonly Cell[])[], width: number, whole: readonly string[] = []): string[] {
  const cells = [columns, ...rows].map((row) => columns.map((_, index) => printable(String(row[index] ?? ''))));
  const natural = columns.map((_, index) => cells.reduce((most, row) => Math.max(most, widthOf(row[index] ?? '')), 0));
  const isCut = columns.map((name) => !whole.includes(name));
  const taken = natural.reduce((sum, each, index) => sum + (isCut[index] ? 0 : each + BETWEEN.length), 0);
  const limit = cellLimit(natural.filter((_, index) => isCut[index]), width - taken);
  const widths = natural.map((each, index) => (isCut[index] ? Math.min(each, limit) : each));
  return cells.map((row) => ` ${row.map((cell, index) => padded(cut(cell, widths[index] ?? 0), widths[index] ?? 0)).join(BETWEEN)}`.trimEnd());
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
