/** Errors for people: what happened, to what, why, and what to do next. Nothing else in Tickward throws strings or bare Errors on purpose. */

export type ErrorCode =
  | 'USAGE' // wrong command line or wrong parameters
  | 'BAD_INPUT' // a file or a value that someone gave does not parse or does not fit
  | 'NOT_FOUND' // an alert, a run, a file that is not (or no longer) there
  | 'REFUSED' // it could be done, but doing it would not be safe
  | 'UNSUPPORTED' // this host, kernel or privilege does not allow it
  | 'STATE' // the state directory or the store is not usable
  | 'QUERY' // SQL failed
  | 'TIMEOUT'
  | 'INTERRUPTED'
  | 'FAILED'; // the rest: an effect that did not come about

export interface ErrorDetails {
  /** What the reader can do next: an imperative sentence without a full stop. */
  hint?: string;
  cause?: unknown;
  /** Where in a text it went wrong, 1-based, with a caret line made by `showPlace`. */
  place?: Place;
}

export interface Place {
  file?: string;
  line: number;
  column: number;
  /** The offending line and a caret under the column. */
  excerpt: string;
}

export class TickwardError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly place: Place | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'TickwardError';
    this.code = code;
    this.hint = details.hint;
    this.place = details.place;
  }
}

/** Line, column and caret of an offset in a text. `offset` counts UTF-16 units from 0. */
export function placeAt(text: string, offset: number, file?: string): Place {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  const lineStart = before.lastIndexOf('\n') + 1;
  const lineEnd = text.indexOf('\n', offset);
  const column = offset - lineStart + 1;
  return { ...(file === undefined ? {} : { file }), line, column, excerpt: excerptOf(text.slice(lineStart, lineEnd < 0 ? text.length : lineEnd), column) };
}

const EXCERPT_WIDTH = 100;

/** A window of a line around a column with a caret below; long lines are cut, tabs become spaces so that the caret stands right. */
export function excerptOf(line: string, column: number): string {
  const start = Math.max(0, column - 1 - EXCERPT_WIDTH / 2);
  const shown = line.slice(start, start + EXCERPT_WIDTH).replace(/[\t\r]/g, ' ');
  return `${shown}\n${' '.repeat(column - 1 - start)}^`;
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The message with what to do, where the error says it: for a summary. */
export function advisedMessageOf(thrown: unknown): string {
  const hint = thrown instanceof TickwardError ? thrown.hint : undefined;
  return hint === undefined ? messageOf(thrown) : `${messageOf(thrown)} — ${hint}`;
}

/** The message with the place before it, where there is one: for a line of a log. */
export function placedMessageOf(thrown: unknown): string {
  const place = thrown instanceof TickwardError ? thrown.place : undefined;
  return place === undefined ? messageOf(thrown) : `line ${place.line}, column ${place.column}: ${messageOf(thrown)}`;
}

/** Why a file could not be read, in words. */
function unreadableReason(thrown: unknown): string {
  switch (errnoOf(thrown)) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EISDIR':
      return 'it is a directory';
    case 'EACCES':
      return 'no permission';
    default:
      return messageOf(thrown);
  }
}

/** Of a file that someone named, `shown` as in `the rule x.toml`. */
export function unreadable(shown: string, thrown: unknown): TickwardError {
  const errno = errnoOf(thrown);
  return new TickwardError(errno === 'ENOENT' ? 'NOT_FOUND' : 'BAD_INPUT', `${shown} cannot be read: ${unreadableReason(thrown)}`, { hint: errno === 'EISDIR' ? 'name a file in it' : 'check the path and its permissions', cause: thrown });
}

/** The errno name (`ENOENT`) of a thrown system error, or undefined. */
export function errnoOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
}
