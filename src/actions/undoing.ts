/** How an undo goes about it: what cannot be taken back is said, and the rest is taken back all the same. */
import { advisedMessageOf } from '../model/errors.ts';
import type { Change, UndoReport } from './action.ts';

export function emptyReport(): UndoReport {
  return { done: [], already: [], failed: [] };
}

export async function trying(report: UndoReport, work: () => void | Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    report.failed.push(advisedMessageOf(error));
  }
}

/** One after the other, as they come: newest first. */
export async function undoEach(changes: readonly Change[], takeBack: (change: Change, report: UndoReport) => void | Promise<void>): Promise<UndoReport> {
  const report = emptyReport();
  for (const change of changes) await trying(report, () => takeBack(change, report));
  return report;
}

/** For what is taken back at once, however many changes it was. */
export async function undoAtOnce(takeBack: (report: UndoReport) => Promise<void>): Promise<UndoReport> {
  const report = emptyReport();
  await trying(report, () => takeBack(report));
  return report;
}

export async function nothingToUndo(): Promise<UndoReport> {
  return emptyReport();
}
