/** A job of at(1): its file is taken away as atrm(1) does it, with a copy. */
import { z } from 'zod';
import { atJobs } from '../host/cron-files.ts';
import { executablePathOf } from '../host/executable.ts';
import { look, openFile, sameInode, sha256Of, type FileState } from '../host/files.ts';
import { show } from '../host/paths.ts';
import { processIds } from '../host/proc.ts';
import { copyToQuarantine, MOST_COPY_BYTES, prepareQuarantine, unlinkFile } from '../host/quarantine.ts';
import { restoreFile } from '../host/restore.ts';
import { messageOf, TickwardError } from '../model/errors.ts';
import type { ActionContext, Change, Plan, UndoReport } from './action.ts';
import { xattrsOf } from './attributes.ts';
import { keptFile, known, ownedOf, pathFromJson, pathToJson } from './journal-forms.ts';

const ATD = '/usr/sbin/atd';

export interface JobRemoval {
  number: number;
  path: Buffer;
  state: FileState;
  sha256: string;
}

const jobChange = z.strictObject({ kind: z.literal('job'), ...keptFile });

export function planJob(number: number): Plan<JobRemoval | undefined> {
  const { jobs, unread } = atJobs();
  const job = jobs.find((each) => each.number === number);
  if (job === undefined) return { state: unread.length > 0 ? 'blocked' : 'nothing-to-do', reason: unread[0] ?? `at has no job ${number}`, steps: [], notes: [], data: undefined };
  try {
    using file = openFile(job.path);
    const sha256 = sha256Of(file.fd, MOST_COPY_BYTES);
    if (sha256 === undefined) return { state: 'blocked', reason: `${show(job.path)} is too large to keep a copy of (${file.state.size} bytes): copy it elsewhere by hand, then take it out with atrm`, steps: [], notes: [], data: undefined };
    const step = { text: `take job ${number} of at, which would run at ${new Date(job.time * 1000).toISOString()} as uid ${file.state.uid}, out of ${show(job.path)}`, target: show(job.path) };
    return { state: 'ready', steps: [step], notes: [], data: { number, path: job.path, state: file.state, sha256 } };
  } catch (error) {
    return { state: 'blocked', reason: messageOf(error), steps: [], notes: [], data: undefined };
  }
}

/** False means that it was gone already. */
export function applyJob(removal: JobRemoval, context: ActionContext, announce: (change: Change['data']) => void): boolean {
  if (!isJobThere(removal)) return false;
  const quarantine = prepareQuarantine(context.quarantine, context.uid);
  using file = openFile(removal.path);
  if (!sameInode(file.state, removal.state) || sha256Of(file.fd, removal.state.size) !== removal.sha256) throw new TickwardError('REFUSED', `${show(removal.path)} was changed since the plan was made`, { hint: 'plan again' });
  const copy = copyToQuarantine(file, quarantine);
  const change: z.infer<typeof jobChange> = { kind: 'job', at: pathToJson(removal.path), copy, owned: ownedOf(file.state), xattrs: { ...xattrsOf(file.fd) } };
  announce(change);
  unlinkFile(file);
  return true;
}

export function isJobThere({ path: at }: JobRemoval): boolean {
  return look(at) !== undefined;
}

export function undoJob(change: Change, report: UndoReport): void {
  const { at: place, copy, owned, xattrs } = known(jobChange, change);
  const at = pathFromJson(place);
  const made = restoreFile(at, copy, owned, xattrs);
  if (!made) {
    report.already.push(`${show(at)} is there as it was`);
    return;
  }
  wakeAtd();
  report.done.push(`gave back ${show(at)}`);
}

/** atd(8) looks again when it is sent SIGHUP, as at(1) does; else within the hour. */
function wakeAtd(): void {
  for (const pid of processIds().filter((each) => executablePathOf(each) === ATD)) {
    try {
      process.kill(pid, 'SIGHUP');
    } catch {
      // It has just ended, or is not ours to wake.
    }
  }
}
