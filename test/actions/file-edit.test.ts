/** Which lines a file has, and what is left without one of them. */
import { hash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { planEdit, type Line } from '../../src/actions/file-edit.ts';
import { temporaryDirectory } from '../helpers/events.ts';

test('lines are numbered from 1 and read without their breaks, also the last that has none; each goes with its break', () => {
  const path = join(temporaryDirectory(), 'table');
  writeFileSync(path, 'one\ntwo\r\n\nlast');
  const seen: Line[] = [];
  expect(planEdit(Buffer.from(path), (line) => seen.push(line) === 0)).toBeUndefined();
  expect(seen).toEqual(['one', 'two\r', '', 'last'].map((text, index) => ({ number: index + 1, text })));
  const left = seen.map(({ number: wanted }) => planEdit(Buffer.from(path), ({ number }) => number === wanted)?.after);
  expect(left).toEqual(['two\r\n\nlast', 'one\n\nlast', 'one\ntwo\r\nlast', 'one\ntwo\r\n\n'].map((text) => hash('sha256', text)));
});
