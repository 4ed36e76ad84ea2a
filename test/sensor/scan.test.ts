/** What a comparison reads of a directory: all of it where there is room, and said where there is not. */
import { closeSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Entries } from '../../src/model/entries.ts';
import { differing, readDifferences, readEntries, type Wanted } from '../../src/sensor/scan.ts';
import { temporaryDirectory } from '../helpers/events.ts';

const wanted = (names: number, directories = names): Wanted => ({ leads: (name) => name !== 'other', most: { names, directories } });
const ALL = wanted(1_000);

function folderOf(files: readonly string[], folders: readonly string[] = []): string {
  const folder = temporaryDirectory();
  for (const name of files) writeFileSync(join(folder, name), name);
  for (const name of folders) mkdirSync(join(folder, name));
  return folder;
}

/** As a folder is known once all of it was read. */
const known = (folder: string): Entries => new Entries(readEntries(folder, ALL).entries);

const NOT_CUT = { names: false, directories: false };

describe('the first look', () => {
  test('has files and links with their inode and change, and folders and links by name', () => {
    const folder = folderOf(['a.timer'], ['a.timer.d', 'other']);
    symlinkSync('a.timer', join(folder, 'b.timer'));
    const { entries, folders, cut } = readEntries(folder, ALL);
    const { ino, ctimeNs } = statSync(join(folder, 'a.timer'), { bigint: true });
    expect(entries.get('a.timer')).toEqual({ inode: ino, changed: ctimeNs });
    expect([...entries.names()].toSorted()).toEqual(['a.timer', 'b.timer']);
    expect(folders.toSorted()).toEqual(['a.timer.d', 'b.timer']);
    expect(cut).toEqual(NOT_CUT);
  });

  test('keeps names that are no text as their bytes', () => {
    const folder = temporaryDirectory();
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0xe9]), Buffer.from('.timer')]), '');
    expect([...readEntries(folder, ALL).entries.names()]).toEqual(['\u00ff\u00e9.timer']);
  });

  test.each([[3, false], [2, true]])('of three files with room for %i leaves out: %s', (room, isCut) => {
    const { entries, cut } = readEntries(folderOf(['a', 'b', 'c']), wanted(room));
    expect([entries.size, cut]).toEqual([room, { names: isCut, directories: false }]);
  });

  test.each([[3, false], [2, true]])('of three folders with room for %i leaves out: %s', (room, isCut) => {
    const { folders, cut } = readEntries(folderOf([], ['a', 'b', 'c', 'other']), wanted(9, room));
    expect([folders.length, cut]).toEqual([room, { names: false, directories: isCut }]);
  });

  test('says why it cannot', () => {
    expect(() => readEntries(join(temporaryDirectory(), 'gone'), ALL)).toThrow(/ENOENT/);
  });

  test('leaves nothing open', () => {
    const folder = folderOf(['a']);
    const before = readdirSync('/proc/self/fd').length;
    for (let time = 0; time < 20; time += 1) readEntries(folder, ALL);
    expect(readdirSync('/proc/self/fd').length).toBeLessThan(before + 20);
  });

  test('ends in a directory that somebody filled beyond all measure', () => {
    const folder = temporaryDirectory();
    for (let name = 0; name <= 300_000; name += 1) closeSync(openSync(join(folder, String(name)), 'w'));
    const { entries, cut } = readEntries(folder, wanted(1_000_000));
    expect([entries.size, cut]).toEqual([300_000, { names: true, directories: false }]);
  }, 120_000);
});

describe('a comparison', () => {
  const compare = (folder: string, entries: Entries, room = ALL): string[] => readDifferences(folder, entries, room).names.toSorted();

  test('names what is new, changed, another and gone, and nothing else', () => {
    const folder = folderOf(['same', 'changed', 'another', 'gone']);
    const entries = known(folder);
    expect(compare(folder, entries)).toEqual([]);
    writeFileSync(join(folder, 'changed'), 'more');
    writeFileSync(join(folder, 'new'), '');
    renameSync(join(folder, 'new'), join(folder, 'another'));
    rmSync(join(folder, 'gone'));
    writeFileSync(join(folder, 'fresh'), '');
    expect(compare(folder, entries)).toEqual(['another', 'changed', 'fresh', 'gone']);
  });

  test('takes what was told of since it began as it is known, once', () => {
    const folder = folderOf(['a', 'b']);
    const entries = known(folder);
    entries.noteFresh();
    for (const name of ['a', 'b']) entries.set(name, { inode: 1n, changed: 1n });
    expect(readDifferences(folder, entries, ALL)).toEqual({ names: [], folders: [], cut: NOT_CUT });
    expect(compare(folder, entries)).toEqual(['a', 'b']);
  });

  test('that cannot be made takes nothing as fresh any more', () => {
    const folder = folderOf(['a']);
    const entries = known(folder);
    entries.noteFresh();
    entries.set('a', { inode: 1n, changed: 1n });
    expect(() => readDifferences(join(folder, 'gone'), entries, ALL)).toThrow(/ENOENT/);
    expect(compare(folder, entries)).toEqual(['a']);
  });

  test.each([[2, false], [1, true]])('of two new files with room for %i leaves out: %s', (room, isCut) => {
    const folder = folderOf(['a']);
    const entries = known(folder);
    for (const name of ['b', 'c']) writeFileSync(join(folder, name), '');
    const { names, cut } = readDifferences(folder, entries, wanted(room));
    expect([names.length, cut.names]).toEqual([room, isCut]);
  });

  test('without room for new files has those that are known all the same', () => {
    const folder = folderOf(['a', 'b']);
    const entries = known(folder);
    for (const name of ['a', 'b']) writeFileSync(join(folder, name), 'more');
    writeFileSync(join(folder, 'c'), '');
    const { names, cut } = readDifferences(folder, entries, wanted(0));
    expect([names.toSorted(), cut.names]).toEqual([['a', 'b'], true]);
  });
});

test('two looks differ by what is gone, new, another, or in another state', () => {
  const of = (...entries: [string, bigint, bigint][]): Entries => new Entries(entries.map(([name, inode, changed]) => [name, { inode, changed }]));
  const before = of(['same', 1n, 1n], ['another', 2n, 1n], ['changed', 3n, 1n], ['gone', 4n, 1n]);
  const after = of(['same', 1n, 1n], ['another', 5n, 1n], ['changed', 3n, 2n], ['new', 6n, 1n]);
  expect(differing(before, after).toSorted()).toEqual(['another', 'changed', 'gone', 'new']);
});
