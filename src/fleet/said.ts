/** What hosts said, in lines to read. Pure. A host may be the attacker's: only texts in their known places are taken, and little of them. */
import type { HostRow } from './rows.ts';

const MOST_LINES = 20;
const MOST_TOLD = 500;

export interface Said {
  hosts: string[];
  lines: string[];
}

/** Those that said the same stand together, in the order of the rows. Who said nothing more than its state is left out. */
export function saidBy(rows: readonly HostRow[]): Said[] {
  const groups = new Map<string, Said>();
  for (const { host, data } of rows) {
    const lines = linesOf(data);
    const key = lines.join('\n');
    const group = groups.get(key);
    if (group !== undefined) group.hosts.push(host);
    else if (lines.length > 0) groups.set(key, { hosts: [host], lines });
  }
  return [...groups.values()];
}

function linesOf(data: unknown): string[] {
  const lines = all(data).filter((line) => line !== '').map((line) => line.slice(0, MOST_TOLD));
  return lines.length <= MOST_LINES ? lines : [...lines.slice(0, MOST_LINES), `… ${lines.length - MOST_LINES} more: --json has them`];
}

/** The open alerts, the verdict and its reasons, the traces, or what each step changed or would change. */
function all(data: unknown): string[] {
  if (Array.isArray(data)) return data.map((alert) => joined(': ', text(alert, 'rule', 'name'), text(alert, 'event', 'file', 'path')));
  const level = text(data, 'verdict', 'level');
  if (level !== undefined) return [level, ...texts(at(data, 'verdict', 'reasons')).map((reason) => `- ${reason}`)];
  const traces = list(at(data, 'traces')).map((trace) => joined(' ', text(trace, 'where'), text(trace, 'why')));
  return [...traces, ...list(at(data, 'steps')).flatMap(linesOfStep)];
}

function linesOfStep(step: unknown): string[] {
  const changes = texts(at(step, 'changes'));
  const what = changes.length > 0 ? changes : [text(step, 'summary') ?? ''];
  return [...what, ...texts(at(step, 'notes')).map((note) => `note: ${note}`)].map((line) => joined(': ', text(step, 'id'), line));
}

function at(data: unknown, ...names: string[]): unknown {
  return names.reduce<unknown>((found, name) => (typeof found === 'object' && found !== null && Object.hasOwn(found, name) ? (found as Record<string, unknown>)[name] : undefined), data);
}

function text(data: unknown, ...names: string[]): string | undefined {
  const found = at(data, ...names);
  return typeof found === 'string' ? found : undefined;
}

function list(data: unknown): unknown[] {
  return Array.isArray(data) ? data : [];
}

function texts(data: unknown): string[] {
  return list(data).filter((each) => typeof each === 'string');
}

function joined(between: string, ...parts: (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join(between);
}
