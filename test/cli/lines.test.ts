import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { boundedLines, type Line } from '../../src/cli/lines.ts';

async function linesOf(input: Readable, mostBytes = 100): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const line of boundedLines(input, mostBytes, (error) => new Error('named', { cause: error }))) lines.push(line);
  return lines;
}

const of = (...texts: string[]): Readable => Readable.from(texts.map((text) => Buffer.from(text)));

test('the same lines come, however the stream is cut', async () => {
  const line = fc.stringMatching(/^[a-é ]{0,8}$/);
  await fc.assert(fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 8 }), fc.infiniteStream(fc.integer({ min: 1, max: 7 })), async (texts, sizes) => {
    const bytes = Buffer.from(`${texts.join('\n')}\n`);
    const chunks: Buffer[] = [];
    for (let start = 0; start < bytes.length; ) {
      const size = sizes.next().value ?? 1;
      chunks.push(bytes.subarray(start, start + size));
      start += size;
    }
    expect(await linesOf(Readable.from(chunks))).toEqual(texts.map((text, index) => ({ number: index + 1, text })));
  }));
});

test('a line that is too long is said, the next ones come', async () => {
  expect(await linesOf(of('aaa', 'aaa\nb\n', 'cccccc\nd'), 5)).toEqual([{ number: 1, text: undefined }, { number: 2, text: 'b' }, { number: 3, text: undefined }, { number: 4, text: 'd' }]);
});

test('a BOM at the start and carriage returns at the ends are taken off', async () => {
  expect(await linesOf(of('\ufeffa\r\n\ufeffb\r'))).toEqual([{ number: 1, text: 'a' }, { number: 2, text: '\ufeffb' }]);
});

test('a stream that fails throws what the caller makes of it', async () => {
  const input = new Readable({ read() { this.destroy(new Error('gone')); } });
  await expect(linesOf(input)).rejects.toThrow('named');
});
