/** The steps of a guide carried out: queries on the engine, tasks handed on to checks and to the person. */
import { messageOf } from '../model/errors.ts';
import type { FileEvent } from '../model/event.ts';
import type { Step } from '../guide/parse.ts';
import { renderQuery, type Rendered } from '../guide/placeholders.ts';
import type { QueryResult } from '../sql/index.ts';
import type { TakingTurns } from './in-turn.ts';
import type { InvestigatedStep } from './result.ts';

export interface GuideContext {
  event: FileEvent;
  engine: TakingTurns;
  /** SQLite's error for SQL that does not parse, from the embedded engine. */
  parses: (sql: string) => string | undefined;
  /** The home of `user.name` where it is not /home/NAME: its queries run a second time with it. */
  home?: string;
  timeoutMs: number;
  maxRows: number;
}

/** A step of which nothing is known yet. */
export function emptyStep(step: Pick<InvestigatedStep, 'id' | 'title' | 'kind' | 'section'>): InvestigatedStep {
  return { ...step, sql: null, engine: null, columns: [], rows: [], repairs: [], warnings: [], skipped: null, error: null, needs_person: null, checks: [], answer: null, signs: [] };
}

/** More than one where a field has several values, and where a home is not below /home. */
export async function carryOut(step: Step, context: GuideContext): Promise<InvestigatedStep[]> {
  const { id, kind, section } = step;
  switch (step.kind) {
    case 'task':
      return [{ ...emptyStep({ id, kind, section, title: step.text }), checks: step.checks, needs_person: step.answered ? null : step.text }];
    case 'broken':
      return [{ ...emptyStep({ id, kind, section, title: step.text }), error: step.error }];
    case 'query': {
      const queries = await context.engine.turn(() => renderQuery(step.sql, context.event, { parses: context.parses, ...(context.home === undefined ? {} : { home: context.home }) }));
      const done: InvestigatedStep[] = [];
      for (const [index, query] of queries.entries()) {
        const own = emptyStep({ id: index === 0 ? id : `${id}${String.fromCharCode(97 + index)}`, kind, section, title: titleOf(step.label, query) });
        done.push({ ...own, ...(await answer({ ...query, repairs: [...step.repairs, ...query.repairs] }, step.timeout, context)) });
      }
      return done;
    }
  }
}

function titleOf(label: string, query: Rendered): string {
  return query.note === undefined ? label : `${label} (${query.note})`;
}

/** Whether the query asks for a name in a form that only the embedded engine reads. */
function unasked({ placeholders }: Rendered, { engine, event }: GuideContext): boolean {
  return engine.name !== 'embedded' && event.tickward.path_bytes !== undefined && placeholders.some(({ name }) => name.startsWith('file.'));
}

/** `timeout` is the block's own, in seconds: it may ask for less time than we give, not for more. */
async function answer(query: Rendered, timeout: number | undefined, context: GuideContext): Promise<Partial<InvestigatedStep>> {
  const { engine, maxRows } = context;
  if (query.sql === undefined) return { repairs: query.repairs, skipped: query.skipped ?? 'not rendered' };
  const asked = { sql: query.sql, engine: engine.name, repairs: query.repairs, skipped: query.skipped ?? null };
  if (query.skipped !== undefined) return asked;
  const timeoutMs = timeout !== undefined && timeout > 0 ? Math.min(timeout * 1000, context.timeoutMs) : context.timeoutMs;
  try {
    const result: QueryResult = await engine.query(query.sql, { timeoutMs, maxRows });
    const warnings = [...result.warnings, ...(result.truncated ? [`only the first ${maxRows} rows`] : []), ...(unasked(query, context) ? [`the file's name is no UTF-8, and ${engine.name} cannot be asked for such a name: use --engine embedded`] : [])];
    return { ...asked, columns: result.columns, rows: result.rows, warnings };
  } catch (error) {
    return { ...asked, error: messageOf(error) };
  }
}
