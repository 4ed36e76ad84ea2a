/** Which lines a file has, what is left without one of them, and what is made of it meanwhile. */
import { hash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { editUndoer } from '../../src/actions/file-edit-undo.ts';
import { applyEdit, planEdit, type FileEdit, type Line } from '../../src/actions/file-edit.ts';
import type { ActionContext, Change } from '../../src/actions/index.ts';
import { worded } from '../../src/actions/journal-forms.ts';
import { undoEach } from '../../src/actions/undoing.ts';
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

/** A file with a line to take out, of which somebody may make something else; beside it one of somebody else's with the content that is left without the line. */
function scene(): { root: string; path: string; victim: string; context: ActionContext; edit: FileEdit } {
  const root = temporaryDirectory();
  for (const name of ['a', 'b']) mkdirSync(join(root, name));
  const [path, victim] = [join(root, 'a/keys'), join(root, 'b/keys')];
  writeFileSync(path, 'good\nevil\n');
  writeFileSync(victim, 'good\n');
  return { root, path, victim, context: contextFor(hostIn(root), path), edit: planEdit(Buffer.from(path), ({ text }) => text === 'evil')! };
}

test.each<[string, (path: string) => void]>([
  ['written to', (path) => writeFileSync(path, 'good\nevil\nmore\n')],
  ['exchanged for another one of the same content', (path) => {
    renameSync(path, `${path}.old`);
    writeFileSync(path, 'good\nevil\n');
  }],
])('a file that was %s since the plan is left as it is, and nothing is announced', (_how, change) => {
  const { path, context, edit } = scene();
  change(path);
  const before = readFileSync(path, 'utf8');
  const announced: unknown[] = [];
  expect(() => applyEdit(edit, ['take it out'], context, (each) => announced.push(each))).toThrow(/was changed since/);
  expect([announced, readFileSync(path, 'utf8')]).toEqual([[], before]);
});

test.each<[string, (path: string, directory: string) => void, RegExp]>([
  ['a link', (path) => [unlinkSync(path), symlinkSync('../b/keys', path)], /it is a symbolic link/],
  ['a link that leads to nothing', (path) => [unlinkSync(path), symlinkSync('../b/new', path)], /it is a symbolic link/],
  ['a directory', (path) => [unlinkSync(path), mkdirSync(path)], /it is a directory/],
  ['a file in a directory behind a link', (_path, directory) => [renameSync(directory, `${directory}.old`), symlinkSync('b', directory)], /on the way is a symbolic link/],
  ['nothing, nor is there its directory', (_path, directory) => renameSync(directory, `${directory}.old`), /is not there/],
])('the undo gives nothing back where there is %s by now', async (_what, change, reason) => {
  const { root, path, victim, context, edit } = scene();
  const changes: Change[] = [];
  expect(applyEdit(edit, ['take it out'], context, (data, text) => changes.unshift(worded(text, data)))).toBe(true);
  expect(readFileSync(path, 'utf8')).toBe('good\n');
  change(path, join(root, 'a'));
  expect(await undoEach(changes, editUndoer())).toEqual({ done: [], already: [], failed: [expect.stringMatching(reason)] });
  expect([readFileSync(victim, 'utf8'), existsSync(join(root, 'b/new'))]).toEqual(['good\n', false]);
});
