import { expect, test } from 'vitest';
import { printEnd } from '../../src/cli/run-output.ts';
import { createOutput } from '../../src/cli/output.ts';
import type { RunResult } from '../../src/respond/run.ts';
import { HOST } from '../../src/respond/target.ts';

function ending(undo: string | null, more: Partial<RunResult> = {}, program?: string): string[] {
  const lines: string[] = [];
  const step = { id: 's', title: 't', action: 'a', state: 'changed' as const, summary: '', changes: ['x'], notes: [], undo, answers: {} };
  const result: RunResult = { run: 'R', playbook: 'p', target: { path: '/x', unit: 'x', scope: 'system' }, dry_run: false, ended: 'finished', steps: [step], ...more };
  printEnd({ ...createOutput({ json: false, color: false, ...(program === undefined ? {} : { program }) }), line: (text = '') => void lines.push(text) }, result);
  return lines;
}

test('the way back is named where there is one', () => {
  expect(ending('tickward undo R s')).toEqual(['Take it back: tickward undo R']);
  expect(ending('not: a process that was ended does not come back')).toEqual([]);
  expect(ending(null)).toEqual([]);
  expect(ending('tickward undo R s', { ended: 'stopped' }, 'tickward --state-dir /run/t')).toEqual(['Take it back: tickward --state-dir /run/t undo R', 'It was stopped. Go on with: tickward --state-dir /run/t respond --resume R']);
});

test('how it is gone on with is named where that is possible: one action about the whole host has no steps', () => {
  expect(ending(null, { ended: 'stopped' })).toEqual(['It was stopped. Go on with: tickward respond --resume R']);
  expect(ending(null, { ended: 'stopped', target: HOST })).toEqual([]);
  expect(ending(null, { ended: 'interrupted', target: HOST })).toEqual(['It was interrupted. Run the command again: what is done already is found to be so.']);
});
