/** Messages are found in a stream however they are cut, and what is none, or too much, is refused at once. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TickwardError } from '../../src/model/errors.ts';
import { Writer, Type } from '../../src/osquery/binary.ts';
import { Framer } from '../../src/osquery/frame.ts';
import { encodeCall } from '../../src/osquery/message.ts';
import { bytesOf, framed, recording } from '../helpers/recording.ts';

const LIMITS = { bytes: 1024 * 1024, elements: 1_000 };
const messages = [...recording('manager-api'), ...recording('cpp-extension')].map(bytesOf);

test('the messages of a stream, wherever it is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(messages.length - 1), { minLength: 1, maxLength: 5 }), fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }), (chosen, sizes) => {
      const wanted = chosen.map((index) => messages[index] ?? Buffer.alloc(0));
      const stream = Buffer.concat(wanted);
      const framer = new Framer({ bytes: 1e9, elements: 1e9 });
      const found: Buffer[] = [];
      for (let at = 0, turn = 0; at < stream.length; turn += 1) {
        const end = at + (sizes[turn % sizes.length] ?? 1);
        found.push(...[...framer.push(stream.subarray(at, end))].map((message) => Buffer.from(message)));
        at = end;
      }
      expect(found.map((each) => each.toString('hex'))).toEqual(wanted.map((each) => each.toString('hex')));
    }),
  );
});

/** The bytes of the messages found, or the code of the refusal. */
function outcome(stream: Buffer): string {
  try {
    return `${[...new Framer(LIMITS).push(stream)].reduce((sum, message) => sum + message.length, 0)} bytes`;
  } catch (error) {
    return error instanceof TickwardError ? error.code : String(error);
  }
}

test('no bytes, true or not, make anything else than messages and a refusal', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, isBegun) => {
      const stream = isBegun ? Buffer.concat([encodeCall('ping', []).subarray(0, 16), bytes]) : Buffer.from(bytes);
      expect(outcome(stream)).toMatch(/^(?:\d+ bytes|BAD_INPUT)$/);
    }),
    { numRuns: 2_000 },
  );
});

describe('refused as soon as it is known', () => {
  const begin = encodeCall('ping', []).subarray(0, 16);
  const field = (type: number): Buffer => Buffer.from([type, 0, 1]);
  const number = (value: number): Buffer => {
    const to = new Writer();
    to.i32(value);
    return to.bytes();
  };
  test.each<[string, Buffer, RegExp]>([
    ['another protocol', Buffer.from('GET / HTTP/1.1'), /version/],
    ['a text longer than a message may be', Buffer.concat([begin, field(Type.STRING), number(LIMITS.bytes)]), /more than 1048576 bytes/],
    ['a negative length', Buffer.concat([begin, field(Type.STRING), number(-1)]), /length of -1/],
    ['more elements than are taken', Buffer.concat([begin, field(Type.LIST), Buffer.from([Type.BYTE]), number(1_001)]), /more than 1000 elements/],
    ['a type that does not exist', Buffer.concat([begin, field(99)]), /type 99/],
    ['lists in lists in lists', Buffer.concat([begin, field(Type.LIST), ...Array.from({ length: 30 }, () => Buffer.concat([Buffer.from([Type.LIST]), number(1)]))]), /levels/],
    ['a name that never ends', Buffer.concat([begin.subarray(0, 4), number(2 ** 31 - 1)]), /more than 1048576 bytes/],
  ])('%s', (_, bytes, message) => {
    expect(() => [...new Framer(LIMITS).push(bytes)]).toThrow(message);
    expect(() => framed(bytes, 1).length).not.toThrow(RangeError);
  });
});

test('what is kept of an unfinished message is told, and forgotten when it is whole or dropped', () => {
  let kept = 0;
  const framer = new Framer(LIMITS, (bytes) => {
    kept += bytes;
  });
  const message = encodeCall('query', ['x'.repeat(1_000)]);
  expect([...framer.push(message.subarray(0, 600))]).toEqual([]);
  expect(kept).toBe(600);
  expect([...framer.push(message.subarray(600))]).toHaveLength(1);
  expect(kept).toBe(0);
  expect([...framer.push(message.subarray(0, 600))]).toEqual([]);
  framer.drop();
  expect(kept).toBe(0);
});
