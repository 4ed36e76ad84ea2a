import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { givenAs, isThere, listNames, namesakesOf, pathWord, unwritten } from '../../src/host/names.ts';
import { ESCAPE, textOfBytes } from '../../src/model/text.ts';
import { temporaryDirectory } from '../helpers/events.ts';

const bytes = (...parts: (string | number)[]): Buffer => Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part))));

test('a path that is typed as it is shown finds the names of other bytes that read like it, in directories of such names as well', () => {
  const root = temporaryDirectory();
  mkdirSync(bytes(root, '/d', 0xfe));
  writeFileSync(bytes(root, '/d', 0xfe, '/hid', 0xff, '.timer'), '');
  writeFileSync(bytes(root, '/plain.timer'), '');
  expect(namesakesOf(`${root}/d\\xfe/hid\\xff.timer`)).toEqual([textOfBytes(bytes(root, '/d', 0xfe, '/hid', 0xff, '.timer'))]);
  expect(isThere(namesakesOf(`${root}/d\\xfe`)[0] ?? '')).toBe(true);
  expect([namesakesOf(`${root}/d\\xfe/other\\xff`), namesakesOf(`${root}/plain.timer`), namesakesOf('relative\\xff')]).toEqual([[], [], []]);
});

test('a path as a shell gives it, with U+FFFD for the bytes that are none of UTF-8, finds the names that read so', () => {
  const root = temporaryDirectory();
  mkdirSync(bytes(root, '/d', 0xfe));
  writeFileSync(bytes(root, '/d', 0xfe, '/hid', 0xff, '.timer'), '');
  for (const byte of [0xc0, 0xc1]) writeFileSync(bytes(root, '/d', 0xfe, '/two', byte), '');
  const given = (...parts: (string | number)[]): string => bytes(root, ...parts).toString();
  expect(givenAs(given('/d', 0xfe, '/hid', 0xff, '.timer'))).toEqual([textOfBytes(bytes(root, '/d', 0xfe, '/hid', 0xff, '.timer'))]);
  expect(givenAs(given('/d', 0xfe, '/two', 0xc0))).toHaveLength(2);
  expect([givenAs(given('/d', 0xfe, '/other')), givenAs(given('/d', 0xfd, '/x')), givenAs('relative\ufffd')]).toEqual([[], [], []]);
});

test('a name that has the letters themselves is another file, and each is found by its path', () => {
  const root = temporaryDirectory();
  writeFileSync(bytes(root, '/a\\xff'), '');
  writeFileSync(bytes(root, '/a', 0xff), '');
  expect(listNames(root)).toEqual(['a\\xff', textOfBytes(bytes('a', 0xff))]);
  expect(namesakesOf(`${root}/a\\xff`)).toEqual([textOfBytes(bytes(root, '/a', 0xff))]);
});

test('a path that is typed as people are shown it finds what has control characters, bytes and letters in its name', () => {
  const root = temporaryDirectory();
  const names = ['a\nb\u202e\\n.timer', 'a\\nb\u202e\\n.timer', 'a\nb\u202e\n.timer', 'anb.timer', 'a\\u{41}.timer', 'aA.timer'];
  for (const name of names) writeFileSync(`${root}/${name}`, '');
  const found = (name: string): string[] => namesakesOf(`${root}/${name}`, undefined, ESCAPE).map((path) => path.slice(root.length + 1));
  expect(found(String.raw`a\nb\u{202e}\n.timer`).toSorted()).toEqual(names.slice(0, 3).toSorted());
  // What was typed as it is stays so.
  expect(found(`a\nb${String.raw`\u{202e}\n.timer`}`).toSorted()).toEqual([names[0], names[2]].toSorted());
  expect([found('a.*b'), found(String.raw`a\u{41}.timer`), namesakesOf(`${root}/${String.raw`a\nb\u{202e}\n.timer`}`)]).toEqual([[], [], []]);
});

test('a path to paste is as it is shown, and exact where another file has that name', () => {
  const root = temporaryDirectory();
  const path = `${root}/a\nb.timer`;
  writeFileSync(path, '');
  expect([pathWord(path), pathWord(`${root}/it's`)]).toEqual([String.raw`'${root}/a\nb.timer'`, `'${root}/it'\\''s'`]);
  writeFileSync(String.raw`${root}/a\nb.timer`, '');
  expect(pathWord(path)).toBe(String.raw`$'${root}/a\x0ab.timer'`);
});

test('what was written for bytes is read back, also for a file that is gone', () => {
  expect(unwritten('/é/hid\\xff\\xe2.timer')).toBe(textOfBytes(bytes('/é/hid', 0xff, 0xe2, '.timer')));
  expect(unwritten('/plain\\x41')).toBe('/plain\\x41');
  expect(unwritten(String.raw`/é/a\nb\xff\u{202e}\u{41}`, ESCAPE)).toBe(textOfBytes(bytes('/é/a\nb', 0xff, '\u202e', String.raw`\u{41}`)));
});
