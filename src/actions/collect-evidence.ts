/** Puts what a host shows right now into an archive, before anything is changed. */
import { lstatSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { look, openFile, readRegular, sha256Of } from '../host/files.ts';
import { componentsOf, show, toBytes } from '../host/paths.ts';
import { cgroupOf, isSameStart, processIds, startedAt, statOf } from '../host/proc.ts';
import { prepareQuarantine } from '../host/quarantine.ts';
import { roomAt } from '../host/room.ts';
import { lastOf, MOST_UNIT_BYTES, parseUnit } from '../host/units.ts';
import { messageOf } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import type { Action, ActionContext } from './action.ts';
import { writeArchive, type Archived } from './archive.ts';
import { evidenceOf, type Subjects } from './evidence.ts';
import { worded } from './journal-forms.ts';
import { isLoadable } from './manager.ts';
import { targetPath } from './removal-plan.ts';
import { nothingToUndo } from './undoing.ts';
import { findUnitFiles } from './unit-files.ts';

const MIB = 1024 ** 2;

const params = z.strictObject({
  /** Besides the unit of the alert and what it starts. */
  units: z.array(z.string()).default([]),
  /** Files besides those of the units. */
  paths: z.array(z.string().startsWith('/')).default([]),
  /** Suspects besides the process of the alert and those of the units. */
  pids: z.array(z.int().min(1)).default([]),
  /** Also the programs that the suspects run. */
  executables: z.boolean().default(true),
  /** Before compression, in MiB; what no longer fits is named in the manifest. */
  most: z.int().min(1).max(4_096).default(256),
});

type Params = z.infer<typeof params>;

interface Data {
  subjects: Subjects;
  archive: string;
  most: number;
  /** Filled in by `apply`. */
  made?: Archived;
}

const MOST_SUSPECTS = 100;
/** systemd needs some room to go on as well. */
const ROOM = 64 * MIB;

export const collectEvidence: Action<Params, Data> = {
  name: 'collect_evidence',
  summary: 'gathers unit files, states, logs, processes and sockets into an archive that only you can read',
  example: 'action: collect_evidence\nparams: {executables: true, most: 256}',
  needs: [],
  undoable: false,
  reversible: 'not: nothing of the host is changed; the archive is yours to delete',
  params,

  async plan(given, context) {
    const archive = join(dirname(context.quarantine), 'evidence', `${context.run}-${context.step}.tar.zst`);
    const units = unitsOf(given, context);
    const found = findUnitFiles(units, context.directories.filter((each) => each.kind === 'units').map((each) => each.path));
    const files = [targetPath(context.target), ...found.files.filter((file) => file.state.kind === 'file').map((file) => file.path), ...given.paths.map(toBytes)];
    const suspects = suspectsOf(given, context, units);
    const subjects: Subjects = { units, files: files.filter((file, index) => files.findIndex((each) => each.equals(file)) === index && look(file) !== undefined), suspects, executables: given.executables };
    const data: Data = { subjects, archive, most: given.most };
    const what = [`${subjects.files.length} file${subjects.files.length === 1 ? '' : 's'}`, `the state and log of ${units.map(printable).join(', ')}`, 'all processes and sockets', `memory maps${given.executables ? ' and programs' : ''} of ${suspects.length} suspect${suspects.length === 1 ? '' : 's'}`];
    const planned = { steps: [{ text: `write ${printable(archive)} with ${what.join(', ')}: ${given.most} MiB at most, before compression`, target: printable(archive) }], notes: [...found.refused, ...(context.uid === 0 ? [] : ['not run as root: much of other users cannot be read'])], data };
    if (lstatSync(archive, { throwIfNoEntry: false }) !== undefined) return { ...planned, state: 'nothing-to-do', reason: `${printable(archive)} is there already`, steps: [] };
    const { bytes: room } = roomAt(dirname(dirname(archive)));
    return room !== undefined && room < ROOM ? { ...planned, state: 'blocked', reason: `only ${Math.floor(room / MIB)} MiB are free for ${printable(archive)}: make room, or take another --state-dir` } : { ...planned, state: 'ready' };
  },

  async apply({ data, steps }, context, record) {
    prepareQuarantine(dirname(data.archive), context.uid);
    record(worded(steps[0]?.text, { kind: 'archive', path: data.archive }));
    data.made = await writeArchive(data.archive, evidenceOf(data.subjects, context), data.most * MIB, readmeOf(data, context));
    record({ data: { kind: 'archived', path: data.archive, sha256: data.made.sha256, size: data.made.size } });
    const cut = data.made.entries.filter((entry) => entry.cut !== undefined);
    return cut.length === 0 ? [] : [`${cut.length} of ${data.made.entries.length} parts are not whole, as the manifest says: ${cut.slice(0, 3).map((entry) => `${entry.name} (${printable(entry.cut ?? '')})`).join('; ')}`];
  },

  async verify({ data: { archive, made } }) {
    if (made === undefined) return { ok: false, text: 'nothing was gathered' };
    try {
      using file = openFile(archive);
      const isWhole = sha256Of(file.fd, made.size) === made.sha256 && (file.state.mode & 0o077) === 0;
      return isWhole ? { ok: true, text: `${printable(archive)} holds ${made.entries.length} parts in ${made.size} bytes, sha256 ${made.sha256}` } : { ok: false, text: `${printable(archive)} was changed since it was written` };
    } catch (error) {
      return { ok: false, text: messageOf(error) };
    }
  },

  undo: nothingToUndo,
};

/** The unit of the alert, what its timer starts, and those that are asked for. */
function unitsOf(given: Params, { target }: ActionContext): string[] {
  const started = target.unit.endsWith('.timer') ? [serviceOf(targetPath(target)) ?? target.unit.replace(/\.timer$/, '.service')] : [];
  return [...new Set([target.unit, ...started, ...given.units])].filter((unit) => unit !== '' && !unit.includes('/'));
}

function serviceOf(path: Buffer): string | undefined {
  try {
    componentsOf(path);
    return lastOf(parseUnit(readRegular(path, MOST_UNIT_BYTES).content.toString()), 'Timer', 'Unit');
  } catch {
    return undefined;
  }
}

function suspectsOf(given: Params, { target }: ActionContext, units: readonly string[]): Subjects['suspects'] {
  const ofUnits = processIds().filter((pid) => units.some((unit) => isLoadable(unit) && cgroupOf(pid)?.split('/').includes(unit) === true));
  const pids = [...new Set([...given.pids, ...(isStill(target.process) ? [target.process.pid] : []), ...ofUnits])];
  return pids.slice(0, MOST_SUSPECTS).flatMap((pid) => {
    const stat = statOf(pid);
    return stat === undefined ? [] : [{ pid, startTicks: String(stat.startTicks) }];
  });
}

/** Another process may have its number by now. */
function isStill(process: ActionContext['target']['process']): process is NonNullable<ActionContext['target']['process']> {
  const stat = process === undefined ? undefined : statOf(process.pid);
  return stat !== undefined && (process?.start === undefined || isSameStart(startedAt(stat), process.start));
}

function readmeOf({ subjects }: Data, context: ActionContext): string {
  return `Evidence that Tickward gathered on this host before it changed anything.

time     ${new Date().toISOString()}
run      ${context.run}
about    ${show(targetPath(context.target))}
units    ${subjects.units.map(printable).join(', ')}
suspects ${subjects.suspects.map(({ pid }) => pid).join(', ') || 'none'}

manifest.json   every part with where it is from, its size and its sha256; "cut" says what is not in it
processes.json  all processes; processes/PID has more of the suspects, "executable" is what they run: do not start it
sockets-*.json  sockets of each network namespace, with the processes that hold them
files/          unit files and others as they are on disk
units/          systemctl show and cat, and the journal, of each unit
packages.json   whose package the files are, and whether they are as the package has them

Everything in here may have been written by an attacker: names, texts and programs.
`;
}
