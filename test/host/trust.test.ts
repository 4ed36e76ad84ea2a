/** Whoever else has a say on the way to a file decides what is found there: nothing of theirs is written to or run. */
import { chmodSync, chownSync, lchownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { lookedUp, refuseForeignDirectory } from '../../src/host/trust.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { isRoot } from '../helpers/needs.ts';

const MALLORY = 54_321;

describe.skipIf(!isRoot)('with directories of another user (as root)', () => {
  let root: string;
  beforeEach(() => {
    root = temporaryDirectory();
    mkdirSync(join(root, 'ours/deep'), { recursive: true });
    writeFileSync(join(root, 'ours/page'), '');
    mkdirSync(join(root, 'theirs'));
    chownSync(join(root, 'theirs'), MALLORY, MALLORY);
  });
  const refusal = (path: string, why: RegExp): void => expect(() => lookedUp(join(root, path), 0)).toThrow(expect.objectContaining({ code: 'REFUSED', message: expect.stringMatching(why) }));

  test('what is only ours is found, through links of ours and up again', () => {
    symlinkSync('ours/deep', join(root, 'link'));
    symlinkSync(join(root, 'ours'), join(root, 'ours/deep/back'));
    expect(lookedUp(join(root, 'link/back/./page'), 0).isFile()).toBe(true);
    expect(lookedUp(`${root}/link/../page`, 0).isFile()).toBe(true);
    expect(() => refuseForeignDirectory(join(root, 'link'), 0)).not.toThrow();
  });

  test('a link in their directory may lead elsewhere tomorrow, whosever it is', () => {
    symlinkSync(join(root, 'ours'), join(root, 'theirs/link'));
    refusal('theirs/link/page', /theirs belongs to uid 54321/);
    symlinkSync('theirs/link', join(root, 'onwards'));
    refusal('onwards/page', /theirs belongs to uid 54321/);
    expect(() => refuseForeignDirectory(join(root, 'onwards'), 0)).toThrow(/theirs belongs to uid 54321/);
  });

  test('a link of theirs, where everybody may put one', () => {
    mkdirSync(join(root, 'sticky'));
    chmodSync(join(root, 'sticky'), 0o1777);
    symlinkSync(join(root, 'ours'), join(root, 'sticky/link'));
    expect(lookedUp(join(root, 'sticky/link/page'), 0).isFile()).toBe(true);
    lchownSync(join(root, 'sticky/link'), MALLORY, MALLORY);
    refusal('sticky/link/page', /sticky\/link is a link of uid 54321/);
    chmodSync(join(root, 'sticky'), 0o777);
    refusal('sticky/link/page', /sticky can be written by others/);
  });

  test('links that lead to each other come to an end', () => {
    symlinkSync('b', join(root, 'a'));
    symlinkSync('a', join(root, 'b'));
    expect(() => lookedUp(join(root, 'a'), 0)).toThrow(expect.objectContaining({ code: 'BAD_INPUT', message: expect.stringContaining('too many links') }));
  });
});

test('a file is no directory, and what is not there is said', () => {
  const root = temporaryDirectory();
  writeFileSync(join(root, 'file'), '');
  const uid = process.getuid?.() ?? 0;
  expect(() => refuseForeignDirectory(join(root, 'file'), uid)).toThrow(/is no directory/);
  expect(() => refuseForeignDirectory(join(root, 'none'), uid)).toThrow(expect.objectContaining({ code: 'BAD_INPUT', message: expect.stringContaining('ENOENT') }));
});
