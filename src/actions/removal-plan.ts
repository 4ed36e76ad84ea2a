/** Plans the removal of a timer: what makes it, what of that may be taken away, and in which order. */
import { openFile, sha256Of } from '../host/files.ts';
import { show, toBytes } from '../host/paths.ts';
import { printable } from '../model/text.ts';
import type { ActionContext, Plan, Target } from './action.ts';
import { isOwnCgroup, isRunning, managersOf, silenceNotes, type Manager, type UnitState } from './manager.ts';
import { otherNamesOf } from './other-names.ts';
import { refusalOf } from './processes.ts';
import { hindranceOf, isSlow, isTooLarge, tooLarge } from './removal-checks.ts';
import { escapedNotes, hasEscaped } from './removal-escaped.ts';
import { directoriesOf } from './removal-directories.ts';
import { isGenerator, planGenerator } from './removal-generator.ts';
import { generatorsOf, isGenerated } from './removal-generators.ts';
import { operationsOf } from './removal-order.ts';
import { doubtNotes, ownersOf, replacementOf } from './removal-packages.ts';
import { isSameEntry, linkOnTheWay, placeOf, stillThere, whyNoPlace } from './removal-place.ts';
import { commandsOf, linkNote, noServices, notesOf, servicesOf } from './removal-services.ts';
import { siblingsOf, userNotes } from './removal-siblings.ts';
import { noRemoval, type Operation, type Removal } from './removal.ts';
import { findUnitFiles, templateOf, type UnitFile } from './unit-files.ts';

/** systemd's own are empty: only their time counts. */
const MOST_STAMP_BYTES = 4_096;

export interface RemovalParams {
  keep_service: boolean;
  keep_mask: boolean;
}

/** What the response is about, as it was found. */
interface Subject {
  path: Buffer;
  unit: string;
  context: ActionContext;
  managers: readonly Manager[];
  removal: Removal;
  own: ReturnType<typeof findUnitFiles>;
  owners: ReadonlyMap<string, string>;
  /** The file of the target's path, where it is one of the unit. */
  itself: UnitFile | undefined;
  /** Of every user, where the target is one user's. */
  isShared(file: UnitFile): boolean;
}

export function targetPath(target: Target): Buffer {
  return target.path_bytes === undefined ? Buffer.from(target.path) : Buffer.from(target.path_bytes, 'base64');
}

export async function planRemoval(params: RemovalParams, context: ActionContext): Promise<Plan<Removal>> {
  const managers = await managersOf(context);
  const { paths: directories, real, isShared } = await directoriesOf(managers, context);
  const path = linkOnTheWay(real(targetPath(context.target)), directories);
  const place = placeOf(path, directories);
  const removal = noRemoval(directories, managers);
  if (isGenerator(path, context)) return await planGenerator(path, managers, removal, context);
  if (place === undefined) return blocked(`${show(path)} ${whyNoPlace(path, directories)}`, removal);
  const own = findUnitFiles([place.unit], directories);
  const hidden = own.unread.find((each) => path.toString().startsWith(`${each.path}/`));
  if (hidden !== undefined) return blocked(hidden.reason, removal);
  const { owners, problem } = await ownersOf(own.files);
  const itself = own.files.find((file) => isSameEntry(file.path, path));
  const subject: Subject = { path, unit: place.unit, context, managers, removal, own, owners, itself, isShared: (file) => !isSameEntry(file.path, path) && isShared(file.path) };
  const itsPackage = itself === undefined ? undefined : owners.get(itself.path.toString());
  if (itself !== undefined && itsPackage !== undefined) return await planReplacement(subject, itself, itsPackage);
  const owner = own.files.filter((file) => file.role === 'fragment').map((file) => owners.get(file.path.toString())).find((name) => name !== undefined);
  const plan = !place.whole || owner !== undefined ? await planOneFile(subject, owner) : await planWhole(subject, params);
  return { ...plan, notes: [...new Set([...plan.notes, ...doubtNotes(problem)])] };
}

function blocked(reason: string, data: Removal): Plan<Removal> {
  return { state: 'blocked', reason, steps: [], notes: [], data };
}

