/** Which lines a file has, and what is left without one of them. */
import { hash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { applyEdit, planEdit, type Line } from '../../src/actions/file-edit.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { contextFor, hostIn } from '../helpers/response.ts';

test('lines are numbered from 1 and read without their breaks, also the last that has none; each goes with its break', () => {
  const path = join(temporaryDirectory(), 'table');
  writeFileSync(path, 'one\ntwo\r\n\nlast');
  const seen: Line[] = [];
  expect(planEdit(Buffer.from(path), (line) => seen.push(line) === 0)).toBeUndefined();
  expect(seen).toEqual(['one', 'two\r', '', 'last'].map((text, index) => ({ number: index + 1, text })));
  const left = seen.map(({ number: wanted }) => planEdit(Buffer.from(path), ({ number }) => number === wanted)?.after);
  expect(left).toEqual(['two\r\n\nlast', 'one\n\nlast', 'one\ntwo\r\nlast', 'one\ntwo\r\n\n'].map((text) => hash('sha256', text)));
});

test('a blank line at the beginning is a line of its own', () => {
  const path = join(temporaryDirectory(), 'table');
  writeFileSync(path, '\nevil\ngood\n');
  expect(planEdit(Buffer.from(path), ({ text }) => text === 'evil')).toMatchObject({ lines: [{ number: 2, text: 'evil' }], after: hash('sha256', '\ngood\n') });
});

test('a file of which only a part would be read is not touched: the rest of it would be lost', () => {
  const path = join(temporaryDirectory(), 'table');
  writeFileSync(path, `evil\n${'#'.repeat(4 * 1024 ** 2)}\n`);
  expect(() => planEdit(Buffer.from(path), ({ number }) => number === 1)).toThrow(/is not touched: it is larger than 4194304 bytes/);
});

test.each([
  ['evil\n# a comment\n\n', true],
  ['evil\n# a comment\nanother\n', false],
  ['evil\n', true],
])('of %j nothing but comments is left: %s', (content, leavesNothing) => {
  const path = join(temporaryDirectory(), 'table');
  writeFileSync(path, content);
  expect(planEdit(Buffer.from(path), ({ text }) => text === 'evil')?.leavesNothing).toBe(leavesNothing);
});

test('lines that somebody else took out meanwhile are left so, and nothing is announced', () => {
  const root = temporaryDirectory();
  const path = join(root, 'table');
  writeFileSync(path, 'evil\ngood\n');
  const edit = planEdit(Buffer.from(path), ({ text }) => text === 'evil');
  writeFileSync(path, 'good\n');
  const announced: unknown[] = [];
  expect(applyEdit(edit!, ['take it out'], contextFor(hostIn(root), path), (change) => announced.push(change))).toBe(false);
  expect([announced, readFileSync(path, 'utf8')]).toEqual([[], 'good\n']);
});
