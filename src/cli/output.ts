/** Data on stdout, everything else on stderr; nothing an attacker named reaches a terminal unescaped. */
import { styleText } from 'node:util';
import type { TickwardError } from '../model/errors.ts';
import { printable, printableJson } from '../model/text.ts';
import { recordLines, tableLines, type Cell, type Layout } from './table.ts';

export type Style = Parameters<typeof styleText>[0];

export interface Output {
  readonly json: boolean;
  /** How a command is begun that goes on from here: with the state directory, where one was named. */
  readonly program: string;
  /** One JSON document, or one line of many where a command streams. */
  document(value: unknown): void;
  /** A line of data for people. Escape what it quotes with `printable`. */
  line(text?: string): void;
  /** A line of progress on stderr. */
  progress(text: string): void;
  paint(style: Style, text: string): string;
  /** Cells are escaped, and cut to the width of the terminal, but for those of the columns in `whole`; in a file or a pipe none is. */
  table(columns: readonly string[], rows: readonly (readonly Cell[])[], whole?: readonly string[]): void;
  /** The same, a record a row. */
  records(columns: readonly string[], rows: readonly (readonly Cell[])[]): void;
}

/** Columns of a terminal that does not say how many it has (0): a serial line, `ssh -tt` from a job. */
const UNSAID = 80;

export function createOutput(settings: { json: boolean; color: boolean; program?: string }): Output {
  const colored = settings.color && (process.stdout.isTTY || process.env['FORCE_COLOR'] !== undefined);
  const paint = (style: Style, text: string): string => (colored ? styleText(style, text, { validateStream: false }) : text);
  const write = (text: string): void => void process.stdout.write(`${text}\n`);
  // Asked each time: a terminal is made wider and narrower.
  const layout = (whole: readonly string[] = []): Layout => {
    const width: number | undefined = process.stdout.columns;
    return { width: width === 0 ? UNSAID : width, whole, emphasize: (text) => paint('bold', text) };
  };
  return {
    json: settings.json,
    program: settings.program ?? 'tickward',
    document: (value) => write(printableJson(value)),
    line: (text = '') => write(text),
    progress: (text) => void process.stderr.write(`${text}\n`),
    paint,
    table: (columns, rows, whole) => write(tableLines(columns, rows, layout(whole)).join('\n')),
    records: (columns, rows) => write(recordLines(columns, rows, layout()).join('\n')),
  };
}

/** The one line of an error, with the place below it where it has one. Without the hint where many errors share one. */
export function errorText(error: TickwardError, withHint = true): string {
  const place = error.place;
  const where = place === undefined ? '' : `${place.file === undefined ? '' : `${printable(place.file)}, `}line ${place.line}, column ${place.column}: `;
  const hint = error.hint === undefined || !withHint ? '' : ` — ${error.hint}`;
  const excerpt = place === undefined ? '' : `\n${place.excerpt.split('\n').map((line) => `  ${printable(line)}`).join('\n')}`;
  return `tickward: ${where}${printable(error.message)}${printable(hint)}${excerpt}`;
}

/** `{error: {code, message, hint}}`, what `--json` prints of a failure. */
export function errorDocument(error: TickwardError): { error: object } {
  return { error: { code: error.code, message: error.message, hint: error.hint ?? null, ...(error.place === undefined ? {} : { place: error.place }) } };
}
