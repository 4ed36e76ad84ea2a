/** Attributes of chattr(1) that are taken off for as long as something is done, on files of the test's own. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { protectionsOf, withoutProtection } from '../../src/actions/attributes.ts';
import { applyEdit, describeEdit, editChange, planEdit, undoLines, type FileEdit } from '../../src/actions/file-edit.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { isRoot } from '../helpers/needs.ts';
import { contextFor, hostIn } from '../helpers/response.ts';


function immutable(path: string): boolean {
  onTestFinished(() => void spawnSync('chattr', ['-i', path]));
  return spawnSync('chattr', ['+i', path]).status === 0;
}

const flagsOf = (path: string): string => execFileSync('lsattr', ['-d', path], { encoding: 'utf8' }).split(' ')[0]?.replaceAll(/[-e]/g, '') ?? '';

describe.skipIf(!isRoot)('needs root and a file system that knows chattr +i', () => {
  test('they are off while it is done and set again, whether that fails or not, and what fails is what is said', ({ skip }) => {
    const root = temporaryDirectory();
    const paths = ['a', 'b'].map((name) => join(root, name));
    for (const path of paths) writeFileSync(path, '');
    skip(!paths.every(immutable), 'the file system of the temporary directory has no attributes');
    const protections = protectionsOf(paths.map((path) => Buffer.from(path)));
    const announced: number[] = [];
    expect(withoutProtection(protections, () => paths.map(flagsOf), (_, index) => announced.push(index))).toEqual(['', '']);
    expect(announced).toEqual([0, 1]);
    expect(paths.map(flagsOf)).toEqual(['i', 'i']);
    expect(() => withoutProtection(protections, () => {
      throw new Error('refused');
    })).toThrow('refused');
    expect(paths.map(flagsOf)).toEqual(['i', 'i']);
    // Where the second cannot even be announced, the first one comes back.
    expect(() => withoutProtection(protections, () => {}, (_, index) => {
      if (index === 1) throw new Error('no journal');
    })).toThrow('no journal');
    expect(paths.map(flagsOf)).toEqual(['i', 'i']);
  });

  test('an edit that fails, and an undo that fails, leave the file immutable', ({ skip }) => {
    const root = temporaryDirectory();
    const [path, at] = [join(root, 'keys'), Buffer.from(join(root, 'keys'))];
    writeFileSync(path, 'good\nevil\n');
    const context = contextFor(hostIn(root), path);
    const planned = (): FileEdit => planEdit(at, ({ text }) => text === 'evil') as FileEdit;
    const edit = (): unknown[] => {
      const changes: unknown[] = [];
      const plan = planned();
      applyEdit(plan, describeEdit(plan, 'the line').map(({ text }) => text), context, (change) => changes.push(change));
      return changes;
    };
    skip(!immutable(path), 'the file system of the temporary directory has no attributes');
    // No copy can be made.
    mkdirSync(join(root, 'quarantine', `part-${process.pid}`), { recursive: true, mode: 0o700 });
    expect(edit).toThrow(/part-/);
    expect([flagsOf(path), readFileSync(path, 'utf8')]).toEqual(['i', 'good\nevil\n']);
    execFileSync('rmdir', [join(root, 'quarantine', `part-${process.pid}`)]);
    const change = editChange.parse(edit().at(-1));
    expect([flagsOf(path), readFileSync(path, 'utf8')]).toEqual(['i', 'good\n']);
    if (change.kind !== 'lines') throw new Error('no lines');
    execFileSync('chmod', ['600', change.copy.file]);
    writeFileSync(change.copy.file, 'tampered');
    expect(() => undoLines(change, { done: [], already: [], failed: [] })).toThrow(/was changed: its hash/);
    expect([flagsOf(path), readFileSync(path, 'utf8')]).toEqual(['i', 'good\n']);
  });
});