/** A package's own file: the changed one goes into the quarantine, the original comes back. */
async function planReplacement(subject: Subject, itself: UnitFile, itsPackage: string): Promise<Plan<Removal>> {
  const replacement = await replacementOf(itself, itsPackage);
  if ('reason' in replacement) return blocked(replacement.reason, subject.removal);
  subject.removal.kept.push(itself.path);
  return await finish(subject, [itself], { notes: [replacement.note], refused: [], keepMask: false, restart: subject.unit, replacement: replacement.operation });
}

/** A drop-in or a link of a unit that stays, or what overrides a unit of a package. */
async function planOneFile({ path, unit, own, itself, ...subject }: Subject, owner: string | undefined): Promise<Plan<Removal>> {
  const why = owner === undefined ? `${printable(unit)} itself stays: only this file of it is what the alert is about` : `${printable(unit)} itself stays: it belongs to the package ${printable(owner)} and is as it was without this file`;
  const refused = itself === undefined ? stillThere(path, own) : [];
  return await finish({ path, unit, own, itself, ...subject }, itself === undefined ? [] : [itself], { refused, notes: [why, ...(itself?.target === undefined ? [] : [linkNote(itself)])], keepMask: false, restart: unit });
}

async function planWhole(subject: Subject, params: RemovalParams): Promise<Plan<Removal>> {
  const { unit, own, owners, removal, path, context, managers, isShared } = subject;
  const service = params.keep_service ? noServices() : await servicesOf(unit, own, removal.directories);
  removal.units.push(unit, ...service.units);
  const kept = own.files.filter((file) => owners.has(file.path.toString()));
  const all = [...own.files.filter((file) => !kept.includes(file)), ...service.files];
  const shared = all.filter(isShared);
  const found = all.filter((file) => !shared.includes(file));
  // Without a manager nothing makes them anew, and nothing takes them away.
  const generated = managers.length === 0 ? [] : found.filter((file) => isGenerated(file.path));
  const generators = await generatorsOf(generated, removal.units, context);
  const huge = found.filter((file) => mayStay(file, managers));
  const stamps = stampsOf(unit, context);
  const staying = [...generated, ...huge];
  removal.staying.push(...staying.filter(({ role }) => role !== 'enablement').map((file) => file.path));
  removal.kept.push(...[...kept, ...shared, ...staying].map((file) => file.path), ...own.shared, ...service.shared);
  const files = [...found.filter((file) => !staying.includes(file)), ...generators.files, ...stamps.files];
  const notes = [
    ...kept.map((file) => `${show(file.path)} stays: it belongs to the package ${printable(owners.get(file.path.toString()) ?? '')}`),
    ...shared.map((file) => `${show(file.path)} stays, masked for ${printable(context.target.user ?? '')} alone: it is of every user, so respond to it by itself`),
    ...huge.map((file) => `${tooLarge(file)}; it stays, ${file.role === 'enablement' ? 'systemd does not read it' : 'masked until the next boot'}`),
    ...stamps.notes,
    ...service.notes,
    ...notesOf(own),
    ...generators.notes,
    ...(await siblingsOf(removal.units, commandsOf(service.files), [...found, ...files].map((file) => file.path), context)),
    ...userNotes(context),
  ];
  const refused = files.length === 0 && staying.length === 0 ? stillThere(path, own) : [];
  return await finish(subject, files, { refused: [...own.refused, ...service.refused, ...refused], notes, keepMask: params.keep_mask, staying, withFiles: [...(own.files.length > 0 ? [unit] : []), ...service.withFiles] });
}

/** Of what is too large to be taken, what does no harm: masked, it is a file that nothing starts, and in `x.wants` systemd reads nothing but links. */
function mayStay(file: UnitFile, managers: readonly Manager[]): boolean {
  return isTooLarge(file) && (file.role === 'enablement' || (file.role === 'fragment' && managers.length > 0));
}

