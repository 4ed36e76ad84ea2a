/** Columns side by side without boxes: they copy well and survive any encoding. Pure; takes time in proportion to the rows, of which a fleet has many. */
import truncatedWidth from 'fast-string-truncated-width';
import { printable } from '../model/text.ts';

export type Cell = string | number | null | undefined;

const BETWEEN = '   ';
const LEAST_CELL = 8;

/** The head, then a line a row. Cells are escaped, and cut so that lines fit into so many columns of a terminal, where that leaves enough of each. */
export function tableLines(columns: readonly string[], rows: readonly (readonly Cell[])[], width: number): string[] {
  const cells = [columns, ...rows].map((row) => columns.map((_, index) => printable(String(row[index] ?? ''))));
  const natural = columns.map((_, index) => cells.reduce((most, row) => Math.max(most, widthOf(row[index] ?? '')), 0));
  const limit = cellLimit(natural, width);
  const widths = natural.map((each) => Math.min(each, limit));
  return cells.map((row) => ` ${row.map((cell, index) => padded(cut(cell, limit), widths[index] ?? 0)).join(BETWEEN)}`.trimEnd());
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
