import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isThere, listNames, namesakesOf, unwritten } from '../../src/host/names.ts';
import { textOfBytes } from '../../src/model/text.ts';
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

test('a name that has the letters themselves is another file, and each is found by its path', () => {
  const root = temporaryDirectory();
  writeFileSync(bytes(root, '/a\\xff'), '');
  writeFileSync(bytes(root, '/a', 0xff), '');
  expect(listNames(root)).toEqual(['a\\xff', textOfBytes(bytes('a', 0xff))]);
  expect(namesakesOf(`${root}/a\\xff`)).toEqual([textOfBytes(bytes(root, '/a', 0xff))]);
});

test('what was written for bytes is read back, also for a file that is gone', () => {
  expect(unwritten('/é/hid\\xff\\xe2.timer')).toBe(textOfBytes(bytes('/é/hid', 0xff, 0xe2, '.timer')));
  expect(unwritten('/plain\\x41')).toBe('/plain\\x41');
});
