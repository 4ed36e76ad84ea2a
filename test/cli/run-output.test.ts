import { expect, test } from 'vitest';
import { printEnd } from '../../src/cli/run-output.ts';
import { createOutput } from '../../src/cli/output.ts';
import type { RunResult } from '../../src/respond/run.ts';

function ending(undo: string | null): string[] {
  const lines: string[] = [];
  const step = { id: 's', title: 't', action: 'a', state: 'changed' as const, summary: '', changes: ['x'], notes: [], undo, answers: {} };
  const result: RunResult = { run: 'R', playbook: 'p', target: { path: '/x', unit: 'x', scope: 'system' }, dry_run: false, ended: 'finished', steps: [step] };
  printEnd({ ...createOutput({ json: false, color: false }), line: (text = '') => void lines.push(text) }, result);
  return lines;
}

test('the way back is named where there is one', () => {
  expect(ending('tickward undo R s')).toEqual(['Take it back: tickward undo R']);
  expect(ending('not: a process that was ended does not come back')).toEqual([]);
  expect(ending(null)).toEqual([]);
});
