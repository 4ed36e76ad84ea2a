/** Carries out the operations of a removal, each announced before it is done. */
import { asideOf, setAside } from '../host/aside.ts';
import { isFreezing, setFrozen } from '../host/cgroups.ts';
import { sha256Text } from '../host/exchange.ts';
import { look, lookAt, openDirectory, openParent } from '../host/files.ts';
import { show } from '../host/paths.ts';
import { prepareQuarantine, removeEmptyDirectory, removeLink } from '../host/quarantine.ts';
import { ensureDirectory, placeFile, placeLink } from '../host/restore.ts';
import { messageOf, TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import type { ActionContext, Record } from './action.ts';
import { changeFlags, withOpen, xattrsOf } from './attributes.ts';
import { ownedOf, pathToJson, worded } from './journal-forms.ts';
import { remember } from './quarantine-log.ts';
import { regenerate } from './removal-regenerate.ts';
import { end, reload, stop, tell, wake, type Known } from './removal-stop.ts';
import { alreadyGone, keepOriginals, takeFile, type Announce, type Originals } from './removal-take.ts';
import type { Operation, Removal, RemovalChange } from './removal.ts';

type Of<Kind extends Operation['kind']> = Extract<Operation, { kind: Kind }>;

/** What the operations of one removal share. */
interface Carrying {
  context: ActionContext;
  quarantine: string;
  originals: Originals;
  /** Masks of our own that were made so far. */
  masks: Set<string>;
  known: Known;
}

export async function applyRemoval(removal: Removal, context: ActionContext, record: Record): Promise<string[]> {
  const quarantine = prepareQuarantine(context.quarantine, context.uid);
  const carrying: Carrying = { context, quarantine, originals: keepOriginals(removal.operations, quarantine), masks: new Set(), known: new Map() };
  const announce = (change: RemovalChange, text?: string): void => {
    remember(quarantine, { run: context.run, step: context.step, change });
    record(worded(text, change));
  };
  const remarks: string[] = [];
  const before = directoryTimes(removal.operations);
  for (const operation of removal.operations) {
    // The words of the plan stand with the first change; more of the same operation are for the undo.
    let text: string | undefined = operation.text;
    try {
      const remark = await carryOut(operation, carrying, (change) => {
        announce(change, text);
        text = undefined;
      });
      if (remark !== undefined) remarks.push(remark);
    } catch (error) {
      throw leftFrozen(error, removal.operations, context.run);
    }
  }
  const after = directoryTimes(removal.operations);
  const directories = [...before].map(([path, time]) => ({ at: pathToJson(Buffer.from(path, 'latin1')), before: time, after: after.get(path) ?? null }));
  if (directories.length > 0) announce({ kind: 'times', directories });
  return [...new Set(remarks)];
}

async function carryOut(operation: Operation, carrying: Carrying, announce: Announce): Promise<string | undefined> {
  switch (operation.kind) {
    case 'freeze':
      return freeze(operation, announce);
    case 'mask':
      return await mask(operation, carrying.masks, announce);
    case 'unmask':
      return unmask(operation, carrying.masks, announce);
    case 'stop':
      return await stop(operation, carrying.context, announce);
    case 'wake':
      return await wake(operation, carrying.known, announce);
    case 'end':
      return await end(operation, carrying.known, carrying.context, announce);
    case 'attributes':
      if (look(operation.path) === undefined) return alreadyGone(operation.path);
      announce({ kind: 'attributes', at: pathToJson(operation.path), flags: operation.flags });
      changeFlags(operation.path, '-', operation.flags);
      return undefined;
    case 'file':
      return takeFile(operation.path, carrying.originals, carrying.quarantine, announce);
    case 'aside': {
      const { path, state } = operation;
      const to = asideOf(path);
      const isDone = setAside(path, to, state, () => announce({ kind: 'aside', at: pathToJson(path), to: pathToJson(to), inode: state.ino }));
      return isDone ? `${show(path)} is ${show(to)} now, look at it` : alreadyGone(path);
    }
    case 'link': {
      const { path, leadsTo } = operation;
      const removed = removeLink(path, leadsTo, (state) => announce({ kind: 'link', at: pathToJson(path), target: pathToJson(leadsTo), owned: ownedOf(state) }));
      return removed ? undefined : alreadyGone(path);
    }
    case 'directory': {
      const { path } = operation;
      const removed = removeEmptyDirectory(path, (state) => announce({ kind: 'directory', at: pathToJson(path), owned: ownedOf(state), xattrs: withOpen(path, xattrsOf) ?? {} }));
      return removed ? undefined : `${show(path)} is not empty and stays, or was gone already`;
    }
    case 'original': {
      const { path, original } = operation;
      announce({ kind: 'original', at: pathToJson(path), sha256: sha256Text(original.content) });
      placeFile(path, original);
      return undefined;
    }
    case 'reload':
      return await reload(operation, announce);
    case 'regenerate':
      return await regenerate(operation, carrying.context, announce);
  }
}

/** Keeps what runs from acting and forking until it is killed, but the rest works without it. */
function freeze({ manager, unit, cgroup }: Of<'freeze'>, announce: Announce): string | undefined {
  announce({ kind: 'freeze', manager: manager.id, unit, cgroup });
  try {
    setFrozen(cgroup, true);
    return undefined;
  } catch {
    return `${printable(unit)} could not be frozen (it has ended, or control groups are of version 1): it was stopped without that`;
  }
}

/** What was frozen stays so where the rest fails: to let an attacker go on is for a person to decide, who has to know of it. */
function leftFrozen(error: unknown, operations: readonly Operation[], run: string): unknown {
  const units = operations.flatMap((operation) => (operation.kind === 'freeze' && isFreezing(operation.cgroup) ? [printable(operation.unit)] : []));
  if (units.length === 0) return error;
  const hint = error instanceof TickwardError && error.hint !== undefined ? `${error.hint}; ` : '';
  return new TickwardError(error instanceof TickwardError ? error.code : 'FAILED', `${messageOf(error)}; ${units.join(', ')} stays frozen`, { hint: `${hint}tickward undo ${run} lets go on what is frozen, tickward respond --resume ${run} ends it`, cause: error });
}

async function mask({ manager, unit, active, last }: Of<'mask'>, masks: Set<string>, announce: Announce): Promise<string | undefined> {
  const at = `${manager.maskDirectory}/${unit}`;
  const directoryMissing = !isThere(manager.maskDirectory);
  if (directoryMissing || !isThere(at)) {
    announce({ kind: 'mask', manager: manager.id, unit, active, at: pathToJson(Buffer.from(at)), made_directory: directoryMissing });
    if (directoryMissing) ensureDirectory(manager.maskDirectory, manager.owner);
    placeLink(at, '/dev/null');
    masks.add(at);
  }
  if (last) await tell(manager, 'daemon-reload');
  return undefined;
}

/** A mask that somebody else made stays. The manager reads its units again right after. */
function unmask({ manager, units }: Of<'unmask'>, masks: ReadonlySet<string>, announce: Announce): undefined {
  announce({ kind: 'unmask', manager: manager.id, units });
  const ours = units.map((unit) => `${manager.maskDirectory}/${unit}`).filter((path) => masks.has(path));
  for (const path of ours) removeLink(path, Buffer.from('/dev/null'), () => {});
  if (isThere(manager.maskDirectory)) removeEmptyDirectory(manager.maskDirectory, () => {});
}

function isThere(path: string): boolean {
  try {
    const { directory, name } = openParent(path);
    using parent = directory;
    return lookAt(parent, name) !== undefined;
  } catch (error) {
    if (error instanceof TickwardError && error.code === 'NOT_FOUND') return false;
    throw error;
  }
}

/** Modification times of the directories that names are taken out of; paths as latin1. */
function directoryTimes(operations: readonly Operation[]): Map<string, string> {
  const paths = operations.flatMap(directoriesChangedBy).map((path) => path.toString('latin1'));
  const times = new Map<string, string>();
  for (const path of new Set(paths)) {
    try {
      using directory = openDirectory(Buffer.from(path, 'latin1'));
      times.set(path, directory.state.mtime_ns);
    } catch (error) {
      if (!(error instanceof TickwardError) || error.code !== 'NOT_FOUND') throw error;
    }
  }
  return times;
}

function directoriesChangedBy(operation: Operation): Buffer[] {
  if (operation.kind !== 'file' && operation.kind !== 'aside' && operation.kind !== 'link' && operation.kind !== 'directory') return [];
  const parent = operation.path.subarray(0, operation.path.lastIndexOf('/'));
  return operation.kind === 'aside' ? [parent, parent.subarray(0, parent.lastIndexOf('/'))] : [parent];
}
