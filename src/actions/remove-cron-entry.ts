/** Takes one job out of cron or at, and nothing else with it. */
import { z } from 'zod';
import { look } from '../host/files.ts';
import { packagesIfKnown } from '../host/packages.ts';
import { show } from '../host/paths.ts';
import { printable, textOfBytes } from '../model/text.ts';
import type { Action, Change } from './action.ts';
import { applyJob, isJobThere, planJob, undoJob, type JobRemoval } from './at-job.ts';
import { planCronEntry } from './cron-entry.ts';
import { applyEdit, describeEdit, type FileEdit } from './file-edit.ts';
import { editUndoer } from './file-edit-undo.ts';
import { linesLeft } from './file-edit-verify.ts';
import { worded } from './journal-forms.ts';
import { undoEach } from './undoing.ts';

const params = z.strictObject({
  /** The table; without it every one of cron is searched for the line. */
  path: z.exactOptional(z.string()),
  /** The whole line, blanks at its ends aside. */
  line: z.exactOptional(z.string()),
  /** Of the line in the table, from 1; with `line` both have to fit. */
  number: z.exactOptional(z.int().min(1)),
  /** Of a job of at, as atq shows it. */
  job: z.exactOptional(z.int().min(1)),
});

type Params = z.infer<typeof params>;

type Data = { kind: 'none' } | { kind: 'line'; edit: FileEdit } | { kind: 'job'; removal: JobRemoval };

const NONE: Data = { kind: 'none' };

export const removeCronEntry: Action<Params, Data> = {
  name: 'remove_cron_entry',
  summary: 'takes one line out of a table of cron, or one job out of at',
  example: 'action: remove_cron_entry\nparams: {path: /etc/cron.d/updater, line: "* * * * * root /tmp/.x/run"}',
  needs: [],
  undoable: true,
  reversible: 'the table comes back byte for byte and the job as it was, with owner, mode and times, unless somebody changed them since',
  params,

  async plan(given) {
    if (given.job !== undefined) {
      const plan = planJob(given.job);
      return { ...plan, data: plan.data === undefined ? NONE : { kind: 'job', removal: plan.data } };
    }
    const found = planCronEntry(given);
    if (found.state !== 'found') return { state: found.state, reason: found.reason, steps: [], notes: found.notes, data: NONE };
    const { edit } = found;
    const { owners, problem } = await packagesIfKnown([textOfBytes(edit.path)].filter((path) => path.isWellFormed()));
    const owner = owners.get(edit.path.toString());
    const notes = [
      ...found.notes,
      ...(problem === undefined ? [] : [printable(problem)]),
      ...(owner === undefined ? [] : [`${show(edit.path)} belongs to the package ${printable(owner)}: see with dpkg --verify whether the line is the package's own`]),
      ...(edit.leavesNothing ? [`${show(edit.path)} runs nothing else and stays as a file: quarantine_file takes it away`] : []),
    ];
    const what = edit.lines.map(({ number, text }) => `line ${number}, "${printable(text)}"`).join(' and ');
    return { state: 'ready', steps: describeEdit(edit, what), notes, data: { kind: 'line', edit } };
  },

  async apply({ data, steps }, context, record) {
    const texts = steps.map((step) => step.text);
    const announce = (change: Change['data'], text: string | undefined): void => record(worded(text, change));
    if (data.kind === 'line') return (applyEdit(data.edit, texts, context, announce)) ? [] : ['the line was gone already'];
    if (data.kind === 'job') return (applyJob(data.removal, context, (change) => announce(change, texts[0]))) ? [] : ['the job was gone already'];
    return [];
  },

  async verify({ data }) {
    if (data.kind === 'none') return { ok: true, text: 'there was nothing to take out' };
    if (data.kind === 'job') return isJobThere(data.removal) ? { ok: false, text: `job ${data.removal.number} is there (again)` } : { ok: true, text: `job ${data.removal.number} is gone` };
    const at = show(data.edit.path);
    if (look(data.edit.path) === undefined) return { ok: true, text: `${at} is gone` };
    return linesLeft(data.edit) ? { ok: false, text: `the line is in ${at} (again)` } : { ok: true, text: `the line is out of ${at}` };
  },

  undo(changes) {
    const undoEdit = editUndoer();
    return undoEach(changes, (change, report) => (change.data['kind'] === 'job' ? undoJob(change, report) : undoEdit(change, report)));
  },
};
