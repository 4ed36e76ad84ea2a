/** Gives back a file from which lines were taken. */
import type { Change, UndoReport } from './action.ts';
import { giveBackAttributes } from './attributes.ts';
import { editChange, undoLines } from './file-edit.ts';
import { known, pathFromJson } from './journal-forms.ts';

/** For the changes of one undo, newest first: a file that is not given back, for somebody changed it since, gets none of its attributes either. */
export function editUndoer(): (change: Change, report: UndoReport) => void {
  const foreign = new Set<string>();
  return (change, report) => {
    const data = known(editChange, change);
    const at = pathFromJson(data.at).toString('latin1');
    if (data.kind === 'attributes') {
      if (!foreign.has(at)) giveBackAttributes(data, report);
      return;
    }
    foreign.add(at);
    undoLines(data, report);
    foreign.delete(at);
  };
}
