/** The timeline: a strip on which the time around the event is stretched, and the same moments as a list, in which many of one kind are one line. */
import type { Moment } from '../investigate/result.ts';
import { clock, say, shown } from './shown.ts';
import type { Words } from './words.ts';

const MOST_LINES = 120;
/** Moments of one kind in a row that are no further apart are one line, when there are so many. */
const TOGETHER_MS = 10_000;
const LEAST_TOGETHER = 4;
const NOTHING: Moment = { time: '', kind: 'event', what: '' };
const LANE_HEIGHT = 30;
const AXIS_HEIGHT = 24;
/** Percent of the width at each end that no moment stands in: labels and dots fit there. */
const MARGIN = 5;
/** Percent between two labels of the axis, at least. */
const LABEL_GAP = 15;
const SECOND = 1_000;
const UNITS: [ms: number, short: string][] = [[86_400_000, 'd'], [3_600_000, 'h'], [60_000, 'min'], [SECOND, 's']];
const TICKS = [30 * 86_400_000, 86_400_000, 3_600_000, 60_000, 5 * SECOND];

export interface TimelineView {
  height: number;
  /** Where the lanes end. */
  axis: number;
  /** Of the line of the subject, in percent; null where its time is not known. */
  subjectX: string | null;
  lanes: { word: string; labelY: number; y: number; dots: { x: string; subject: boolean; says: string }[] }[];
  ticks: { x: string; y: number; label: string }[];
  moments: { iso: string; time: string; distance: string; kind: string; what: string; more: string | null; subject: boolean }[];
  cut: string | null;
}

export function timelineOf(all: readonly Moment[], subjectTime: string, words: Words, file: string): TimelineView {
  const subject = Date.parse(subjectTime);
  const groups = grouped(all);
  const near = nearest(groups);
  const moments = near.flat();
  const distanceOf = ({ time }: Moment): number => Date.parse(time) - subject;
  const distances = moments.map(distanceOf);
  const known = distances.filter(Number.isFinite);
  const place = placing(known);
  const kinds = [...new Set(moments.map(({ kind }) => kind))];
  const lanes = kinds.map((kind, lane) => ({
    word: words.moment[kind],
    labelY: lane * LANE_HEIGHT + 10,
    y: lane * LANE_HEIGHT + 21,
    dots: moments.flatMap((moment, index) => {
      const distance = distances[index] ?? NaN;
      return moment.kind === kind && Number.isFinite(distance) ? [{ x: percent(place(distance)), subject: moment.subject === true, says: `${clock(moment.time)} ${shown(moment.what, 200)}` }] : [];
    }),
  }));
  const axis = kinds.length * LANE_HEIGHT;
  return {
    height: axis + AXIS_HEIGHT,
    axis,
    subjectX: known.length === 0 ? null : percent(place(0)),
    lanes,
    ticks: ticksOf(known, place).map(({ distance, x }) => ({ x: percent(x), y: axis + 15, label: distance === 0 ? '0' : distanceText(distance) })),
    moments: near.map((group) => lineOf(group, distanceOf, words)),
    cut: moments.length === all.length ? null : say(words.cutOthers, { shown: moments.length, all: all.length, file }),
  };
}

/** Each moment alone, but many of one kind in a row, as of the packages that one command installs, together. */
function grouped(all: readonly Moment[]): Moment[][] {
  const groups: Moment[][] = [];
  for (const moment of all) {
    const group = groups.at(-1);
    const last = group?.at(-1);
    const joins = last !== undefined && last.kind === moment.kind && last.subject !== true && moment.subject !== true && Date.parse(moment.time) - Date.parse(last.time) <= TOGETHER_MS;
    if (joins) group?.push(moment);
    else groups.push([moment]);
  }
  return groups.flatMap((group) => (group.length < LEAST_TOGETHER ? group.map((moment) => [moment]) : [group]));
}

/** Those around the subject, as many before as after it. */
function nearest(all: readonly Moment[][]): Moment[][] {
  const at = Math.max(0, all.findIndex(([moment]) => moment?.subject === true));
  const from = Math.max(0, Math.min(at - Math.floor(MOST_LINES / 2), all.length - MOST_LINES));
  return all.slice(from, from + MOST_LINES);
}

function lineOf(group: readonly Moment[], distanceOf: (moment: Moment) => number, words: Words): TimelineView['moments'][number] {
  const [first = NOTHING] = group;
  const more = group.length - 1;
  return {
    iso: shown(first.time, 40),
    time: clock(first.time),
    distance: distanceText(distanceOf(first)),
    kind: words.moment[first.kind],
    what: shown(first.what),
    more: more === 0 ? null : say(words.more, { count: more, time: clock(group.at(-1)?.time ?? '') }),
    subject: first.subject === true,
  };
}

/** Percent of the width for a distance from the event: logarithmic to both sides, a second the finest. */
function placing(distances: readonly number[]): (distance: number) => number {
  const bend = (distance: number): number => Math.sign(distance) * Math.log10(1 + Math.abs(distance) / SECOND);
  const bent = [0, ...distances].map(bend);
  const low = Math.min(...bent);
  const high = Math.max(...bent);
  return (distance) => (high === low ? 50 : MARGIN + ((100 - 2 * MARGIN) * (bend(distance) - low)) / (high - low));
}

function ticksOf(distances: readonly number[], place: (distance: number) => number): { distance: number; x: number }[] {
  const low = Math.min(0, ...distances);
  const high = Math.max(0, ...distances);
  const chosen: { distance: number; x: number }[] = [];
  for (const distance of [0, ...TICKS, ...TICKS.map((tick) => -tick)]) {
    const x = place(distance);
    if (distance >= low && distance <= high && chosen.every((other) => Math.abs(other.x - x) >= LABEL_GAP)) chosen.push({ distance, x });
  }
  return chosen.sort((one, other) => one.x - other.x);
}

/** `+3 min`, `−2 d`; nothing where the time is not known. */
function distanceText(distance: number): string {
  if (!Number.isFinite(distance)) return '';
  const size = Math.abs(distance);
  const sign = distance < 0 ? '−' : '+';
  const [ms, short] = UNITS.find(([each]) => size >= each) ?? [1, 'ms'];
  const count = size / ms;
  return `${sign}${count < 10 ? Number(count.toFixed(1)) : Math.round(count)} ${short}`;
}

function percent(x: number): string {
  return `${x.toFixed(2)}%`;
}
