import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { excerptOf, placeAt } from '../../src/model/errors.ts';
import { bytesOfText, ESCAPE, exactShellWord, legible, meantBy, printable, printableBytes, printableJson, shorten, textOfBytes } from '../../src/model/text.ts';

test.each([
  ['\u001b[2Jx', '\\e[2Jx'],
  ['a\nb\tc\r', 'a\\nb\\tc\\r'],
  ['abc\u202etxt.exe', 'abc\\u{202e}txt.exe'],
  ['\u009b31m', '\\u{9b}31m'],
  ['\ud800', '\\u{d800}'],
  ['日本 ünïcode 🕰', '日本 ünïcode 🕰'],
])('%j is shown as %j', (text, shown) => {
  expect(printable(text)).toBe(shown);
});

test('shortened text is safe as well and never longer than asked', () => {
  expect(shorten('\u001b'.repeat(50), 10)).toHaveLength(10);
});

test('a place names line and column and points at them', () => {
  expect(placeAt('one\ntwo x three\n', 8, 'f')).toEqual({ file: 'f', line: 2, column: 5, excerpt: 'two x three\n    ^' });
});

test('a very long line is cut around the column', () => {
  const [shown, caret] = excerptOf(`${'a'.repeat(5000)}!${'b'.repeat(5000)}`, 5001).split('\n') as [string, string];
  expect(shown.length).toBeLessThanOrEqual(100);
  expect(shown[caret.length - 1]).toBe('!');
});

test.each([
  [Buffer.from('plain é 时间 😀'), 'plain é 时间 😀'],
  [Buffer.from([0x61, 0xff, 0xfe, 0x62]), 'a\\xff\\xfeb'],
  [Buffer.from([0xc3, 0x28, 0xe2, 0x82, 0xed, 0xa0, 0x80]), '\\xc3(\\xe2\\x82\\xed\\xa0\\x80'],
  [Buffer.from([0x1b, 0x5b, 0xff]), '\\e[\\xff'],
])('bytes %j read %s', (bytes, text) => {
  expect(printableBytes(bytes)).toBe(text);
});

test('any bytes as text and back are the same bytes, and as data they are valid Unicode', () => {
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.string({ unit: 'binary', maxLength: 20 }).map((text) => Buffer.from(text)), fc.constant(Buffer.from([0x61, 0xf0, 0x9f, 0x98, 0x80, 0xf0, 0x9f, 0xed, 0xb2, 0x80, 0xff])));
  fc.assert(fc.property(bytes, (given) => {
    const text = textOfBytes(Buffer.from(given));
    expect(bytesOfText(text)).toEqual(Buffer.from(given));
    expect(legible(text).isWellFormed()).toBe(true);
  }));
});

test('a name that is no UTF-8 is data with its bytes written out', () => {
  expect(legible(textOfBytes(Buffer.from([0x61, 0x0a, 0xc3, 0xa9, 0xff])))).toBe('a\né\\xff');
});

test('JSON for a terminal means the same and has nothing in it that moves or hides text', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    expect(JSON.parse(printableJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    expect(printable(printableJson(value))).toBe(printableJson(value));
  }));
  const name = 'a\u009b2J\u202e\u007f\u2028\u{e0041}\udc80é';
  expect(JSON.parse(printableJson({ name }))).toEqual({ name });
  expect(printableJson({ name })).toBe(String.raw`{"name":"a\u009b2J\u202e\u007f\u2028\udb40\udc41\udc80é"}`);
});

test('each escape of what is shown means what it was made for, and what was never shown so means nothing', () => {
  const units = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code));
  const escaped = [...units, '\u{e0041}'].filter((character) => printable(character) !== character);
  expect(escaped.length).toBeGreaterThan(2_000);
  for (const character of escaped) expect([new RegExp(`^${ESCAPE.source}$`).test(printable(character)), meantBy(printable(character))]).toEqual([true, character]);
  expect([String.raw`\u{41}`, String.raw`\u{5c}`, String.raw`\u{a}`, String.raw`\u{ffffff}`].map(meantBy)).toEqual([undefined, undefined, undefined, undefined]);
});

test('a word for bash is exactly the text, whatever is in it; bytes that are no argument are as they are shown', () => {
  const said = (text: string): string => execFileSync('bash', ['-c', `printf %s ${exactShellWord(text)}`], { encoding: 'utf8' });
  for (const text of ["a\nb'c\\n $(id) `id` é漢", 'x\u001b[2J\u202ea\u0085b\t', "'", '\\', '']) expect(said(text)).toBe(text);
  expect(exactShellWord("a\n'\u202e")).toMatch(/^[\x20-\x7e]+$/);
  expect(said(textOfBytes(Buffer.from([0x61, 0x0a, 0xff])))).toBe('a\n\\xff');
});
