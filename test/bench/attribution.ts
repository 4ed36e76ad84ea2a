/** Is the process that made a file named, and never another one? */
import type { FileEvent } from '../../src/model/event.ts';
import type { Benchmark, Figure } from './benchmark.ts';
import { create, prepare, shapes, tinyCreators, type Creator } from './creators.ts';
import { FIELDS, judge, type Judged, type Judgement, type Truth } from './verdicts.ts';
import type { Lab } from './lab.ts';
import { countFiles } from './rows.ts';
import { spoken, tally } from './statistics.ts';
import { startWatcher, type Watcher } from './watcher.ts';

const FILES = 10_000;
const FILES_PER_SHAPE = 250;
/** The rhythm of issue 3: stopped 20 of every 25 ms. */
const STALL_MS = ['20', '5'];
/** Longer than the longest time between two comparisons of the directories (30–60 s), after which nothing more comes. */
const SETTLE_LIMIT_MS = 70_000;
const AFTERWARDS_MS = 1_000;
/** So many examples of what was not right are kept in the JSON. */
const EXAMPLES = 5;

const LEAST_RIGHT = 99.9;

interface Trial {
  name: string;
  creators(lab: Lab): Creator[];
  /** How many of them at the same time. */
  parallel: number;
  stalled?: true;
  /** Beyond what the map of images remembers of one process: only a wrong name would be amiss. */
  untargeted?: true;
}

const TRIALS: readonly Trial[] = [
  { name: '0.1 ms, four in parallel', creators: (lab) => tinyCreators(lab, lab.scaled(FILES), 0), parallel: 4 },
  { name: 'the same, stalled 20 of 25 ms', creators: (lab) => tinyCreators(lab, lab.scaled(FILES), 0), parallel: 4, stalled: true },
  { name: 'exec right after', creators: (lab) => tinyCreators(lab, lab.scaled(FILES), 1), parallel: 4 },
  { name: 'exec right after, twice', creators: (lab) => tinyCreators(lab, lab.scaled(FILES), 2), parallel: 4, untargeted: true },
  { name: 'exec right after, stalled', creators: (lab) => tinyCreators(lab, lab.scaled(FILES), 1), parallel: 4, stalled: true },
  { name: 'shells and tools', creators: (lab) => shapes(lab, lab.scaled(FILES_PER_SHAPE)), parallel: 2 },
];

export const attribution: Benchmark = {
  name: 'attribution',
  summary: 'right, wrong and missing names of 10,000 short-lived creators, stalled and with exec right after',
  limit: 900,
  async run(lab) {
    const results = [];
    for (const trial of TRIALS) results.push({ trial: trial.name, ...(await measure(lab, trial)) });
    return { figures: results.flatMap((result) => result.figures), raw: results.map(({ trial, raw }) => ({ trial, ...raw })) };
  },
};

async function measure(lab: Lab, trial: Trial): Promise<{ figures: Figure[]; raw: ReturnType<typeof summary> }> {
  lab.progress(trial.name);
  lab.freshHost();
  const creators = trial.creators(lab);
  for (const creator of creators) prepare(lab, creator);
  const watcher = await startWatcher(lab);
  const stall = trial.stalled ? lab.processes.start([lab.program('stall'), String(watcher.pid), ...STALL_MS]) : undefined;
  const truths = await inParallel(creators, trial.parallel, (creator) => create(lab, creator));
  stall?.stdin.end();
  await untilSeen(lab, watcher, truths.length);
  const events = await watcher.events();
  const judged = judge(truths, events);
  await watcher.stop();
  const raw = summary(judged, truths, events);
  return { figures: figuresOf(trial, judged, creators), raw };
}

/** Each creator's truths, `count` creators at a time. */
async function inParallel(creators: readonly Creator[], count: number, work: (creator: Creator) => Promise<Truth[]>): Promise<Truth[]> {
  const waiting = [...creators];
  const truths: Truth[] = [];
  const line = async (): Promise<void> => {
    for (let creator = waiting.shift(); creator !== undefined; creator = waiting.shift()) truths.push(...(await work(creator)));
  };
  await Promise.all(Array.from({ length: count }, line));
  return truths;
}

async function untilSeen(lab: Lab, watcher: Watcher, count: number): Promise<void> {
  const files = countFiles(watcher.rows);
  await lab.until(() => files.count() >= count, SETTLE_LIMIT_MS, 50);
  // Rows of the same files that come after the last new one are judged too.
  await lab.sleep(AFTERWARDS_MS);
}

function figuresOf({ name, untargeted }: Trial, { each, repeated }: Judged, creators: readonly Creator[]): Figure[] {
  const verdicts = tally(each.map(({ verdict }) => verdict));
  const count = (verdict: Judgement['verdict']): number => verdicts[verdict] ?? 0;
  const note = noteOf(each, creators);
  return [
    { name: `${name}: right`, value: (100 * count('right')) / each.length, unit: '%', ...(untargeted === true ? {} : { target: { least: LEAST_RIGHT } }), note: `${name}: ${note}` },
    { name: `${name}: wrong`, value: count('wrong'), unit: 'files', target: { most: 0 } },
    { name: `${name}: less`, value: count('less'), unit: 'files' },
    { name: `${name}: missed`, value: count('missed'), unit: 'files', target: { most: 0 } },
    { name: `${name}: said twice`, value: repeated, unit: 'events', target: { most: 0 } },
  ];
}

/** By what it was known, and which creators and fields were not right. */
function noteOf(each: readonly Judgement[], creators: readonly Creator[]): string {
  const seen = each.flatMap((judgement) => ('fields' in judgement ? [judgement] : []));
  const fields = FIELDS.flatMap((field) => {
    const counts = tally(seen.map((judgement) => judgement.fields[field]));
    return counts['right'] === each.length ? [] : [`${field}: ${spoken(counts)}`];
  });
  const poor = creators.flatMap((creator) => {
    const counts = tally(each.filter(({ path }) => path.includes(`/${creator.name}-`)).map(({ verdict }) => verdict));
    return counts['right'] === creator.count ? [] : [`${creator.name}: ${spoken(counts)}`];
  });
  return [`attribution ${spoken(tally(seen.map((judgement) => judgement.attribution)))}`, ...fields, ...poor].join('; ');
}

function summary({ each, repeated }: Judged, truths: readonly Truth[], events: readonly FileEvent[]): { verdicts: Record<string, number>; repeated: number; examples: string[] } {
  const bad = each.filter(({ verdict }) => verdict !== 'right').sort((a, b) => order(a) - order(b)).slice(0, EXAMPLES);
  const truthOf = new Map(truths.map((truth) => [truth.path, truth]));
  const said = (path: string): unknown => events.filter((event) => event.file.path === path).map(({ event, process, user, tickward }) => ({ action: event.action, process, user, attribution: tickward.attribution, note: tickward.attribution_note }));
  return { verdicts: tally(each.map(({ verdict }) => verdict)), repeated, examples: bad.map((judgement) => JSON.stringify({ judgement, truth: truthOf.get(judgement.path), said: said(judgement.path) })) };
}

/** Worst first. */
function order({ verdict }: Judgement): number {
  return ['wrong', 'missed', 'less', 'right'].indexOf(verdict);
}
