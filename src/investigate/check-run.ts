/** The checks of one investigation: they run side by side over the same evidence, and one that fails leaves the others alone. */
import { messageOf } from '../model/errors.ts';
import type { Engine } from '../sql/index.ts';
import type { Language, Outcome } from './checks/check.ts';
import { checks } from './checks/index.ts';
import { gather, type Evidence, type Gathering } from './evidence.ts';
import { emptyStep } from './guide-steps.ts';
import type { InvestigatedStep } from './result.ts';

export interface Outcomes {
  evidence: Evidence | undefined;
  all: Outcome[];
}

export interface CheckRun {
  titleOf(id: string, lang: Language): string;
  /** Waits for it. */
  step(id: string, section: string, lang: Language): Promise<InvestigatedStep>;
  /** Of those that did not fail. */
  outcomes(): Promise<Outcomes>;
}

type Result = { outcome: Outcome } | { error: string };

/** Starts them at once. Nothing is looked at for no check. */
export function runChecks(ids: readonly string[], gathering: Gathering & { engine: Engine }): CheckRun {
  const evidence = ids.length === 0 ? undefined : gather(gathering);
  const results = new Map(checks.filter(({ id }) => ids.includes(id)).map((check) => [check.id, resultOf(async () => check.look(await (evidence as Promise<Evidence>)))]));
  return {
    titleOf: (id, lang) => checks.find((check) => check.id === id)?.title[lang] ?? id,
    async step(id, section, lang) {
      const title = checks.find((check) => check.id === id)?.title[lang] ?? id;
      const step = emptyStep({ id, title, kind: 'check', section });
      const result = (await results.get(id)) ?? { error: 'there is no such check' };
      if ('error' in result) return { ...step, error: result.error };
      const { columns, rows, warnings = [], skipped = null, signs = [], sql } = result.outcome;
      return { ...step, columns: [...columns], rows: [...rows], warnings: [...warnings], skipped, signs: [...signs], ...(sql === undefined ? {} : { sql, engine: gathering.engine.name }) };
    },
    async outcomes() {
      const all = (await Promise.all(results.values())).flatMap((result) => ('outcome' in result ? [result.outcome] : []));
      return { evidence: await evidence?.catch(() => undefined), all };
    },
  };
}

async function resultOf(look: () => Promise<Outcome>): Promise<Result> {
  try {
    return { outcome: await look() };
  } catch (error) {
    return { error: messageOf(error) };
  }
}
