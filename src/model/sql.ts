/** SQLite's tokens (https://www.sqlite.org/lang_expr.html, tokenize.c): enough to know where in a query a place stands. */

export type TokenKind = 'space' | 'comment' | 'string' | 'identifier' | 'quoted' | 'number' | 'blob' | 'variable' | 'operator' | 'illegal';

export interface Token {
  kind: TokenKind;
  text: string;
  /** UTF-16 units from 0. */
  start: number;
  /** false for a string, quoted identifier or comment that the text ends inside of. */
  closed: boolean;
}

const SPACE = /[ \t\n\f\r]+/y;
const NUMBER = /(?:0[xX][0-9a-fA-F]+|(?:\d+(?:_\d+)*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)/y;
const WORD = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y;
const BLOB = /[xX]'[0-9a-fA-F]*'/y;
const VARIABLE = /\?\d*|[:@#$][A-Za-z0-9_$\u0080-\uffff]+/y;
const OPERATOR = /\|\||->>?|<<|>>|<=|>=|<>|==|!=|[-+*/%&|~<>=(),.;]/y;

const CLOSING: Record<string, string> = { "'": "'", '"': '"', '`': '`', '[': ']' };

/** Every character of the text is in exactly one token, in order. */
export function tokenize(sql: string): Token[] {
  const tokens: Token[] = [];
  let start = 0;
  while (start < sql.length) {
    const token = tokenAt(sql, start);
    tokens.push(token);
    start += token.text.length;
  }
  return tokens;
}

function tokenAt(sql: string, start: number): Token {
  const first = sql[start] ?? '';
  const take = (kind: TokenKind, pattern: RegExp): Token | undefined => {
    pattern.lastIndex = start;
    const text = pattern.exec(sql)?.[0];
    return text ? { kind, text, start, closed: true } : undefined;
  };
  if (sql.startsWith('--', start)) return until(sql, start, 'comment', sql.indexOf('\n', start), 0, true);
  if (sql.startsWith('/*', start)) return until(sql, start, 'comment', sql.indexOf('*/', start + 2), 2, false);
  const closing = CLOSING[first];
  const blob = take('blob', BLOB);
  if (blob !== undefined) return blob;
  if (closing !== undefined) return quotedAt(sql, start, first === "'" ? 'string' : 'quoted', closing);
  return take('space', SPACE) ?? take('number', NUMBER) ?? take('identifier', WORD) ?? take('variable', VARIABLE) ?? take('operator', OPERATOR) ?? { kind: 'illegal', text: first, start, closed: true };
}

function until(sql: string, start: number, kind: TokenKind, found: number, width: number, endCloses: boolean): Token {
  if (found < 0) return { kind, text: sql.slice(start), start, closed: endCloses };
  return { kind, text: sql.slice(start, found + width), start, closed: true };
}

/** A doubled quote stands for itself; brackets have no such form. */
function quotedAt(sql: string, start: number, kind: TokenKind, closing: string): Token {
  let end = start + 1;
  for (;;) {
    const found = sql.indexOf(closing, end);
    if (found < 0) return { kind, text: sql.slice(start), start, closed: false };
    if (closing === ']' || sql[found + 1] !== closing) return { kind, text: sql.slice(start, found + 1), start, closed: true };
    end = found + 2;
  }
}

/** Tokens that mean something: neither space nor comment. */
export function significant(tokens: readonly Token[]): Token[] {
  return tokens.filter((token) => token.kind !== 'space' && token.kind !== 'comment');
}

/** A string literal of SQL for any text without NUL. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
