/** A table of ours as a table plugin of osquery: route info, constraints in, rows of text out. */
import { TickwardError } from '../model/errors.ts';
import { Operator, type Column, type Constraint, type GatheredTable, type QueryContext, type Row, type Table } from '../model/table.ts';
import type { StringMap } from './types.ts';

/** osquery's ColumnOptions bits. */
const OPTION_BITS = { index: 1, required: 2, additional: 4, optimized: 8, hidden: 16 } as const;

/** 0: not EVENT_BASED. A table with that attribute is logged again in full at every run of a schedule (seen with osquery 5.23). */
const ATTRIBUTES = '0';

const KNOWN_OPERATORS: ReadonlySet<number> = new Set(Object.values(Operator));

export function routeInfo(table: Table | GatheredTable): StringMap[] {
  return [...table.columns.map((column) => ({ id: 'column', name: column.name, op: String(bitsOf(column)), type: column.type })), { attributes: ATTRIBUTES, id: 'attributes' }];
}

function bitsOf(column: Column): number {
  return Object.entries(OPTION_BITS).reduce((bits, [option, bit]) => bits | (column[option as keyof typeof OPTION_BITS] ? bit : 0), 0);
}

export interface AnswerOptions {
  timeoutMs: number;
  onWarning: (message: string) => void;
}

/** Throws what becomes the query's error: an unknown action, a broken context, a table that fails or takes too long. */
export function answerTable(table: Table | GatheredTable, request: StringMap, options: AnswerOptions): StringMap[] {
  switch (request['action']) {
    case 'columns':
      return routeInfo(table);
    case 'generate':
      if (!('generate' in table)) throw new TickwardError('FAILED', `the rows of ${table.name} were not gathered`);
      return rowsOf(table, contextOf(table, request['context'] ?? '{}', options));
    default:
      throw new TickwardError('BAD_INPUT', `the table ${table.name} knows no action ${request['action'] ?? '(none)'}`);
  }
}

function rowsOf(table: Table, context: QueryContext): StringMap[] {
  // In the order in which osquery itself writes a map.
  const names = table.columns.map((column) => column.name).sort();
  return Array.from(table.generate(context), (row) => {
    context.checkpoint();
    return textRow(row, names);
  });
}

/** A missing key reads as NULL there. */
function textRow(row: Row, names: readonly string[]): StringMap {
  const text: StringMap = {};
  for (const name of names) {
    const value = row[name];
    if (value !== undefined && value !== null) text[name] = String(value);
  }
  return text;
}

interface SentContext {
  constraints?: { name?: unknown; list?: { op?: unknown; expr?: unknown }[] }[];
  colsUsed?: unknown;
}

function contextOf(table: Table, json: string, { timeoutMs, onWarning }: AnswerOptions): QueryContext {
  const sent = parseContext(json);
  const constraints = new Map((sent.constraints ?? []).map((column) => [String(column.name), (column.list ?? []).flatMap(constraintOf)]));
  const used = Array.isArray(sent.colsUsed) ? new Set(sent.colsUsed.map(String)) : undefined;
  const end = performance.now() + timeoutMs;
  return {
    constraints: (column) => constraints.get(column) ?? [],
    uses: (column) => used?.has(column) ?? true,
    checkpoint() {
      if (performance.now() > end) throw tookTooLong(table.name, timeoutMs);
    },
    msLeft: () => Math.max(1, Math.floor(end - performance.now())),
    warn: (message) => onWarning(`${table.name}: ${message}`),
  };
}

export function tookTooLong(table: string, timeoutMs: number): TickwardError {
  return new TickwardError('TIMEOUT', `the table ${table} had no complete answer within ${timeoutMs / 1000} s`, { hint: 'narrow the query by time' });
}

function parseContext(json: string): SentContext {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Falls through to the error below.
  }
  throw new TickwardError('BAD_INPUT', 'the context of the query is no JSON object');
}

/** LIMIT (73), OFFSET (74), != (68) and the like arrive as operators too: what is not known is left to SQLite, which filters again. */
function constraintOf({ op, expr }: { op?: unknown; expr?: unknown }): Constraint[] {
  const operator = Number(op);
  return KNOWN_OPERATORS.has(operator) && typeof expr === 'string' ? [{ op: operator as Operator, value: expr }] : [];
}
