/** A query with placeholders, read by handlebars' own parser: text pieces and field names, nothing else. */
import Handlebars from 'handlebars';
import { messageOf, TickwardError } from '../model/errors.ts';

export type Piece = { kind: 'text'; text: string } | { kind: 'placeholder'; name: string };

/** Throws BAD_INPUT for what is no plain placeholder: helpers, blocks, partials, parameters. */
export function parseTemplate(sql: string): Piece[] {
  let program: hbs.AST.Program;
  try {
    program = Handlebars.parseWithoutProcessing(sql);
  } catch (error) {
    throw new TickwardError('BAD_INPUT', `the placeholders of the query do not parse: ${messageOf(error).split('\n')[0] ?? ''}`, { hint: 'a placeholder is a field name in double braces: {{file.path}}', cause: error });
  }
  return program.body.map(pieceOf);
}

function pieceOf(statement: hbs.AST.Statement): Piece {
  if (isContent(statement)) return { kind: 'text', text: statement.value };
  if (isMustache(statement) && statement.params.length === 0 && statement.hash === undefined && isPath(statement.path)) return { kind: 'placeholder', name: statement.path.original };
  throw new TickwardError('BAD_INPUT', `a query may hold plain placeholders only, not a ${statement.type}`, { hint: 'a placeholder is a field name in double braces: {{file.path}}' });
}

function isContent(statement: hbs.AST.Statement): statement is hbs.AST.ContentStatement {
  return statement.type === 'ContentStatement';
}

function isMustache(statement: hbs.AST.Statement): statement is hbs.AST.MustacheStatement {
  return statement.type === 'MustacheStatement';
}

function isPath(expression: hbs.AST.Expression): expression is hbs.AST.PathExpression {
  return expression.type === 'PathExpression' && 'data' in expression && expression.data === false && 'depth' in expression && expression.depth === 0;
}

/** The values of a field in a nested or dotted document, as text; own properties only. */
export function valuesOf(document: object, name: string): string[] {
  return flatten(lookUp(document, name.split('.')));
}

function lookUp(value: unknown, parts: readonly string[]): unknown {
  if (parts.length === 0) return value;
  if (Array.isArray(value)) return value.map((element) => lookUp(element, parts));
  if (typeof value !== 'object' || value === null) return undefined;
  for (let length = 1; length <= parts.length; length += 1) {
    const key = parts.slice(0, length).join('.');
    if (!Object.hasOwn(value, key)) continue;
    const found = lookUp((value as Record<string, unknown>)[key], parts.slice(length));
    if (found !== undefined && found !== null) return found;
  }
  return undefined;
}

function flatten(value: unknown): string[] {
  if (Array.isArray(value)) return [...new Set(value.flatMap(flatten))];
  if (typeof value === 'string') return [value];
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint' ? [String(value)] : [];
}
