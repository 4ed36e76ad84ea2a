/** Gives back what a removal took: newest change first, then the managers read their units again and start what ran. */
import { fstatSync } from 'node:fs';
import { bringBack } from '../host/aside.ts';
import { thaw } from '../host/cgroups.ts';
import { look, openDirectory, openFile, sha256Of } from '../host/files.ts';
import { setTimes } from '../host/inode.ts';
import { parentOf, show } from '../host/paths.ts';
import { MOST_COPY_BYTES, removeEmptyDirectory, removeLink, unlinkFile } from '../host/quarantine.ts';
import { restoreDirectory, restoreFile, restoreLink } from '../host/restore.ts';
import { TickwardError } from '../model/errors.ts';
import { printable, textOfBytes } from '../model/text.ts';
import type { ActionContext, Change, UndoReport } from './action.ts';
import { giveBackAttributes, withOpen } from './attributes.ts';
import { known, pathFromJson, type AttributesChange } from './journal-forms.ts';
import { createManagers, isActive, type Manager, type ManagerId } from './manager.ts';
import { removalChange, type RemovalChange } from './removal.ts';
import { emptyReport, trying } from './undoing.ts';
import { templateOf } from './unit-files.ts';

type Of<Kind extends RemovalChange['kind']> = Extract<RemovalChange, { kind: Kind }>;

/** What is done once, when all files are back. */
interface Afterwards {
  reload: Map<string, ManagerId>;
  /** In the order in which they are started. */
  start: { manager: ManagerId; unit: string }[];
  restart: { manager: ManagerId; unit: string }[];
  times: Map<string, string>;
  /** Last of all that is done to files: an immutable directory takes no time either. */
  attributes: AttributesChange[];
  /** Units of which a file could not be given back: something else has its name by now, an attacker's maybe, or the copy is no longer what it was. They stay masked, and are not started. */
  withheld: Set<string>;
  /** Paths (as latin1) at which something else is by now: it gets no attribute of what was there. */
  foreign: Set<string>;
}

/** `done` is told of each change as soon as it is taken back; not of what is started at the end, which `startedText` says. */
export async function undoRemoval<Given extends Change>(changes: readonly Given[], context: ActionContext, done: (change: Given) => void = () => {}): Promise<UndoReport> {
  const report = emptyReport();
  const afterwards: Afterwards = { reload: new Map(), start: [], restart: [], times: new Map(), attributes: [], withheld: new Set(), foreign: new Set() };
  for (const change of changes) {
    const [failures, made] = [report.failed.length, report.done.length];
    await trying(report, () => takeBack(known(removalChange, change), afterwards, report));
    if (report.failed.length > failures) withhold(removalChange.safeParse(change.data).data, afterwards);
    if (report.done.length > made) done(change);
  }
  for (const [path, mtime_ns] of afterwards.times) await trying(report, () => setDirectoryTime(Buffer.from(path, 'latin1'), mtime_ns));
  for (const change of afterwards.attributes) if (!afterwards.foreign.has(pathFromJson(change.at).toString('latin1'))) await trying(report, () => giveBackAttributes(change, report));
  await tellManagers(afterwards, context, report);
  // A manager that does not answer says so each time.
  report.failed = [...new Set(report.failed)];
  return report;
}

function withhold(change: RemovalChange | undefined, { withheld, foreign }: Afterwards): void {
  for (const unit of unitsOf(change)) withheld.add(unit);
  if (change !== undefined && 'at' in change) foreign.add(pathFromJson(change.at).toString('latin1'));
}

/** The unit that a file makes, changes or pulls in. */
export function unitsOf(change: RemovalChange | undefined): string[] {
  if (change?.kind !== 'file' && change?.kind !== 'aside' && change?.kind !== 'link') return [];
  const [name = '', parent = ''] = textOfBytes(pathFromJson(change.at)).split('/').toReversed();
  return [parent.endsWith('.d') ? parent.slice(0, -'.d'.length) : name];
}

/** Whether a unit is neither unmasked nor started, by the units of which a file could not be given back. */
export function isWithheld(unit: string, { withheld }: Pick<Afterwards, 'withheld'>): boolean {
  return withheld.has(unit) || withheld.has(templateOf(unit) ?? '');
}

function takeBack(change: RemovalChange, afterwards: Afterwards, report: UndoReport): void {
  switch (change.kind) {
    case 'times':
      for (const { at, before, after } of change.directories) if (after === null || isUntouched(pathFromJson(at), after)) afterwards.times.set(pathFromJson(at).toString('latin1'), before);
      return;
    case 'file':
      return giveBackFile(change, report);
    case 'aside': {
      const path = pathFromJson(change.at);
      if (bringBack(path, pathFromJson(change.to), change.inode)) report.done.push(`gave ${show(path)} its name again`);
      else report.already.push(`${show(path)} is there as it was`);
      return;
    }
    case 'link':
      return giveBackLink(change, report);
    case 'directory': {
      const path = pathFromJson(change.at);
      if (restoreDirectory(path, change.owned, change.xattrs)) report.done.push(`made the directory ${show(path)} again`);
      return;
    }
    case 'original':
      return takeOriginal(change, report);
    case 'attributes':
      afterwards.attributes.push(change);
      return;
    case 'mask':
      return unmask(change, afterwards, report);
    case 'stop':
      if (change.active) afterwards.start.push({ manager: change.manager, unit: change.unit });
      return;
    case 'unmask':
      return;
    case 'wake':
      afterwards.reload.set(JSON.stringify(change.manager), change.manager);
      afterwards.start.push(...change.active.map((unit) => ({ manager: change.manager, unit })));
      if (change.active.length === 0) report.already.push(`${nameOf(change.manager)}, which was held, is left going on`);
      return;
    case 'freeze':
      // Only where the removal was cut off before it killed what it froze.
      if (thaw(change.cgroup)) report.done.push(`the processes of ${printable(change.unit)} go on`);
      return;
    case 'reload':
      afterwards.reload.set(JSON.stringify(change.manager), change.manager);
      afterwards.restart.push(...change.restart.map((unit) => ({ manager: change.manager, unit })));
      return;
    case 'regenerate':
      afterwards.reload.set(JSON.stringify(change.manager), change.manager);
      afterwards.start.push(...change.active.map((unit) => ({ manager: change.manager, unit })));
      return;
  }
}

