/** The shipped rule over a mix of events, on one core, beside the same rule written by hand. */
import { readFileSync } from 'node:fs';
import type { FileEvent } from '../../src/model/event.ts';
import { loadRule } from '../../src/rule/load.ts';
import type { Benchmark, Measured } from './benchmark.ts';
import { judgeByHand } from './judge-by-hand.ts';
import { eventsOf, KINDS } from './judge-events.ts';
import { median } from './statistics.ts';

const RULE = new URL('../../playbooks/systemd-timer-created/rule.toml', import.meta.url);
const EVENTS = 5_000;
const ROUNDS = 21;
/** So many events a round; the first rounds, in which Node still compiles, do not count. */
const JUDGED = 500_000;
const WARM_UP = 5;

type Judge = (event: FileEvent) => boolean;

interface Round {
  /** ns of CPU an event */
  rule: number;
  hand: number;
}

export const judge: Benchmark = {
  name: 'judge',
  summary: 'the shipped rule over many events, beside the same written by hand',
  limit: 120,
  run(lab): Promise<Measured> {
    const matches = shipped();
    const mixed = eventsOf(EVENTS);
    for (const { kind, event } of mixed) if (matches(event) !== judgeByHand(event)) throw new Error(`the rule and the one by hand do not agree on ${kind.name}: ${event.file.path}`);
    const events = mixed.map(({ event }) => event);
    const rounds = Array.from({ length: WARM_UP + (lab.quick ? 3 : ROUNDS) }, () => measure(matches, events, lab.scaled(JUDGED))).slice(WARM_UP);
    const rule = median(rounds.map((round) => round.rule));
    const hand = median(rounds.map((round) => round.hand));
    return Promise.resolve({
      figures: [
        { name: 'events judged', value: 1e9 / rule, unit: '1/s', target: { least: 300_000 }, note: `${events.filter(matches).length} of ${events.length} match; median of ${rounds.length} rounds of ${lab.scaled(JUDGED)} events, by the CPU time of the thread` },
        { name: 'of that by hand', value: 1e9 / hand, unit: '1/s' },
        { name: 'time of the rule ÷ by hand', value: median(rounds.map((round) => round.rule / round.hand)), unit: '×', target: { most: 3 } },
      ],
      raw: { rounds: rounds.map((round) => ({ ...round })), kinds_ns: kindsOf(mixed, matches, lab.scaled(JUDGED)) },
    });
  },
};

function shipped(): Judge {
  const { run } = loadRule(readFileSync(RULE, 'utf8'), 'rule.toml');
  if (!run.runs) throw new Error(`the shipped rule does not run: ${run.reason}`);
  return run.matches;
}

/** In turn, so that a busy moment meets both. */
function measure(matches: Judge, events: readonly FileEvent[], count: number): Round {
  return { rule: timeOf(matches, events, count), hand: timeOf(judgeByHand, events, count) };
}

/** ns of this thread's CPU time an event: what neighbours take does not count. */
function timeOf(matches: Judge, events: readonly FileEvent[], count: number): number {
  const before = process.threadCpuUsage();
  for (let done = 0; done < count; done += events.length) for (const event of events) matches(event);
  const { user, system } = process.threadCpuUsage(before);
  return ((user + system) * 1e3) / (Math.ceil(count / events.length) * events.length);
}

function kindsOf(mixed: ReturnType<typeof eventsOf>, matches: Judge, count: number): Record<string, Record<string, number>> {
  return Object.fromEntries(
    KINDS.map((kind) => {
      const { rule, hand } = measure(matches, mixed.filter((each) => each.kind === kind).map(({ event }) => event), count);
      return [kind.name, { rule, hand }];
    }),
  );
}
