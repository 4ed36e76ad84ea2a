/** Gives back what a removal took into the quarantine: also when its journal is lost, and also a single file of it. */
import { z } from 'zod';
import { look } from '../host/files.ts';
import { show, toBytes } from '../host/paths.ts';
import { MOST_COPY_BYTES } from '../host/quarantine.ts';
import { TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import type { Action, ActionContext, Plan, PlanStep } from './action.ts';
import { pathFromJson } from './journal-forms.ts';
import { takenInto, type Taken } from './quarantine-log.ts';
import { copyProblem, differenceOf, differentFile, type Difference, type Placed } from './quarantined.ts';
import { targetPath } from './removal-plan.ts';
import type { RemovalChange } from './removal.ts';
import { isWithheld, startedText, undoRemoval, unitsOf } from './removal-undo.ts';
import { nothingToUndo } from './undoing.ts';

const params = z.strictObject({
  /** All that this run took. */
  run: z.string().min(1).optional(),
  /** The file with this content. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 has 64 small hexadecimal digits').optional(),
  /** What was last taken together with the file of this path, which may be written as it is shown (`\n` for the end of a line, `\xff` for a byte that is no UTF-8); the one that is so itself comes first. */
  path: z.string().startsWith('/', 'an absolute path').optional(),
  /** Start what was active as well. */
  start: z.boolean().default(true),
});

type Params = z.infer<typeof params>;

interface Data {
  /** Newest first, as an undo takes them. */
  changes: RemovalChange[];
}

export const restoreTimer: Action<Params, Data> = {
  name: 'restore_timer',
  summary: 'gives back a timer from the quarantine, by the run that took it, by its path, or a single file by its hash; without any of these, the last that was taken of the target',
  example: 'action: restore_timer\nparams: {run: 01a21071-3988-754a-8cd2-9ab5fe76381a, start: false}',
  needs: [],
  undoable: false,
  reversible: 'not: take it out again with remove_timer, which keeps copies anew',
  params,

  async plan(given, context) {
    const selected = select(takenInto(context.quarantine), given, context);
    const changes = (given.start ? selected : selected.map(unstarted)).toReversed();
    if (selected.length === 0) return { state: 'nothing-to-do', reason: missing(given, context), steps: [], notes: [], data: { changes } };
    const { given: wanted, spoiled } = sorted(changes);
    // What ran is started when all is back.
    const steps = wanted.toSorted((one, other) => Number(one.kind === 'stop') - Number(other.kind === 'stop')).flatMap(stepOf);
    const reason = context.uid === 0 || ownersOf(selected).every((uid) => uid === context.uid) ? undefined : 'it has files of other users: run as root';
    const plan: Omit<Plan<Data>, 'state'> = { steps, notes: [...(given.sha256 === undefined ? [] : ['no manager is told: a unit counts after systemctl daemon-reload']), ...spoiled], data: { changes } };
    if (steps.length === 0 && spoiled.length === 0) return { ...plan, state: 'nothing-to-do', reason: 'all of it is there already' };
    if (spoiled.length > 0 && !wanted.some((change) => change.kind === 'file' || change.kind === 'link')) return { ...plan, state: 'blocked', reason: spoiled.join('; ') };
    return reason === undefined ? { ...plan, state: 'ready' } : { ...plan, state: 'blocked', reason };
  },

  async apply(plan, context, record) {
    const wanted = new Set(sorted(plan.data.changes).given);
    const changes = plan.data.changes.map((data) => ({ data, steps: wanted.has(data) ? stepOf(data) : [] }));
    // Afterwards: what is refused has not come back, and nothing here is undone by its record.
    const tell = ({ data, steps }: (typeof changes)[number]): void => steps.forEach(({ text }) => record({ text, data: { kind: 'restore', change: data } }));
    const { done, already, failed } = await undoRemoval(changes, context, tell);
    for (const change of changes) if (change.data.kind === 'stop' && done.includes(startedText(change.data.unit))) tell(change);
    if (failed.length > 0) throw new TickwardError('FAILED', failed.join('; '));
    return already;
  },

  async verify(plan) {
    for (const change of plan.data.changes) {
      const difference = differenceOf(change);
      if (difference !== undefined) return { ok: false, text: difference.text };
    }
    const files = plan.data.changes.filter((change) => change.kind === 'file').length;
    return { ok: true, text: `${files} ${files === 1 ? 'file is' : 'files are'} back from the quarantine` };
  },

  undo: nothingToUndo,
};

/** In the order in which it was taken. */
function select(all: readonly Taken[], { run, sha256, path }: Params, context: ActionContext): RemovalChange[] {
  const taken = run === undefined ? all : all.filter((each) => each.run === run);
  if (sha256 !== undefined) return taken.filter(({ change }) => change.kind === 'file' && change.copy.sha256 === sha256).slice(-1).map(({ change }) => change);
  if (run !== undefined && path === undefined) return taken.map(({ change }) => change);
  const places = taken.filter(({ change }) => change.kind === 'file' || change.kind === 'link');
  const at = path === undefined ? targetPath(context.target) : toBytes(path);
  const last = places.findLast(({ change }) => 'at' in change && pathFromJson(change.at).equals(at)) ?? places.findLast(({ change }) => 'at' in change && show(pathFromJson(change.at)) === path);
  return taken.filter((each) => each.run === last?.run && each.step === last.step).map(({ change }) => change);
}

function missing({ run, sha256, path }: Params, context: ActionContext): string {
  const by = run === undefined ? '' : ` by run ${printable(run)}`;
  if (sha256 !== undefined) return `the quarantine has no file with the hash ${sha256}${run === undefined ? '' : ` of run ${printable(run)}`}`;
  if (run !== undefined && path === undefined) return `run ${printable(run)} took nothing into the quarantine`;
  return `nothing of ${show(path ?? targetPath(context.target))} was taken into the quarantine${by}`;
}

/** What is not at its place and can be given back, with all that is no file or link, and in words what cannot be. Reads each copy once. */
function sorted(changes: readonly RemovalChange[]): { given: RemovalChange[]; spoiled: string[] } {
  const given: RemovalChange[] = [];
  const spoiled: string[] = [];
  const withheld = new Set<string>();
  for (const change of changes) {
    if (change.kind !== 'file' && change.kind !== 'link') {
      if (change.kind !== 'mask' || !isWithheld(change.unit, { withheld })) given.push(change);
      continue;
    }
    const difference = differenceOf(change);
    if (difference === undefined) continue;
    const problem = copyProblem(change);
    const why = problem === undefined || change.kind === 'link' ? inTheWay(change, difference, changes) : `its copy ${show(change.copy.file)} ${problem === 'lost' ? 'is gone' : 'is no longer what was taken'}`;
    if (why === undefined) {
      given.push(change);
      continue;
    }
    spoiled.push(`${show(pathFromJson(change.at))} does not come back: ${why}`);
    for (const unit of unitsOf(change)) withheld.add(unit);
  }
  // Whether a unit is started is known when all of its files were looked at.
  return { given: given.filter((change) => change.kind !== 'stop' || !isWithheld(change.unit, { withheld })), spoiled };
}

/** Why what has the name of a taken file or link by now keeps it from coming back; undefined where nothing has it, or what the removal itself put there and takes away first. */
function inTheWay(change: Placed, { isGone, how }: Difference, all: readonly RemovalChange[]): string | undefined {
  if (isGone) return undefined;
  const path = pathFromJson(change.at);
  const isOurs = all.some((other) => {
    if ((other.kind !== 'original' && other.kind !== 'mask') || !pathFromJson(other.at).equals(path)) return false;
    return other.kind === 'mask' ? look(path)?.target?.toString() === '/dev/null' : differentFile(path, other.sha256, MOST_COPY_BYTES) === undefined;
  });
  return isOurs ? undefined : `something else has this name now, it ${how}: move it away, then restore again`;
}

function unstarted(change: RemovalChange): RemovalChange {
  if (change.kind === 'regenerate') return { ...change, active: [] };
  return change.kind === 'stop' || change.kind === 'mask' ? { ...change, active: false } : change;
}

function ownersOf(changes: readonly RemovalChange[]): number[] {
  return changes.flatMap((change) => ('owned' in change ? [change.owned.uid] : []));
}

/** What shows of what is given back: the rest is bookkeeping. What is there already is no step. */
function stepOf(change: RemovalChange): PlanStep[] {
  if (change.kind === 'stop') return change.active ? [{ text: `start ${printable(change.unit)} again`, target: printable(change.unit) }] : [];
  if (change.kind !== 'file' && change.kind !== 'aside' && change.kind !== 'link' && change.kind !== 'directory' && change.kind !== 'mask' && change.kind !== 'original') return [];
  const path = pathFromJson(change.at);
  const target = show(path);
  const isThere = look(path) !== undefined;
  if (change.kind === 'original') return isThere ? [{ text: `remove the package's ${target}`, target }] : [];
  if (change.kind === 'mask') return isThere ? [{ text: `unmask ${printable(change.unit)}: remove the link ${target}`, target }] : [];
  if (change.kind === 'file') return [{ text: `restore the file ${target} (sha256 ${change.copy.sha256})`, target }];
  if (isThere) return [];
  if (change.kind === 'aside') return [{ text: `give ${show(pathFromJson(change.to))} its name ${target} again`, target }];
  return [{ text: change.kind === 'link' ? `restore the link ${target}` : `make the directory ${target} again`, target }];
}
