/** What a command is about: a stored alert, or a file that someone names. */
import { lstatSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { classify, unitDirectories } from '../host/directories.ts';
import { fileTypeOf } from '../host/file-type.ts';
import { hostIdentity, isOfThisHost } from '../host/identity.ts';
import { givenAs, isThere, namesakesOf, unwritten } from '../host/names.ts';
import { readUsers, userOf } from '../host/passwd.ts';
import { isSameStart } from '../host/proc.ts';
import { TickwardError } from '../model/errors.ts';
import { pathBytes, type Alert, type FileEvent } from '../model/event.ts';
import { modeText } from '../model/mode.ts';
import { bytesOfText, ESCAPE, printable } from '../model/text.ts';
import { isoOf } from '../model/timestamp.ts';
import type { Context } from './context.ts';
import { advice, alertNamed, asFile, unitFilesLike } from './named.ts';

export interface SubjectOptions {
  file?: string;
  user?: string;
}

export interface Subject {
  event: FileEvent;
  alert?: Alert;
}

/** The alert, or the event in which the file was made, or an event of the file as it is (attribution `none`). */
export function subjectOf(context: Context, alertId: string | undefined, options: SubjectOptions): Subject {
  const { file } = options;
  // Of a script whose variable is empty: it would be the directory in which it runs.
  if (file === '') throw new TickwardError('USAGE', '--file names no file', { hint: 'give its path: --file /etc/systemd/system/x.timer' });
  if (alertId !== undefined && file === undefined) {
    const store = context.store();
    const asGiven = store.alerts.get(alertId) === undefined ? asFile(alertId) : undefined;
    if (asGiven !== undefined) throw new TickwardError('USAGE', `${printable(alertId)} is no alert`, { hint: asGiven });
    const alert = alertNamed(store, alertId);
    refuseOtherHost(alert);
    return { event: withUser(alert.event, options.user), alert };
  }
  if (alertId !== undefined || file === undefined) throw new TickwardError('USAGE', 'give either an alert or --file PATH', { hint: 'tickward alerts lists the alerts' });
  const path = pathMeant(context, resolve(file));
  return { event: withUser(eventOf(context, path), options.user) };
}

/** What another sensor told may be of any host; what is looked at, and done, is on this one. */
function refuseOtherHost({ id, event }: Alert): void {
  if (isOfThisHost(event)) return;
  throw new TickwardError('REFUSED', `the alert ${printable(id)} is of the host ${printable(event.host.name)}, and this is ${printable(hostIdentity().name)}`, { hint: 'go there, and give the path of the alert with --file' });
}

/** What a response is for: not what only changed or deleted the file. */
function eventOf(context: Context, path: string): FileEvent {
  const events = eventsOf(context, path);
  const maker = makerOf(context, path, events);
  if (maker !== undefined) return maker;
  const last = events.at(-1);
  const earlier = last === undefined && !isThere(path) ? eventOfEarlierRun(context, path) : undefined;
  if (earlier !== undefined) return earlier;
  if (last === undefined || isThere(path)) return eventOfFile(path, last === undefined ? undefined : 'no sensor saw the file being made, only what came after (tickward events): the user is its owner');
  const { process: _by, user: _user, container: _container, ...rest } = last;
  return { ...rest, tickward: { ...last.tickward, attribution: 'none', attribution_note: 'the file is gone, and no sensor saw it being made', ancestry: [] } };
}

/** What the newest response to a file that is gone now was for: run again, it finds nothing left to do. */
function eventOfEarlierRun(context: Context, path: string): FileEvent | undefined {
  const { journal } = context.store('read');
  for (const { run } of journal.runs().toReversed()) {
    const event = journal.entries(run).find((entry) => entry.kind === 'run-known')?.data['event'] as FileEvent | undefined;
    if (event !== undefined && pathBytes(event).equals(bytesOfText(path))) return event;
  }
  return undefined;
}

/** The newest event in which somebody else than Tickward made what is there; in which it was made at all where what is there was not seen. */
export function makerOf(context: Context, path: string, events: readonly FileEvent[] = eventsOf(context, path)): FileEvent | undefined {
  const ours = events.length === 0 ? [] : ownProcesses(context);
  const made = events.filter((event) => isMaking(event) && !ours.some((own) => isBy(event, own)));
  const inode = inodeOf(path);
  return made.findLast((event) => inode !== undefined && event.file.inode === inode) ?? made.at(-1);
}

/** Undefined where nothing is there, or it may not be looked at. */
function inodeOf(path: string): string | undefined {
  try {
    return String(lstatSync(bytesOfText(path), { bigint: true }).ino);
  } catch {
    return undefined;
  }
}

function isMaking({ event }: FileEvent): boolean {
  return event.action === 'creation' || event.action === 'rename';
}

interface OwnProcess {
  pid: number;
  start: string;
}

/** Those that carried out and undid responses, as the journal has them: a file that was given back was made by another. */
function ownProcesses(context: Context): OwnProcess[] {
  const { journal } = context.store('read');
  return journal.runs().flatMap(({ run }) => journal.entries(run)).flatMap(({ kind, data: { pid, start } }) => ((kind === 'run-started' || kind === 'run-resumed' || kind === 'undo-started') && typeof pid === 'number' && typeof start === 'string' ? [{ pid, start }] : []));
}

function isBy({ process: by }: FileEvent, own: OwnProcess): boolean {
  return by?.pid === own.pid && by.start !== undefined && isSameStart(by.start, own.start);
}

/** The path as it was typed, else what reads like it: a name that cannot be printed is typed as it is shown, `\\n` for the end of a line and `\\xff` for the byte 0xff; or as a shell completes it. */
export function pathMeant(context: Context, typed: string): string {
  if (isThere(typed)) return typed;
  const [meant, another] = [...namesakesOf(typed, undefined, ESCAPE), ...givenAs(typed)];
  if (another !== undefined) throw new TickwardError('USAGE', `more than one file reads ${printable(typed)}`, { hint: 'give the alert instead: tickward alerts lists them' });
  if (meant !== undefined) return meant;
  const written = unwritten(typed, ESCAPE);
  return written !== typed && !isKnown(context, typed) && isKnown(context, written) ? written : typed;
}

/** Of a file that is gone. */
function isKnown(context: Context, path: string): boolean {
  return eventsOf(context, path).length > 0 || eventOfEarlierRun(context, path) !== undefined;
}

/** All events of exactly this path on this host, oldest first. */
function eventsOf(context: Context, path: string): FileEvent[] {
  const bytes = bytesOfText(path);
  return [...context.store('read').events.list({ paths: [bytes.toString()] })].filter((event) => pathBytes(event).equals(bytes) && isOfThisHost(event));
}

function withUser(event: FileEvent, name: string | undefined): FileEvent {
  if (name === undefined) return event;
  const user = readUsers().find((entry) => entry.name === name);
  if (user === undefined) throw new TickwardError('NOT_FOUND', `there is no user ${printable(name)} on this host`, { hint: 'getent passwd lists them' });
  return { ...event, user: { id: String(user.uid), name } };
}

/** An event for a file that no sensor saw: its owner stands for the user, and nobody is named as its maker. */
function eventOfFile(exact: string, note = 'no sensor saw the file being made: the user is its owner'): FileEvent {
  const bytes = bytesOfText(exact);
  let stat: ReturnType<typeof lstatSync>;
  try {
    stat = lstatSync(bytes);
  } catch (error) {
    throw new TickwardError('NOT_FOUND', `there is no file ${printable(exact)}`, { hint: advice(unitFilesLike(exact), 'check the path; tickward events shows what was deleted'), cause: error });
  }
  const path = bytes.toString();
  const directory = unitDirectories(readUsers()).find((each) => path.startsWith(`${each.path}/`));
  const { unit, unit_type } = classify(directory ?? { kind: 'units' }, directory === undefined ? basename(path) : path.slice(directory.path.length + 1));
  const owner = userOf(stat.uid);
  const mtime = isoOf(stat.mtimeMs);
  const extension = /.\.([^.]+)$/.exec(basename(path))?.[1];
  return {
    // Whoever may write to it may have set any time, also one that is none.
    '@timestamp': mtime ?? new Date(stat.ctimeMs).toISOString(),
    event: { id: '', kind: 'event', category: ['file'], type: ['creation'], action: 'creation', dataset: 'tickward.file' },
    host: hostIdentity(),
    file: { path, directory: dirname(path), name: basename(path), ...(extension === undefined ? {} : { extension }), type: fileTypeOf(stat.mode), size: stat.size, mode: modeText(stat.mode), uid: String(stat.uid), gid: String(stat.gid), ...(owner === undefined ? {} : { owner: owner.name }), inode: String(stat.ino), ...(mtime === null ? {} : { mtime }) },
    user: { id: String(stat.uid), ...(owner === undefined ? {} : { name: owner.name }) },
    tickward: { attribution: 'none', attribution_note: note, source: 'scan', unit, unit_type, scope: directory?.scope ?? 'system', ancestry: [], ...(path === exact ? {} : { path_bytes: bytes.toString('base64') }) },
  };
}
