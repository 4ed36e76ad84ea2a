/** Gives files back from which lines were taken, newest change first. */
import { advisedMessageOf } from '../model/errors.ts';
import type { Change, UndoReport } from './action.ts';
import { editChange, undoFlags, undoLines } from './file-edit.ts';
import { unknownChange } from './kept.ts';

export function undoEdits(changes: readonly Change[]): UndoReport {
  const report: UndoReport = { done: [], already: [], failed: [] };
  for (const change of changes) {
    try {
      const { success, data } = editChange.safeParse(change.data);
      if (!success) throw unknownChange(change.text ?? '');
      if (data.kind === 'lines') undoLines(data, report);
      else undoFlags(data, report);
    } catch (error) {
      report.failed.push(advisedMessageOf(error));
    }
  }
  return report;
}
