/** Gives back a file from which lines were taken. */
import type { Change, UndoReport } from './action.ts';
import { giveBackAttributes } from './attributes.ts';
import { editChange, undoLines } from './file-edit.ts';
import { known } from './journal-forms.ts';

export function undoEdit(change: Change, report: UndoReport): void {
  const data = known(editChange, change);
  if (data.kind === 'lines') undoLines(data, report);
  else giveBackAttributes(data, report);
}
