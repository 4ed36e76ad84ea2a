/** What eql.peggy is generated into (npm run gen:eql). */
import type { Query } from './ast.ts';

/** A construct that is recognised only to be refused. */
export interface Refused {
  refused: string;
  offset: number;
}

export interface ParserLocation {
  start: { offset: number; line: number; column: number };
}

export class SyntaxError extends Error {
  location: ParserLocation;
  expected: readonly { type: string; description?: string; text?: string }[] | null;
  found: string | null;
}

export function parse(input: string): Query | Refused;