/** Nobody made or removed a name in the directory since: then its time may be what it was before us. */
function isUntouched(path: Buffer, mtime: string): boolean {
  try {
    using directory = openDirectory(path);
    return directory.state.mtime_ns === mtime;
  } catch {
    return false;
  }
}

function setDirectoryTime(path: Buffer, mtime_ns: string): void {
  withOpen(path, (fd) => {
    const now = fstatSync(fd, { bigint: true });
    // One that is immutable again since an earlier undo has it, and takes none.
    if (String(now.mtimeNs) !== mtime_ns) setTimes(fd, { atime_ns: String(now.atimeNs), mtime_ns });
  });
}

function giveBackFile({ at, copy, owned, xattrs, names }: Of<'file'>, report: UndoReport): void {
  const path = pathFromJson(at);
  if (restoreFile(path, copy, owned, xattrs)) report.done.push(`restored ${show(path)}${names === undefined ? '' : `, as a file of its own: it was one of ${names} names of the same`}`);
  else report.already.push(`${show(path)} is there as it was`);
}

function giveBackLink({ at, target, owned }: Of<'link'>, report: UndoReport): void {
  const path = pathFromJson(at);
  if (restoreLink(path, pathFromJson(target), owned)) report.done.push(`restored the link ${show(path)}`);
  else report.already.push(`the link ${show(path)} is there as it was`);
}

/** The package's file makes room for the one that was there; something else by now does not, and the restore says so. */
function takeOriginal({ at, sha256 }: Of<'original'>, report: UndoReport): void {
  const path = pathFromJson(at);
  if (look(path)?.state.kind !== 'file') return;
  using file = openFile(path);
  if (sha256Of(file.fd, MOST_COPY_BYTES) !== sha256) return;
  unlinkFile(file);
  report.done.push(`removed the package's ${show(path)}`);
}

function unmask({ manager, unit, active, at, made_directory }: Of<'mask'>, afterwards: Afterwards, report: UndoReport): void {
  const path = pathFromJson(at);
  afterwards.reload.set(JSON.stringify(manager), manager);
  if (isWithheld(unit, afterwards)) return void report.already.push(`${printable(unit)} stays masked and is not started: a file of it could not be given back`);
  if (active) afterwards.start.push({ manager, unit });
  const isOurs = look(path)?.target?.toString() === '/dev/null';
  if (isOurs) removeLink(path, Buffer.from('/dev/null'), () => {});
  if (made_directory && look(parentOf(path)) !== undefined) removeEmptyDirectory(parentOf(path), () => {});
  if (isOurs) report.done.push(`unmasked: removed the link ${show(path)}`);
}

async function tellManagers(afterwards: Afterwards, context: ActionContext, report: UndoReport): Promise<void> {
  const ids = new Map([...afterwards.reload.values(), ...[...afterwards.restart, ...afterwards.start].map(({ manager }) => manager)].map((id) => [JSON.stringify(id), id]));
  const managers = new Map((await createManagers([...ids.values()], context)).map((manager) => [JSON.stringify(manager.id), manager]));
  const areBack = report.failed.length === 0;
  const withManager = async (id: ManagerId, work: (manager: Manager) => Promise<void>): Promise<void> => {
    await trying(report, async () => {
      const manager = managers.get(JSON.stringify(id));
      if (manager === undefined) throw new TickwardError('UNSUPPORTED', `${nameOf(id)} does not run: ${areBack ? 'the files are back, but ' : ''}nothing was started`, { hint: 'it reads them when it starts' });
      await work(manager);
    });
  };
  const each = async (list: readonly { manager: ManagerId; unit: string }[], work: (manager: Manager, unit: string) => Promise<void>): Promise<void> => {
    const once = new Map(list.map((one) => [JSON.stringify(one), one]));
    for (const { manager, unit } of once.values()) if (!isWithheld(unit, afterwards)) await withManager(manager, (found) => work(found, unit));
  };
  for (const id of afterwards.reload.values()) await withManager(id, (manager) => manager.command('daemon-reload'));
  // A service that does its work and ends would do it at every undo.
  if (context.undoneBefore === true && report.done.length === 0) return;
  await each(afterwards.restart, (manager, unit) => manager.command('try-restart', '--', unit));
  await each(afterwards.start, async (manager, unit) => {
    const [state] = await manager.states([unit]);
    if (state !== undefined && isActive(state)) return;
    // Our own kill counts as a failure, and starts in quick succession meet StartLimitBurst=: both are forgotten first.
    await manager.command('reset-failed', '--', unit).catch(() => undefined);
    await manager.command('start', '--no-block', '--', unit);
    report.done.push(startedText(unit));
  });
}

export function startedText(unit: string): string {
  return `started ${printable(unit)} again`;
}

function nameOf(id: ManagerId): string {
  return id.scope === 'system' ? 'the system manager' : `the manager of ${printable(id.user)}`;
}
