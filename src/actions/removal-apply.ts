/** Carries out the operations of a removal, each announced before it is done. */
import { lookAt, openDirectory, openFile, openParent, sameInode, sha256Of } from '../host/files.ts';
import { show } from '../host/paths.ts';
import { copyToQuarantine, prepareQuarantine, removeEmptyDirectory, removeLink, unlinkFile } from '../host/quarantine.ts';
import { ensureDirectory, placeLink } from '../host/restore.ts';
import { TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import type { ActionContext, Record } from './action.ts';
import { changeFlags, readXattrs } from './attributes.ts';
import { killCgroup, type Manager } from './manager.ts';
import { ownedOf, pathToJson, type Operation, type Removal, type RemovalChange } from './removal.ts';

type Of<Kind extends Operation['kind']> = Extract<Operation, { kind: Kind }>;
type Announce = (change: RemovalChange) => void;

export async function applyRemoval(removal: Removal, context: ActionContext, record: Record): Promise<string[]> {
  const remarks: string[] = [];
  const before = directoryTimes(removal.operations);
  const masks = new Set<string>();
  for (const operation of removal.operations) {
    const remark = await carryOut(operation, context, masks, (data) => record({ text: operation.text, data }));
    if (remark !== undefined) remarks.push(remark);
  }
  const after = directoryTimes(removal.operations);
  const directories = [...before].map(([path, time]) => ({ at: pathToJson(Buffer.from(path, 'latin1')), before: time, after: after.get(path) ?? null }));
  if (directories.length > 0) record({ data: { kind: 'times', directories } });
  return [...new Set(remarks)];
}

/** `masks` are the ones of our own that were made so far. */
async function carryOut(operation: Operation, context: ActionContext, masks: Set<string>, announce: Announce): Promise<string | undefined> {
  switch (operation.kind) {
    case 'freeze':
      return await freeze(operation, announce);
    case 'mask':
      return await mask(operation, masks, announce);
    case 'unmask':
      return unmask(operation, masks, announce);
    case 'stop':
      return await stop(operation, announce);
    case 'attributes':
      announce({ kind: 'attributes', at: pathToJson(operation.path), flags: operation.flags });
      return await changeFlags(operation.path, '-', operation.flags).then(() => undefined);
    case 'file':
      return await takeFile(operation, context, announce);
    case 'link': {
      const { path, leadsTo } = operation;
      const removed = removeLink(path, leadsTo, (state) => announce({ kind: 'link', at: pathToJson(path), target: pathToJson(leadsTo), owned: ownedOf(state) }));
      return removed ? undefined : alreadyGone(path);
    }
    case 'directory': {
      const { path } = operation;
      const removed = removeEmptyDirectory(path, (state) => announce({ kind: 'directory', at: pathToJson(path), owned: ownedOf(state) }));
      return removed ? undefined : `${show(path)} is not empty and stays, or was gone already`;
    }
    case 'reload':
      return await reload(operation, announce);
  }
}

function alreadyGone(path: Buffer): string {
  return `${show(path)} was gone already`;
}

async function takeFile({ path, state, sha256 }: Of<'file'>, context: ActionContext, announce: Announce): Promise<string | undefined> {
  const quarantine = prepareQuarantine(context.quarantine, context.uid);
  let file: ReturnType<typeof openFile>;
  try {
    // Only the name is taken away, so another one of the same file is no reason to let it stand.
    file = openFile(path, 'any');
  } catch (error) {
    if (error instanceof TickwardError && error.code === 'NOT_FOUND') return alreadyGone(path);
    throw error;
  }
  using opened = file;
  if (!sameInode(opened.state, state) || sha256Of(opened.fd) !== sha256) throw new TickwardError('REFUSED', `${show(path)} was changed since the plan was made`, { hint: 'plan again and look at what it is now' });
  const copy = copyToQuarantine(opened, quarantine);
  const xattrs = await readXattrs(opened.fd);
  announce({ kind: 'file', at: pathToJson(path), copy, owned: ownedOf(opened.state), xattrs: xattrs ?? {}, ...(opened.state.nlink > 1 ? { names: opened.state.nlink } : {}) });
  unlinkFile(opened);
  return xattrs === undefined ? 'extended attributes and ACLs are not kept: getfattr is not installed (apt-get install attr)' : undefined;
}

/** Helps the evidence and stops what it does, but the rest works without it. */
async function freeze({ manager, unit }: Of<'freeze'>, announce: Announce): Promise<string | undefined> {
  announce({ kind: 'freeze', manager: manager.id, unit });
  try {
    await manager.command('freeze', '--', unit);
    return undefined;
  } catch {
    return `${printable(unit)} could not be frozen (old kernel or systemd): it was stopped without that`;
  }
}

async function mask({ manager, unit, active }: Of<'mask'>, masks: Set<string>, announce: Announce): Promise<string | undefined> {
  const at = `${manager.maskDirectory}/${unit}`;
  const directoryMissing = !isThere(manager.maskDirectory);
  if (!directoryMissing && isThere(at)) return undefined;
  announce({ kind: 'mask', manager: manager.id, unit, active, at: pathToJson(Buffer.from(at)), made_directory: directoryMissing });
  if (directoryMissing) ensureDirectory(manager.maskDirectory, manager.owner);
  placeLink(at, '/dev/null');
  masks.add(at);
  await manager.command('daemon-reload');
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

async function stop({ manager, unit, active, cgroup }: Of<'stop'>, announce: Announce): Promise<string | undefined> {
  announce({ kind: 'stop', manager: manager.id, unit, active });
  if (unit.endsWith('.service')) await killAll(manager, unit);
  await manager.command('stop', '--', unit);
  if (cgroup !== '') killCgroup(cgroup);
  return undefined;
}

/** `--kill-whom` is the word since systemd 252, `--kill-who` before. A service that ended on its own in between has nothing to kill. */
async function killAll(manager: Manager, unit: string): Promise<void> {
  for (const option of ['--kill-whom=all', '--kill-who=all']) {
    try {
      await manager.command('kill', '--signal=SIGKILL', option, '--', unit);
      return;
    } catch {
      // The other word, or nothing left to kill: the stop that follows decides.
    }
  }
}

async function reload({ manager, forget, restart }: Of<'reload'>, announce: Announce): Promise<string | undefined> {
  announce({ kind: 'reload', manager: manager.id, restart });
  await manager.command('daemon-reload');
  for (const unit of restart) await manager.command('try-restart', '--', unit);
  // A unit that is no longer loaded has no failure to forget.
  for (const unit of forget) await manager.command('reset-failed', '--', unit).catch(() => undefined);
  return undefined;
}

/** Modification times of the directories that names are taken out of; paths as latin1. */
function directoryTimes(operations: readonly Operation[]): Map<string, string> {
  const paths = operations.flatMap((each) => (each.kind === 'file' || each.kind === 'link' || each.kind === 'directory' ? [each.path.subarray(0, each.path.lastIndexOf('/')).toString('latin1')] : []));
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
