/** What the evidence says, with its reasons. It never clears anyone, and is never surer than what was found: see `Level`. */
import type { FileEvent } from '../model/event.ts';
import { eventSigns } from './event-signs.ts';
import type { InvestigatedStep, Level, Verdict } from './result.ts';

/** The sign that everything the unit is made of is a package's. */
export const ALL_PACKAGED = 'all-packaged';

type Placed = Verdict['signs'][number];

/** `only` names the one step that was asked for. */
export function verdictOf(event: FileEvent, steps: readonly InvestigatedStep[], only?: string): Verdict {
  const signs = ranked([...[...eventSigns(event)].map((sign): Placed => ({ ...sign, from: 'event' })), ...steps.flatMap((step) => [...step.signs.map((sign): Placed => ({ ...sign, from: step.id })), ...answered(step)])]);
  const open = [...openOf(event, steps), ...(only === undefined ? [] : [`only the step ${only} was looked at: what the others would say is not known`])];
  const level = levelOf(signs, steps, only === undefined);
  const counted = signs.filter(({ weight }) => weight !== 'harmless' || level === 'explained' || level === 'unclear');
  return { level, reasons: [...counted.map(({ text }) => text), ...open], signs, open };
}

const RANK = { strong: 0, weak: 1, harmless: 2 };

/** Each text once, the strongest first. */
function ranked(signs: readonly Placed[]): Placed[] {
  const seen = new Set<string>();
  return signs.filter(({ text }) => !seen.has(text) && seen.add(text).size > 0).sort((one, other) => RANK[one.weight] - RANK[other.weight]);
}

/** What a person says counts as much as a strong sign; that something looks fine takes nothing back. */
function answered({ id, title, answer }: InvestigatedStep): Placed[] {
  return answer === 'suspicious' ? [{ id: 'person', weight: 'strong', text: `a person found this suspicious: ${title}`, from: id }] : [];
}

function levelOf(signs: readonly Placed[], steps: readonly InvestigatedStep[], all: boolean): Level {
  const strong = signs.filter(({ weight }) => weight === 'strong');
  const weak = signs.filter(({ weight }) => weight === 'weak');
  if (new Set(strong.map(({ from }) => from)).size > 1) return 'highly-suspicious';
  if (strong.length > 0 || weak.length > 1) return 'suspicious';
  const complete = all && steps.filter(({ kind }) => kind === 'check').every(({ error }) => error === null);
  return weak.length === 0 && complete && signs.some(({ id }) => id === ALL_PACKAGED) ? 'explained' : 'unclear';
}

function openOf(event: FileEvent, steps: readonly InvestigatedStep[]): string[] {
  const open: string[] = [];
  if (event.process?.executable === undefined) open.push('the process that made the file is not known');
  else if (event.tickward.attribution === 'inferred') open.push(`the process is inferred: ${event.tickward.attribution_note ?? 'from circumstances'}`);
  const queries = steps.filter(({ kind }) => kind !== 'check');
  const failed = queries.filter(({ error }) => error !== null).length;
  const skipped = queries.filter((step) => step.skipped !== null).length;
  if (failed > 0) open.push(`${failed} quer${failed === 1 ? 'y' : 'ies'} failed`);
  if (skipped > 0) open.push(`${skipped} quer${skipped === 1 ? 'y was' : 'ies were'} skipped`);
  for (const { id, error } of steps.filter(({ kind }) => kind === 'check')) if (error !== null) open.push(`the check ${id} failed: ${error}`);
  const person = steps.filter(isLeft).length;
  if (person > 0) open.push(`${person} step${person === 1 ? '' : 's'} of the guide need${person === 1 ? 's' : ''} a person`);
  return open;
}

/** A step that nobody has done yet. */
export function isLeft({ needs_person, answer }: InvestigatedStep): boolean {
  return needs_person !== null && (answer === null || answer === 'not-looked-at');
}

/** Findings in the sense of the exit code: something to look at, or left to be looked at. */
export function hasFindings({ verdict, steps }: { verdict: Verdict; steps: readonly InvestigatedStep[] }): boolean {
  return verdict.level === 'suspicious' || verdict.level === 'highly-suspicious' || steps.some(isLeft);
}
