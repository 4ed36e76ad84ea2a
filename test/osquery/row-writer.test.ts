/** Rows as bytes: what is copied from the row before reads as if every row had been written anew. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RowBytes, type Column, type Row, type Value } from '../../src/model/table.ts';
import { map, Reader, text } from '../../src/osquery/binary.ts';
import { RowWriter } from '../../src/osquery/row-writer.ts';

const NAMES = ['path', 'action', 'eid', 'b', 'a', 'unit_type', 'c'];
const columns: readonly Column[] = NAMES.map((name) => ({ name, type: 'TEXT' }));

/** Few different values, so that rows are alike, and texts of each length and kind that the writer tells apart. */
const value: fc.Arbitrary<Value | undefined> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<Value | undefined>('x', 'creation', '', 'a text of more than sixteen letters', 'ü', '日本語'.repeat(9), 7, 7n, 0, -0, '7', null, undefined) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 1, arbitrary: fc.nat(3).map((times) => 'long '.repeat(times * 20_000)) },
);
const rows = fc.array(fc.record(Object.fromEntries(NAMES.map((name) => [name, value])), { requiredKeys: [] }) as fc.Arbitrary<Row>, { maxLength: 12 });

const entriesOf = (row: Row): [string, string][] => NAMES.toSorted().flatMap((name) => (row[name] === undefined || row[name] === null ? [] : [[name, Buffer.from(String(row[name])).toString()]]));

/** Not in the order of the columns. */
const PLACES = Int32Array.from(NAMES, (_, column) => NAMES.length - 1 - column);

/** With something before and between, as where it was read. */
function bytesOf(row: Row): RowBytes {
  const [starts, ends] = [new Int32Array(NAMES.length), new Int32Array(NAMES.length)];
  const texts: Buffer[] = [];
  let at = 0;
  for (const [column, name] of NAMES.entries()) {
    const place = PLACES[column] ?? 0;
    const given = row[name];
    const [before, own] = [Buffer.from('-'.repeat(place)), Buffer.from(String(given ?? ''))];
    texts.push(before, own);
    starts[place] = given === undefined || given === null ? -1 : at + before.length;
    at += before.length + own.length;
    ends[place] = at;
  }
  return new RowBytes(PLACES, { bytes: Buffer.concat([...texts, Buffer.alloc(7)]), starts, ends });
}

test('every row reads as it was given, in the order of the names, as bytes or not, wherever the bytes are taken', () => {
  fc.assert(
    fc.property(rows, fc.nat(5), fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }), (given, every, areBytes) => {
      const writer = new RowWriter(columns);
      const taken: Buffer[] = [];
      for (const [index, row] of given.entries()) {
        writer.write(areBytes[index] === true ? bytesOf(row) : row);
        if (index % (every + 1) === every) taken.push(writer.take());
      }
      taken.push(writer.take());
      writer.end();
      const bytes = Buffer.concat(taken);
      const from = new Reader(bytes);
      const read = given.map(() => Object.entries(map(text, text).read(from)));
      expect(read).toEqual(given.map(entriesOf));
      // Nothing is behind the last.
      expect(() => from.byte()).toThrow('it ends in the middle of a value');
    }),
    { numRuns: 300 },
  );
});

test('characters whose bytes come close to those of no number stay what they are, wherever among the eight that are copied at once', () => {
  const odd = ['\x7f', '\u{10fff}', '\u{10ffff}', '\u07ff', '\u0000'];
  const texts = odd.flatMap((a) => odd.flatMap((b) => Array.from({ length: 8 }, (_, before) => `${' '.repeat(before)}${a}${b}`)));
  const writer = new RowWriter(columns);
  // Often enough that it is compiled on the way.
  for (let round = 0; round < 100; round += 1) {
    for (const each of texts) writer.write(bytesOf({ path: each }));
    const from = new Reader(writer.take());
    expect(texts.map(() => map(text, text).read(from)['path'])).toEqual(texts);
  }
  writer.end();
});
