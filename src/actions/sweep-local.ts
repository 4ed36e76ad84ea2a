/** Looks on this host for other traces of the same attack. Changes nothing. */
import { z } from 'zod';
import { openFile, readRegular, sha256Of } from '../host/files.ts';
import { packagesIfKnown } from '../host/packages.ts';
import { MOST_COPY_BYTES } from '../host/quarantine.ts';
import { MOST_UNIT_BYTES } from '../host/units.ts';
import { listed, printable } from '../model/text.ts';
import type { Action, ActionContext } from './action.ts';
import { checked, indicatorsOfUnit, isEmpty, NO_INDICATORS, type Indicators } from './sweep-indicators.ts';
import { targetPath } from './removal-plan.ts';
import { candidates } from './sweep-places.ts';
import { add, searchFiles, searchProcesses, searchSockets, type Search, type Trace } from './sweep-search.ts';
import { nothingToUndo } from './undoing.ts';

const params = z.strictObject({
  units: z.array(z.string()).default([]),
  paths: z.array(z.string()).default([]),
  /** sha256 */
  hashes: z.array(z.string()).default([]),
  commands: z.array(z.string()).default([]),
  /** IP addresses and names of hosts. */
  addresses: z.array(z.string()).default([]),
  /** Of ssh: fingerprints (SHA256:…) or keys. */
  keys: z.array(z.string()).default([]),
  /** Besides these what the alert tells: the unit, its file with its hash, its commands, the program that made it. */
  from_alert: z.boolean().default(true),
  /** Units of no package that were written so many days ago or later count as well; 0: none. */
  days: z.int().min(0).max(366).default(1),
  /** Until the search is given up. */
  seconds: z.int().min(1).max(600).default(60),
});

type Params = z.infer<typeof params>;

interface Data {
  indicators: Indicators;
  days: number;
  seconds: number;
  /** Filled in by `apply`. */
  traces: Trace[];
  isComplete: boolean;
}

const DAY_MS = 86_400_000;
const SHOWN = 50;

export const sweepLocal: Action<Params, Data> = {
  name: 'sweep_local',
  summary: 'looks in units, cron, at, shells, ssh keys, package hooks, processes and sockets for other traces of the same attack',
  example: 'action: sweep_local\nparams: {commands: [/tmp/.x/run], addresses: [203.0.113.7], days: 1}',
  needs: [],
  undoable: false,
  onlyLooks: true,
  reversible: 'not: it changes nothing',
  params,

  async plan(given, context) {
    const own = given.from_alert ? indicatorsOf(context) : NO_INDICATORS;
    const { indicators, notes } = checked({
      units: [...given.units, ...own.units],
      paths: [...given.paths, ...own.paths],
      hashes: [...given.hashes, ...own.hashes],
      commands: [...given.commands, ...own.commands],
      addresses: [...given.addresses, ...own.addresses],
      keys: [...given.keys, ...own.keys],
    });
    const data: Data = { indicators, days: given.days, seconds: given.seconds, traces: [], isComplete: false };
    if (isEmpty(indicators)) return { state: 'nothing-to-do', reason: 'there is nothing to look for', steps: [], notes: notes.map(printable), data };
    const what = Object.entries(indicators).flatMap(([kind, all]: [string, string[]]) => (all.length === 0 ? [] : [`${kind} ${all.map(printable).join(', ')}`]));
    return { state: 'ready', steps: [{ text: `look for ${what.join('; ')}${given.days === 0 ? '' : `; and for units written in the last ${given.days === 1 ? 'day' : `${given.days} days`}`}: ${given.seconds} s at most`, target: 'this host' }], notes: [...notes.map(printable), ...(context.uid === 0 ? [] : ['not run as root: what others may not read is not looked into'])], data };
  },

  async apply({ data }, context, record) {
    const { files, notes } = await candidates(context);
    const search: Search = { traces: data.traces, recent: [], isCut: false, partly: [], deadline: performance.now() + data.seconds * 1_000 };
    const since = data.days === 0 ? Number.POSITIVE_INFINITY : Date.now() - data.days * DAY_MS;
    const processes = await searchProcesses(data.indicators, search);
    searchSockets(data.indicators, search);
    const isSearched = (await searchFiles(files, data.indicators, since, search)) && processes && !search.isCut;
    data.isComplete = isSearched && search.partly.length === 0;
    const { owned, problem } = await addRecent(search);
    for (const trace of data.traces) record({ data: { kind: 'trace', ...trace } });
    return [
      ...notes.map(printable),
      ...(problem === undefined ? [] : [printable(problem)]),
      ...(owned === 0 ? [] : [`${owned} units that were written lately belong to packages`]),
      ...(search.partly.length === 0 ? [] : [`too large to be read to the end, look at the rest by hand: ${listed(search.partly.map(printable))}`]),
      ...(isSearched ? [] : [`not everything was looked into: ${search.isCut ? 'there are too many traces' : `${data.seconds} s were too short`}`]),
      ...data.traces.slice(0, SHOWN).map(describe),
      ...(data.traces.length > SHOWN ? [`and ${data.traces.length - SHOWN} more: they are in the journal of the run`] : []),
    ];
  },

  async verify({ data: { traces, isComplete } }) {
    const places = [...new Set(traces.map((trace) => trace.place))].map((place) => `${traces.filter((trace) => trace.place === place).length} ${place}`);
    return { ok: true, text: `${traces.length === 0 ? 'no trace was found' : `${traces.length} traces were found: ${places.join(', ')}`}${isComplete ? '' : '; not everything was looked into'}` };
  },

  undo: nothingToUndo,
};

/** Those of packages are only counted: an update brings many. */
async function addRecent(search: Search): Promise<{ owned: number; problem?: string }> {
  const { owners, ...unless } = await packagesIfKnown(search.recent.map(({ path }) => path).filter((path) => path.isWellFormed()));
  for (const { path, why } of search.recent) if (!owners.has(path)) add(search, { place: 'unit', where: path, why });
  return { owned: owners.size, ...unless };
}

function describe({ place, where, why }: Trace): string {
  return `${place}: ${printable(where)} ${printable(why)}`;
}

/** What the alert tells by itself, and what its file says. */
function indicatorsOf(context: ActionContext): Indicators {
  const { target } = context;
  const executable = target.process?.executable;
  const own = [target.path, ...(executable !== undefined && !/^\/(?:usr\/)?s?bin\//.test(executable) ? [executable] : [])];
  try {
    const path = targetPath(target);
    using file = openFile(path, 'any');
    const hash = sha256Of(file.fd, MOST_COPY_BYTES);
    const said = indicatorsOfUnit(readRegular(path, MOST_UNIT_BYTES).content);
    return { ...NO_INDICATORS, ...said, units: [target.unit], paths: [...own, ...said.paths], hashes: hash === undefined ? [] : [hash] };
  } catch {
    return { ...NO_INDICATORS, units: [target.unit], paths: own };
  }
}
