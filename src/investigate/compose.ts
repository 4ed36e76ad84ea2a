/** What was found, put together into the document of an investigation. Pure. */
import { legiblePath } from '../model/event.ts';
import type { Outcomes } from './check-run.ts';
import { eventIndicators } from './event-signs.ts';
import type { Indicators, InvestigatedStep, Investigation, Moment, ProcessNode } from './result.ts';
import { verdictOf } from './verdict.ts';

const MOST_MOMENTS = 1_000;

export function compose(head: Omit<Investigation, 'verdict' | 'steps' | 'indicators' | 'timeline' | 'processes'>, steps: InvestigatedStep[], outcomes: Outcomes, only?: string): Investigation {
  const { event } = head;
  return {
    ...head,
    verdict: verdictOf(event, steps, only),
    steps,
    indicators: outcomes.all.reduce((known, { indicators }) => merged(known, indicators ?? {}), eventIndicators(event)),
    timeline: timelineOf({ time: outcomes.evidence === undefined ? event['@timestamp'] : new Date(outcomes.evidence.at).toISOString(), kind: 'event', what: `${legiblePath(event)}: ${event.event.action}`, subject: true }, outcomes),
    processes: processesOf(outcomes),
  };
}

function merged(known: Indicators, more: Partial<Indicators>): Indicators {
  const both = (key: keyof Indicators): string[] => [...new Set([...known[key], ...(more[key] ?? [])])];
  return { paths: both('paths'), hashes: both('hashes'), executables: both('executables'), command_lines: both('command_lines'), users: both('users'), urls: both('urls'), domains: both('domains'), addresses: both('addresses') };
}

/** Each once; of too many those nearest to the subject. */
function timelineOf(subject: Moment, { all }: Outcomes): Moment[] {
  const distinct = new Map(all.flatMap(({ moments = [] }) => moments).map((moment) => [`${moment.time} ${moment.what}`, moment]));
  const at = Date.parse(subject.time);
  const distance = ({ time }: Moment): number => Math.abs(Date.parse(time) - at);
  const nearest = [...distinct.values()].sort((one, other) => distance(one) - distance(other)).slice(0, MOST_MOMENTS - 1);
  return [subject, ...nearest].sort((one, other) => Date.parse(one.time) - Date.parse(other.time));
}

function processesOf({ evidence, all }: Outcomes): ProcessNode[] {
  const connections = new Map(all.flatMap((outcome) => [...(outcome.connections ?? [])]));
  return (evidence?.processes ?? []).map(({ cwd: _cwd, ...node }) => ({ ...node, connections: [...(connections.get(node.pid) ?? [])] }));
}