/** Where Persistent= remembers the last run (systemd.timer(5)). */
function stampsOf(unit: string, context: ActionContext): { files: UnitFile[]; notes: string[] } {
  const { scope, user } = context.target;
  const home = context.users.find((each) => each.name === user)?.home;
  const directory = scope === 'system' ? context.stamps : home === undefined ? undefined : `${home}/.local/share/systemd/timers`;
  if (directory === undefined || !unit.endsWith('.timer')) return { files: [], notes: [] };
  const path = toBytes(`${directory}/stamp-${unit}`);
  try {
    using file = openFile(path, 'any');
    const sha256 = sha256Of(file.fd, MOST_STAMP_BYTES);
    if (sha256 === undefined) return { files: [], notes: [`${show(path)} stays: it has ${file.state.size} bytes, and a stamp of systemd's is empty; look at it`] };
    return { files: [{ path, role: 'stamp', state: file.state, sha256 }], notes: [] };
  } catch {
    // None, or something else under its name, which systemd does not read either.
    return { files: [], notes: [] };
  }
}

interface Surroundings {
  refused: string[];
  notes: string[];
  keepMask: boolean;
  /** Units of which something was found on disk. */
  withFiles?: readonly string[];
  /** Files of the units that are left, which are only masked. */
  staying?: readonly UnitFile[];
  /** To be started anew where it runs, when only a file of it goes. */
  restart?: string;
  replacement?: Operation;
}

async function finish(subject: Subject, files: readonly UnitFile[], around: Surroundings): Promise<Plan<Removal>> {
  const { removal, context, managers } = subject;
  const states = new Map<Manager, UnitState[]>();
  const which = [...subject.own.files, ...files, ...(around.staying ?? [])].some(isSlow) ? 'loaded' : undefined;
  const others: string[] = [];
  for (const manager of managers) {
    const known = await manager.states(around.restart === undefined ? removal.units : [around.restart], which);
    const own = around.restart === undefined ? known.filter(({ id }) => removal.units.includes(id) || removal.units.includes(templateOf(id) ?? '')) : known;
    states.set(manager, own);
    others.push(...known.filter((state) => !own.includes(state)).map(({ id }) => `${printable(id)} has another name that goes, and stays as it is: respond to it by itself if it is the attacker's`));
  }
  removal.operations.push(...operationsOf(removal.units, files, { onlyFile: around.restart !== undefined, keepMask: around.keepMask, directories: removal.directories, ...(around.replacement === undefined ? {} : { replacement: around.replacement }) }, states, context));
  removal.keepMask = around.keepMask && removal.units.length > 0;
  const known = [...states.values()].flat();
  removal.otherNames.push(...otherNamesOf(files, context.directories));
  removal.present.push(...removal.units.filter((unit) => around.withFiles?.includes(unit) || known.some((state) => state.id === unit && state.load === 'loaded')));
  removal.cgroups.push(...removal.operations.flatMap((each) => (each.kind === 'stop' && each.cgroup !== '' ? [each.cgroup] : [])));
  const ended = known.filter(({ id }) => removal.operations.some((each) => each.kind === 'end' || (each.kind === 'stop' && each.unit === id)));
  const plan = { steps: removal.operations.map(({ text, target }) => ({ text, target })), notes: [...new Set([...silenceNotes(managers), ...around.notes, ...escapedNotes(ended, context), ...others, ...removal.otherNames.map((name) => `stays, look at it: ${name}`)])], data: removal };
  const [refused] = around.refused;
  if (refused !== undefined) return { ...plan, state: 'blocked', reason: refused };
  if (files.length === 0 && (around.staying ?? []).length === 0 && !known.some((state) => isRunning(state) || hasEscaped(state)) && managers.every(({ silence }) => silence === undefined)) return { ...plan, steps: [], state: 'nothing-to-do', reason: `${show(targetPath(context.target))} is gone already, and nothing else of the unit is there` };
  const reason = ownPlaceIn(known, context) ?? hindranceOf(files, context, removal.operations.flatMap((each) => (each.kind === 'mask' ? [each.manager.maskDirectory] : [])));
  return reason === undefined ? { ...plan, state: 'ready' } : { ...plan, state: 'blocked', reason };
}

/** A service that would be stopped under our feet: frozen with it, nobody would go on. */
function ownPlaceIn(states: readonly UnitState[], context: ActionContext): string | undefined {
  for (const state of states.filter((each) => isRunning(each) && isOwnCgroup(each))) {
    const reason = refusalOf(state.cgroup, context);
    if (reason !== undefined) return `${printable(state.id)} cannot be stopped from here: ${reason}; do it from a shell outside of it, or leave the service (keep_service: true)`;
  }
  return undefined;
}
