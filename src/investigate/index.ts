/** A guide carried out over one event: its queries on the engine, what a program can check by itself, what is left for a person, and a verdict no surer than what was found. */
import { TickwardError } from '../model/errors.ts';
import type { FileEvent } from '../model/event.ts';
import type { Guide, Step } from '../guide/parse.ts';
import type { Engine } from '../sql/index.ts';
import { runChecks } from './check-run.ts';
import type { Language } from './checks/check.ts';
import { checks } from './checks/index.ts';
import { compose } from './compose.ts';
import type { History, Host } from './evidence.ts';
import { carryOut } from './guide-steps.ts';
import { inTurn } from './in-turn.ts';
import type { Answer, InvestigatedStep, Investigation } from './result.ts';

export type { History, Host } from './evidence.ts';
export type { InvestigatedStep, Investigation } from './result.ts';
export { hasFindings, isLeft } from './verdict.ts';

export interface InvestigateOptions {
  event: FileEvent;
  alert?: string;
  guide: Guide;
  engine: Engine;
  /** SQLite's error for SQL that does not parse, from the embedded engine. */
  parses: (sql: string) => string | undefined;
  host: Host;
  history: History;
  lang?: Language;
  timeoutMs: number;
  maxRows: number;
  /** Only this step: the number of one of the guide, or the name of a check. */
  only?: string;
  /** Before each step, with its title. */
  onStart?: (title: string) => void;
  onStep?: (step: InvestigatedStep) => void;
  /** Asks the person about a step that needs one; null to ask no more. */
  ask?: (step: InvestigatedStep) => Promise<Answer | null>;
}

const OWN_SECTION: Record<Language, string> = { en: 'What Tickward looked at besides', 'zh-CN': 'Tickward 的其他检查' };

export async function investigate(options: InvestigateOptions): Promise<Investigation> {
  const started = new Date();
  const { event, guide, lang = 'en' } = options;
  const engine = inTurn(options.engine);
  const chosen = chooseSteps(guide.steps, options.only);
  const problems = [...guide.problems, ...unknownChecks(guide.steps)];
  const running = runChecks(chosen.checks, { ...options, engine });
  const home = homeOf(options);
  const steps: InvestigatedStep[] = [];
  const waiting = new Set(chosen.checks);
  let { ask } = options;

  const done = async (step: InvestigatedStep): Promise<void> => {
    options.onStep?.(step);
    const answer = step.needs_person === null || ask === undefined ? undefined : await ask(step);
    if (answer === null) ask = undefined;
    steps.push({ ...step, answer: answer ?? null });
  };
  const check = async (id: string, section: string): Promise<void> => {
    if (!waiting.delete(id)) return;
    options.onStart?.(running.titleOf(id, lang));
    await done(await running.step(id, section, lang));
  };

  for (const step of chosen.steps) {
    options.onStart?.(step.text);
    // What helps a person to judge stands before the question.
    if (step.kind === 'task') for (const id of step.checks) await check(id, step.section);
    for (const each of await carryOut(step, { ...options, engine, ...(home === undefined ? {} : { home }) })) await done(each);
  }
  for (const id of chosen.checks) await check(id, OWN_SECTION[lang]);
  return compose({ alert: options.alert ?? null, event, guide: { title: guide.title, problems }, engine: engine.name, started: started.toISOString(), took_ms: Date.now() - started.getTime() }, steps, await running.outcomes(), options.only);
}

/** All of them, or the one that was asked for with the checks that belong to it. */
function chooseSteps(all: readonly Step[], only: string | undefined): { steps: readonly Step[]; checks: readonly string[] } {
  const known = checks.map(({ id }) => id);
  if (only === undefined) return { steps: all, checks: known };
  if (known.includes(only)) return { steps: [], checks: [only] };
  const steps = all.filter(({ index }) => String(index) === only);
  if (steps.length === 0) throw new TickwardError('USAGE', `the guide has no step ${only}, and there is no check of that name`, { hint: `steps are 1 to ${all.length}; checks are ${known.join(', ')}` });
  return { steps, checks: known.filter((id) => steps.some((step) => step.kind === 'task' && step.checks.includes(id))) };
}

/** A guide of another version, or a slip. */
function unknownChecks(steps: readonly Step[]): string[] {
  const named = new Set(steps.flatMap((step) => (step.kind === 'task' ? step.checks : [])));
  return [...named].filter((name) => checks.every(({ id }) => id !== name)).map((name) => `the guide names a check ${name}, which there is not`);
}

function homeOf({ event, host }: InvestigateOptions): string | undefined {
  return host.users.find(({ name }) => name === event.user?.name)?.home;
}

