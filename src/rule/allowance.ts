/**
 * `// allow CHECK: reason` in a query: what lint says there is meant so. It counts for its own line and for the next one
 * that is not a comment; without a reason, or with nothing to allow, it is a finding itself.
 */
import { QUERY_CHECKS, type QueryFinding } from './finding.ts';

interface Allowance {
  checks: string[];
  reason: string;
  offset: number;
  /** From 0. */
  lines: number[];
  used: boolean;
}

/** Strings, names in back-ticks and long comments are stepped over: what looks like a comment inside them is none. */
const TOKENS = /"""[^]*?"""|"(?:\\.|[^"\\\n])*"|`[^`\n]*`|\/\*[^]*?\*\/|\/\/[^\n]*/g;
const ALLOW = /^\/\/\s*allow\s+([a-z-]+(?:\s*,\s*[a-z-]+)*)\s*(?::\s*(.*))?$/;

export interface Allowed {
  findings: QueryFinding[];
  /** Comments that allow nothing, or say not why. */
  wrong: { message: string; hint: string; offset: number }[];
}

export function applyAllowances(query: string, findings: readonly QueryFinding[]): Allowed {
  const allowances = allowancesOf(query);
  if (allowances.length === 0) return { findings: [...findings], wrong: [] };
  const lineOf = lineCounter(query);
  const left = findings.filter((finding) => {
    const line = lineOf(finding.offset);
    const matching = allowances.filter(({ checks, lines }) => checks.includes(finding.check) && lines.includes(line));
    for (const allowance of matching) allowance.used = true;
    return matching.length === 0;
  });
  return { findings: left, wrong: allowances.flatMap(problemOf) };
}

function allowancesOf(query: string): Allowance[] {
  const texts = query.split('\n');
  const lineOf = lineCounter(query);
  return [...query.matchAll(TOKENS)].flatMap((token): Allowance[] => {
    const match = ALLOW.exec(token[0].trim());
    if (match === null) return [];
    const line = lineOf(token.index);
    let next = line + 1;
    while ((texts[next] ?? '').trim().startsWith('//')) next += 1;
    const alone = (texts[line] ?? '').trim().startsWith('//');
    return [{ checks: (match[1] ?? '').split(/\s*,\s*/), reason: (match[2] ?? '').trim(), offset: token.index, lines: alone ? [line, next] : [line], used: false }];
  });
}

function problemOf({ checks, reason, offset, used }: Allowance): Allowed['wrong'] {
  const names: readonly string[] = QUERY_CHECKS;
  const unknown = checks.find((check) => !names.includes(check));
  if (unknown !== undefined) return [{ message: `there is no check ${unknown} to allow`, hint: `checks of a query: ${QUERY_CHECKS.join(', ')}`, offset }];
  if (reason === '') return [{ message: 'what is allowed here has no reason', hint: 'write // allow CHECK: why', offset }];
  return used ? [] : [{ message: 'nothing is found here that would have to be allowed', hint: 'take the comment out', offset }];
}

/** The line of an offset, from 0: found among the starts of lines, since a query may have a hundred thousand of both. */
function lineCounter(query: string): (offset: number) => number {
  const starts = [0, ...[...query.matchAll(/\n/g)].map(({ index }) => index + 1)];
  return (offset) => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? Infinity) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  };
}
