/** What the process itself has, and which of its program's pages may be let go of: none that is not in its file as it is. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { anonymousBytes, letGoOfProgram, trimHeap, unwritten } from '../../src/host/own-memory.ts';

const NODE = '/opt/a tool/node';

function mapping(range: string, permissions: string, path: string, anonymous = 0): string {
  return `${range} ${permissions} 00000000 fe:01 1234                       ${path}\nSize:               8192 kB\nRss:                4096 kB\nAnonymous:          ${anonymous} kB\nAnonHugePages:         0 kB\nVmFlags: rd ex mr mw me \n`;
}

test('the text and the constants of the program, in which nothing was written', () => {
  const smaps = mapping('400000-c00000', 'r--p', NODE) + mapping('c00000-2400000', 'r-xp', NODE);
  expect(unwritten(smaps, NODE)).toEqual([
    { start: 0x400000n, length: 0x800000n },
    { start: 0xc00000n, length: 0x1800000n },
  ]);
});

test.each([
  ['with a relocation or a breakpoint in it', mapping('400000-c00000', 'r-xp', NODE, 4)],
  ['of data', mapping('400000-c00000', 'rw-p', NODE)],
  ['shared with others', mapping('400000-c00000', 'r--s', NODE)],
  ['of another file', mapping('400000-c00000', 'r-xp', '/usr/lib/libc.so.6')],
  ['of a file whose name only begins so', mapping('400000-c00000', 'r-xp', `${NODE} (deleted)`)],
  ['of no file', mapping('400000-c00000', 'r-xp', '')],
  ['of which is not said what it has', mapping('400000-c00000', 'r-xp', NODE).replace(/^Anonymous.*\n/m, '')],
])('not one %s', (_, smaps) => {
  expect(unwritten(smaps + mapping('7f0000-7f1000', 'rw-p', ''), NODE)).toEqual([]);
});

test('what runs goes on to run', () => {
  expect(unwritten(readFileSync('/proc/self/smaps', 'latin1'), process.execPath).length).toBeGreaterThan(0);
  expect(letGoOfProgram()).toBeGreaterThan(0);
  expect(JSON.parse(JSON.stringify([1.5, { a: 'é' }])).at(1)).toEqual({ a: 'é' });
});

test('what is taken and written is counted, and what is freed is not', () => {
  const before = anonymousBytes() ?? 0;
  const taken = Buffer.alloc(64 * 1024 ** 2, 1);
  expect((anonymousBytes() ?? 0) - before).toBeGreaterThan(0.9 * taken.length);
  expect(before).toBeGreaterThan(1024 ** 2);
  expect(typeof trimHeap()).toBe('boolean');
});
