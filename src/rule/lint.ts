/** `rule lint`: what is suspicious in a rule that loads. Pure; the SQL of its guide is looked at by who has an engine. */
import { placeAt, type Place } from '../model/errors.ts';
import { applyAllowances } from './allowance.ts';
import type { LoadedRule } from './export.ts';
import type { Check, Finding } from './finding.ts';
import { lintQuery } from './lint-query.ts';
import type { Rule } from './load.ts';
import { parseEql } from './parse.ts';
import { located, placeOfEntry, placeOfKey, startOf, type Source } from './place.ts';

/** More of one query or note help nobody: the rest is counted. */
const MOST = 100;

/** In order of the file. */
export function lintRule({ rule, source, unapplied }: LoadedRule): Finding[] {
  const found = [...lintKeys(rule, source), ...lintRun(rule, source), ...lintApplied(rule, source, unapplied), ...lintReferences(rule, source)];
  return found.sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column);
}

function lintKeys({ unknown }: Rule, source: Source): Finding[] {
  return unknown.map((key) => ({ check: 'unknown-key', message: `the key ${key} is not known: it is kept, and does nothing`, hint: 'check its spelling', place: keyPlace(key.split('.'), source) }));
}

function lintRun(rule: Rule, source: Source): Finding[] {
  if (!rule.run.runs) return [{ check: 'not-run', message: `its query does not run here: ${rule.run.reason}`, hint: 'tickward guide render shows its guide', place: keyPlace(['rule', rule.query === undefined ? 'type' : 'query'], source) }];
  const query = rule.query ?? '';
  const { findings, wrong } = applyAllowances(query, lintQuery(parseEql(query), query));
  const all = [...findings, ...wrong.map((each) => ({ ...each, check: 'allowance' as const }))];
  const left = all.length - MOST;
  const shown = all.slice(0, MOST).map((each) => inPart(each, 'query', query, source));
  return left <= 0 ? shown : [...shown, { check: 'too-large', message: `${left} more findings in the query are not shown`, hint: 'mend those that are', place: shown.at(-1)?.place ?? startOf(source) }];
}

/** What changes in Elastic which events match, or which alerts come of them, and does nothing here. */
const UNAPPLIED: Record<string, string> = {
  filters: 'its filters are not applied here: it matches more than in Elastic',
  event_category_override: 'its event_category_override is not applied here: the category is read from event.category',
  alert_suppression: 'its alert_suppression is not applied here: each event gives an alert, max_signals an interval at most',
};

function lintApplied({ rest }: Rule, source: Source, unapplied: readonly string[]): Finding[] {
  const keys = Object.entries(UNAPPLIED).filter(([key]) => isGiven(rest[key])).map(([key, message]) => ({ key, message, hint: 'write it into the query' }));
  const exceptions = unapplied.map((message) => ({ key: 'exceptions_list', message, hint: 'export the rule with its exceptions, or write them into the query' }));
  return [...keys, ...exceptions].map(({ key, message, hint }) => ({ check: 'not-applied', message, hint, place: keyPlace(['rule', key], source) }));
}

function isGiven(value: unknown): boolean {
  return value !== undefined && !(Array.isArray(value) && value.length === 0);
}

const REFERENCES = { osquery: /\$osquery_(\d+)/g, investigate: /\$investigate_(\d+)/g };

/** `$osquery_N` of the note without an entry of [[transform.osquery]], and entries that no text refers to. */
function lintReferences(rule: Rule, source: Source): Finding[] {
  return (['osquery', 'investigate'] as const).flatMap((kind): Finding[] => {
    const note = rule.note ?? '';
    const entries = rule[kind].length;
    const references = [...note.matchAll(REFERENCES[kind])];
    const used = new Set([...references, ...(rule.setup ?? '').matchAll(REFERENCES[kind])].map((match) => Number(match[1])));
    const dangling = references.filter((match) => Number(match[1]) >= entries);
    const more = dangling[MOST];
    return [
      ...dangling.slice(0, MOST).map((match) => inPart({ check: 'guide-reference', message: `${match[0]} has no entry in [[transform.${kind}]]`, hint: 'entries count from 0', offset: match.index }, 'note', note, source)),
      ...(more === undefined ? [] : [inPart({ check: 'too-large', message: `${dangling.length - MOST} more references of the note have no entry, from here on`, hint: 'mend those that are shown', offset: more.index }, 'note', note, source)]),
      ...rule[kind].flatMap((_, index): Finding[] => (used.has(index) ? [] : [{ check: 'guide-reference', message: `no text of the note refers to $${kind}_${index}`, hint: 'refer to it, or take the entry out', place: placeOfEntry(`transform.${kind}`, index, source) ?? startOf(source) }])),
    ];
  });
}

function inPart({ check, message, hint, offset }: { check: Check; message: string; hint: string; offset: number }, name: 'query' | 'note', text: string, source: Source): Finding {
  return { check, hint, ...located({ message, place: placeAt(text, offset) }, { name, text }, source) };
}

function keyPlace(path: readonly string[], source: Source): Place {
  return placeOfKey(path, source) ?? startOf(source);
}
