/** Runs a guide over one event: queries on the engine, tasks handed to the person, a verdict no surer than what was found. */
import type { FileEvent } from '../model/event.ts';
import { messageOf } from '../model/errors.ts';
import type { Guide, Step } from '../guide/parse.ts';
import { renderQuery, type Rendered } from '../guide/placeholders.ts';
import type { Engine, QueryResult } from '../sql/index.ts';
import { indicatorsOf, verdictOf, type Indicators, type Verdict } from './verdict.ts';

export interface InvestigatedStep {
  id: string;
  title: string;
  kind: 'query' | 'task' | 'broken';
  section: string;
  sql: string | null;
  engine: string | null;
  columns: string[];
  rows: Record<string, string>[];
  repairs: string[];
  warnings: string[];
  skipped: string | null;
  error: string | null;
  /** What a person has to do or decide; null where the program did it. */
  needs_person: string | null;
}

export interface Investigation {
  alert: string | null;
  event: FileEvent;
  engine: string;
  verdict: Verdict;
  steps: InvestigatedStep[];
  indicators: Indicators;
}

export interface InvestigateOptions {
  event: FileEvent;
  alert?: string;
  guide: Guide;
  engine: Engine;
  /** SQLite's error for SQL that does not parse, from the embedded engine. */
  parses: (sql: string) => string | undefined;
  /** The home of `user.name` where it is not /home/NAME: its queries run a second time with it. */
  home?: string;
  timeoutMs: number;
  maxRows: number;
  /** Only the step with this index. */
  only?: number;
  onStep?: (step: InvestigatedStep) => void;
}

export async function investigate(options: InvestigateOptions): Promise<Investigation> {
  const { event, engine } = options;
  const steps: InvestigatedStep[] = [];
  for (const step of options.guide.steps) {
    if (options.only !== undefined && step.index !== options.only) continue;
    for (const done of await carryOut(step, options)) {
      steps.push(done);
      options.onStep?.(done);
    }
  }
  return { alert: options.alert ?? null, event, engine: engine.name, verdict: verdictOf(event, steps), steps, indicators: indicatorsOf(event) };
}

async function carryOut(step: Step, options: InvestigateOptions): Promise<InvestigatedStep[]> {
  const base = { id: step.id, kind: step.kind, section: step.section, sql: null, engine: null, columns: [], rows: [], repairs: [], warnings: [], skipped: null, error: null, needs_person: null };
  switch (step.kind) {
    case 'task':
      return [{ ...base, title: step.text, needs_person: step.text }];
    case 'broken':
      return [{ ...base, title: step.text, error: step.error }];
    case 'query': {
      const { home } = options;
      const queries = renderQuery(step.sql, options.event, { parses: options.parses, ...(home === undefined ? {} : { home }) });
      const done: InvestigatedStep[] = [];
      for (const [index, query] of queries.entries()) {
        const id = index === 0 ? step.id : `${step.id}${String.fromCharCode(97 + index)}`;
        const answered = await answer({ ...query, repairs: [...step.repairs, ...query.repairs] }, options);
        done.push({ ...base, id, title: titleOf(step.label, query), ...answered });
      }
      return done;
    }
  }
}

function titleOf(label: string, query: Rendered): string {
  return query.note === undefined ? label : `${label} (${query.note})`;
}

/** Whether the query asks for a name in a form that only the embedded engine reads. */
function unasked({ placeholders }: Rendered, { engine, event }: InvestigateOptions): boolean {
  return engine.name !== 'embedded' && event.tickward.path_bytes !== undefined && placeholders.some(({ name }) => name.startsWith('file.'));
}

async function answer(query: Rendered, options: InvestigateOptions): Promise<Partial<InvestigatedStep>> {
  const { engine } = options;
  if (query.sql === undefined) return { repairs: query.repairs, skipped: query.skipped ?? 'not rendered' };
  const asked = { sql: query.sql, engine: engine.name, repairs: query.repairs, skipped: query.skipped ?? null };
  if (query.skipped !== undefined) return asked;
  try {
    const result: QueryResult = await engine.query(query.sql, { timeoutMs: options.timeoutMs, maxRows: options.maxRows });
    const warnings = [...result.warnings, ...(result.truncated ? [`only the first ${options.maxRows} rows`] : []), ...(unasked(query, options) ? [`the file's name is no UTF-8, and ${engine.name} cannot be asked for such a name: use --engine embedded`] : [])];
    return { ...asked, columns: result.columns, rows: result.rows, warnings };
  } catch (error) {
    return { ...asked, error: messageOf(error) };
  }
}
