import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Lines, MOST_LINE_BYTES } from '../../src/watch/lines.ts';

function linesOf(chunks: readonly Buffer[]): [number, string | undefined][] {
  const lines = new Lines();
  const found: [number, string | undefined][] = [];
  // The reader uses one buffer for all chunks.
  const shared = Buffer.alloc(Math.max(1, ...chunks.map((chunk) => chunk.length)));
  for (const chunk of chunks) {
    chunk.copy(shared);
    for (const { number, bytes } of lines.of(shared.subarray(0, chunk.length))) found.push([number, bytes?.toString()]);
  }
  for (const { number, bytes } of lines.end()) found.push([number, bytes?.toString()]);
  return found;
}

test('wherever the chunks are cut, the lines are the same', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '\n', '\r', '\0') }), { maxLength: 12 }), (parts) => {
      const text = parts.join('');
      const expected = text.split('\n');
      if (expected.at(-1) === '') expected.pop();
      expect(linesOf(parts.map((part) => Buffer.from(part)))).toEqual(expected.map((line, index) => [index + 1, line]));
    }),
  );
});

test('a line that is too long is passed over, in one chunk or many, and the next one counts', () => {
  const long = Buffer.alloc(MOST_LINE_BYTES + 1, 'x');
  const rest = Buffer.from('\nnext\n');
  expect(linesOf([Buffer.concat([long, rest])])).toEqual([[1, undefined], [2, 'next']]);
  expect(linesOf([long.subarray(0, 1_000_000), long.subarray(1_000_000), Buffer.from('more'), rest])).toEqual([[1, undefined], [2, 'next']]);
  expect(linesOf([long.subarray(1), rest]).map(([number, line]) => [number, line?.length])).toEqual([[1, MOST_LINE_BYTES], [2, 4]]);
});

test('a line that comes byte by byte takes no more than its bytes', () => {
  const lines = new Lines();
  const byte = Buffer.from('x');
  const before = process.memoryUsage().heapUsed;
  for (let count = 0; count < 2_000_000; count += 1) for (const line of lines.of(byte)) throw new Error(`a line ${line.number}`);
  expect((process.memoryUsage().heapUsed - before) / 1024 ** 2).toBeLessThan(100);
  expect([...lines.of(Buffer.from('\n'))].map(({ bytes }) => bytes?.length)).toEqual([2_000_000]);
});
