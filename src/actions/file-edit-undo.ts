/** Gives files back from which lines were taken, newest change first. */
import { advisedMessageOf, TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import type { Change, UndoReport } from './action.ts';
import { editChange, undoFlags, undoLines } from './file-edit.ts';

export function undoEdits(changes: readonly Change[]): UndoReport {
  const report: UndoReport = { done: [], already: [], failed: [] };
  for (const change of changes) {
    try {
      const { success, data } = editChange.safeParse(change.data);
      if (!success) throw new TickwardError('STATE', `the journal has a change that this version does not know: ${printable(change.text ?? '')}`, { hint: 'undo it with the version that made it' });
      if (data.kind === 'lines') undoLines(data, report);
      else undoFlags(data, report);
    } catch (error) {
      report.failed.push(advisedMessageOf(error));
    }
  }
  return report;
}
