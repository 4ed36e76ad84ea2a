/** What is known of a case: the one document that conditions and placeholders of a playbook read. Pure. */
import type { Alert, FileEvent } from '../model/event.ts';
import type { Json, JsonObject } from '../model/journal.ts';

export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** As much of an investigation as playbooks can ask for. */
export interface Investigated {
  verdict: { level: string; reasons: readonly string[] };
  /** Lists by their kind. */
  indicators: object;
  steps: readonly { id: string; rows: readonly Readonly<Record<string, string>>[]; error: string | null; skipped: string | null; needs_person: string | null }[];
}

/** Answers of a person: by step, then by question. */
export type Answers = Readonly<Record<string, Readonly<Record<string, Answer>>>>;
export type Answer = string | boolean;

export interface Known {
  /** Absent where the response is about the host and not about a file. */
  event?: FileEvent;
  alert?: Alert;
  severity?: Severity;
  investigation?: Investigated;
  answers: Answers;
  /** States of the steps so far. */
  steps: Readonly<Record<string, string>>;
}

/** Roots of the document that are not the event's own (ECS and `tickward.*`), with what stands below them. */
export const FIELDS: readonly { field: string; meaning: string }[] = [
  { field: 'severity', meaning: 'low, medium, high or critical: of --severity, else of the rule' },
  { field: 'rule.id', meaning: "of the alert's rule, and rule.name, rule.version, rule.severity, rule.risk_score; missing for a file without an alert" },
  { field: 'verdict.level', meaning: 'of the investigation: explained, unclear, suspicious or highly-suspicious; verdict.reasons are its reasons' },
  { field: 'indicators.KIND', meaning: 'lists of the investigation: paths, hashes, executables, command_lines, users and what else it found' },
  { field: 'guide.step_N.count', meaning: "rows of step N of the guide; .rows.COLUMN are the values, .failed and .skipped are true or false" },
  { field: 'answers.STEP.QUESTION', meaning: 'what a person answered at an earlier step; yes and no are true and false' },
  { field: 'steps.STEP', meaning: 'the state of an earlier step: changed, unchanged, skipped-because, failed, needs-person (would-change in a dry run)' },
  { field: 'event.* file.* process.* user.* host.* container.* tickward.*', meaning: "the event itself, as `tickward alerts show ID --json` has it: process.pid, file.hash.sha256, user.name" },
];

const EVENT_ROOTS = new Set(['@timestamp', 'event', 'file', 'process', 'user', 'host', 'container', 'tickward']);
/** A map: `constructor` and `__proto__` are no fields of it. */
const BELOW: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['rule', new Set(['id', 'name', 'version', 'severity', 'risk_score', 'threat'])],
  ['verdict', new Set(['level', 'reasons'])],
]);
const GUIDE = /^guide\.step_\d+[a-z]?\.(?:count|failed|skipped|rows\..+)$/;

/** Whether a field is of the investigation, which is only made when something asks for it. */
export function needsInvestigation(field: string): boolean {
  return /^(?:verdict|indicators|guide)\./.test(field);
}

/** Why there is no such field; undefined where there may be. `questions` are those of earlier steps as `STEP.QUESTION`, `steps` their ids. */
export function problemOfField(field: string, earlier: { questions: readonly string[]; steps: readonly string[] }): string | undefined {
  const [root = '', ...rest] = field.split('.');
  const below = rest.join('.');
  if (EVENT_ROOTS.has(root) || field === 'severity') return undefined;
  if (root === 'answers') return earlier.questions.includes(below) ? undefined : `no earlier step asks ${below}${list(earlier.questions, 'asked are')}`;
  if (root === 'steps') return earlier.steps.includes(below) ? undefined : `there is no earlier step ${below}${list(earlier.steps, 'there are')}`;
  if (root === 'indicators') return below === '' ? 'name a kind of indicators, such as indicators.paths' : undefined;
  if (root === 'guide') return GUIDE.test(field) ? undefined : `there is no field ${field}: guide.step_N.count, .failed, .skipped or .rows.COLUMN`;
  if (BELOW.get(root)?.has(rest[0] ?? '')) return undefined;
  return `there is no field ${field}: tickward playbook fields lists them`;
}

function list(known: readonly string[], words: string): string {
  return known.length === 0 ? '' : `; ${words} ${known.join(', ')}`;
}

export function documentOf({ event, alert, severity, investigation, answers, steps }: Known): object {
  return {
    ...event,
    ...(alert === undefined ? {} : { rule: alert.rule }),
    ...(severity === undefined ? {} : { severity }),
    ...(investigation === undefined ? {} : { verdict: investigation.verdict, indicators: investigation.indicators, guide: guideOf(investigation) }),
    answers,
    steps,
  };
}

function guideOf({ steps }: Investigated): object {
  return Object.fromEntries(steps.filter((step) => step.needs_person === null).map(({ id, rows, error, skipped }) => [`step_${id}`, { count: rows.length, rows, failed: error !== null, skipped: skipped !== null }]));
}

/** Whether a gate lets a case through. What is not known passes no gate. */
export function reaches(severity: Severity | undefined, gate: Severity): boolean {
  return severity !== undefined && SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(gate);
}

const PLACEHOLDER = /^\{\{\s*([A-Za-z@][\w@-]*(?:\.[A-Za-z@][\w@-]*)*)\s*\}\}$/;

/** The field that a value stands for; undefined where it is a plain value. A placeholder is a whole value, never a part of one. */
export function fieldOf(value: Json): string | undefined {
  return typeof value === 'string' ? PLACEHOLDER.exec(value)?.[1] : undefined;
}

/** The parameters with the document's own values, typed as they are there. What it does not have is left out. */
export function fillIn(params: { readonly [name: string]: Json }, document: object): JsonObject {
  return Object.fromEntries(Object.entries(params).flatMap(([name, value]) => {
    const field = fieldOf(value);
    if (field === undefined) return [[name, value] as const];
    const found = valueAt(document, field.split('.'));
    return found === undefined ? [] : [[name, found] as const];
  }));
}

function valueAt(value: unknown, path: readonly string[]): Json | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return isPlain(value) ? value : undefined;
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? valueAt(Reflect.get(value, key), rest) : undefined;
}

/** Single values and lists of them; an object is no parameter. */
function isPlain(value: unknown): value is Json {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || (Array.isArray(value) && value.every(isPlain));
}
