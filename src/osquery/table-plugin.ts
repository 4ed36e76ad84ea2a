/** A table of ours as a table plugin of osquery: route info, constraints in, rows out. */
import { TickwardError } from '../model/errors.ts';
import { gathered, Operator, type Column, type Constraint, type GatheredTable, type QueryContext, type Table } from '../model/table.ts';
import type { Answer, CallContext, Plugin } from './plugin.ts';
import { encodeRows, tookTooLong } from './rows.ts';
import type { StringMap } from './types.ts';

/** osquery's ColumnOptions bits. */
const OPTION_BITS = { index: 1, required: 2, additional: 4, optimized: 8, hidden: 16 } as const;

/** 0: not EVENT_BASED. A table with that attribute is logged again in full at every run of a schedule (seen with osquery 5.23). */
const ATTRIBUTES = '0';

const KNOWN_OPERATORS: ReadonlySet<number> = new Set(Object.values(Operator));

/** Throws BAD_INPUT for what osquery would refuse, and with it all other tables of the registration. */
export function tablePlugin(table: Table | GatheredTable): Plugin {
  refuseOdd(table);
  return { registry: 'table', name: table.name, routes: routeInfo(table), call: (request, context) => answer(table, request, context) };
}

export function routeInfo(table: Table | GatheredTable): StringMap[] {
  return [...table.columns.map((column) => ({ id: 'column', name: column.name, op: String(bitsOf(column)), type: column.type })), { attributes: ATTRIBUTES, id: 'attributes' }];
}

function bitsOf(column: Column): number {
  return Object.entries(OPTION_BITS).reduce((bits, [option, bit]) => bits | (column[option as keyof typeof OPTION_BITS] ? bit : 0), 0);
}

/** Seen with osquery 5.23: SQLITE_ERROR for a dash in the name of a table and for a column defined twice, "Invalid route info" without columns. SQLite's names of columns are the same in any case. */
function refuseOdd({ name, columns }: Table | GatheredTable): void {
  const refuse = (why: string): never => {
    throw new TickwardError('BAD_INPUT', `osquery would refuse the table ${name}: ${why}`, { hint: 'give it another name or other columns' });
  };
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) refuse('its name has to be of letters, digits and _');
  if (columns.length === 0) refuse('it has no columns');
  const names = columns.map((column) => column.name.toLowerCase());
  const twice = names.find((each, index) => names.indexOf(each) !== index);
  if (twice !== undefined) refuse(`it has two columns ${twice}`);
}

async function answer(table: Table | GatheredTable, request: StringMap, context: CallContext): Promise<Answer> {
  switch (request['action']) {
    case 'columns':
      return { rows: routeInfo(table) };
    case 'generate':
      return generate(table, request['context'] ?? '{}', context);
    default:
      throw new TickwardError('BAD_INPUT', `the table ${table.name} knows no action ${request['action'] ?? '(none)'}`);
  }
}

async function generate(table: Table | GatheredTable, json: string, { timeoutMs, warn }: CallContext): Promise<Answer> {
  const startedAt = performance.now();
  const context = contextOf(table, json, startedAt + timeoutMs, timeoutMs, warn);
  const ready = await gathered(table, context);
  return { encoded: await encodeRows(ready.generateBytes?.(context) ?? ready.generate(context), { table: table.name, columns: table.columns, timeoutMs, startedAt }) };
}

interface SentContext {
  constraints?: { name?: unknown; list?: { op?: unknown; expr?: unknown }[] }[];
  colsUsed?: unknown;
}

function contextOf(table: Table | GatheredTable, json: string, end: number, timeoutMs: number, warn: (message: string) => void): QueryContext {
  const sent = parseContext(json);
  const listed = Array.isArray(sent.constraints) ? sent.constraints : [];
  const constraints = new Map(listed.map((column) => [String(column?.name), Array.isArray(column?.list) ? column.list.flatMap(constraintOf) : []]));
  const used = Array.isArray(sent.colsUsed) ? new Set(sent.colsUsed.map(String)) : undefined;
  return {
    constraints: (column) => constraints.get(column) ?? [],
    uses: (column) => used?.has(column) ?? true,
    checkpoint() {
      if (performance.now() > end) throw tookTooLong(table.name, timeoutMs);
    },
    msLeft: () => Math.max(1, Math.floor(end - performance.now())),
    warn: (message) => warn(`${table.name}: ${message}`),
  };
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
function constraintOf(sent: { op?: unknown; expr?: unknown } | null): Constraint[] {
  const operator = Number(sent?.op);
  return KNOWN_OPERATORS.has(operator) && typeof sent?.expr === 'string' ? [{ op: operator as Operator, value: sent.expr }] : [];
}
