import { expect, test } from 'vitest';
import { decode, FIELDS, IMAGE_LENGTH, placesOf, type Field } from '../../../src/sensor/bpf/record.ts';

interface Written {
  numbers?: Partial<Record<Field, number>>;
  texts?: Partial<Record<Field, string>>;
}

function imageOf({ numbers = {}, texts = {} }: Written): Buffer {
  // What an earlier record left behind: nothing of it may show.
  const record = Buffer.alloc(IMAGE_LENGTH, 'x');
  for (const { offset, size } of Object.values(FIELDS)) if (size <= 8) record.fill(0, offset, offset + size);
  for (const [name, { offset, size }] of Object.entries(FIELDS)) {
    const number = Object.entries(numbers).find(([field]) => field === name)?.[1];
    if (number !== undefined && size === 4) record.writeUInt32LE(number, offset);
    if (number !== undefined && size === 8) record.writeBigUInt64LE(BigInt(number), offset);
    const text = Object.entries(texts).find(([field]) => field === name)?.[1];
    if (text !== undefined) record.write(text.slice(0, size), offset, 'latin1');
  }
  return record;
}

test('fields stand one behind the other, numbers where the processor can read them in one go', () => {
  let end = 0;
  for (const { offset, size } of Object.values(FIELDS)) {
    expect(offset).toBeGreaterThanOrEqual(end);
    end = offset + size;
  }
  expect(Object.values(FIELDS).filter(({ offset, size }) => size <= 8 && offset % size !== 0)).toEqual([]);
  expect(end).toBe(IMAGE_LENGTH);
  expect(IMAGE_LENGTH % 8).toBe(0);
});

test('bytes become an image', () => {
  const record = imageOf({ numbers: { since: 5, start: 4, cgroup: 77, inode: 1234, pid: 10, parent: 9, uid: 1, gid: 2, ruid: 3, auid: 1000, session: 4, device: (254 << 20) | 17, nlink: 1, how: 1, generation: 3, ran: 6, mark: 8, tried: 16, argsLength: 10 }, texts: { comm: 'sh\0', name: 'dash\0', path: '/bin/sh\0', args: 'sh\0-c\0\0:\0' } });
  expect(decode(record, 0)).toEqual({ how: 'exec', afterThreads: false, isUnproven: false, generation: 3, ran: 6n, mark: 8n, tried: 16n, pid: 10, parent: 9, since: 5n, start: 4n, uid: 1, gid: 2, ruid: 3, auid: 1000, session: 4, cgroup: 77n, device: { major: 254, minor: 17 }, inode: 1234n, name: 'dash', nlink: 1, path: '/bin/sh', comm: 'sh', args: ['sh', '-c', '', ':', 'x'], argsTruncated: false });
});

const unset = 0xffff_ffff;
test('a login that nobody has is absent', () => {
  const image = decode(imageOf({ numbers: { auid: unset, session: unset } }), 0);
  expect([Object.hasOwn(image, 'auid'), Object.hasOwn(image, 'session')]).toEqual([false, false]);
});

test('the login of root is not absent', () => {
  expect(decode(imageOf({ numbers: { auid: 0, session: 0 } }), 0)).toMatchObject({ auid: 0, session: 0 });
});

const ARGS: readonly [string, string, number, string[]][] = [
  ['none', '', 0, []],
  ['one', 'true\0', 5, ['true']],
  ['empty ones', 'true\0\0\0', 7, ['true', '', '']],
  ['a name that the process gave itself, without NUL', 'nginx: worker', 13, ['nginx: worker']],
  ['one that is empty', '\0', 1, ['']],
];

test.each(ARGS)('arguments: %s', (_, args, argsLength, expected) => {
  expect(decode(imageOf({ numbers: { argsLength }, texts: { args } }), 0)).toMatchObject({ args: expected, argsTruncated: false });
});

test('of more arguments than fit the first 511 bytes are kept', () => {
  const image = decode(imageOf({ numbers: { argsLength: 512 }, texts: { args: 'y'.repeat(512) } }), 0);
  expect(image).toMatchObject({ args: ['y'.repeat(511)], argsTruncated: true });
});

test('a text without an end does not run into the next field', () => {
  expect(decode(imageOf({ texts: { comm: 'c'.repeat(16), name: 'n\0' } }), 0)).toMatchObject({ comm: 'c'.repeat(16), name: 'n' });
});

test('bytes that are no UTF-8 are shown as such', () => {
  expect(decode(imageOf({ texts: { name: 'a\xff\0' } }), 0).name).toBe('a\ufffd');
});

const image = (since: number, seal = since, pid = 10): Buffer => imageOf({ numbers: { since, seal, pid } });
const nothing = imageOf({});

const RECORDS: readonly [string, Buffer, Buffer, ReturnType<typeof placesOf>][] = [
  ['nothing yet', nothing, nothing, {}],
  ['one image', image(5), nothing, { current: 0 }],
  ['one image and one being written for the first time', image(5), imageOf({ numbers: { pid: 10 } }), { current: 0 }],
  ['the second after the first', image(5), image(6), { current: IMAGE_LENGTH, previous: 0 }],
  ['the first after the second', image(7), image(6), { current: 0, previous: IMAGE_LENGTH }],
  ['one that is being written', image(5, 0), image(6), undefined],
  ['one that was written meanwhile', image(5, 7), image(6), undefined],
  ['one of another process', image(5), image(6, 6, 11), { current: 0 }],
  ['one of another process that is being written', image(5), image(6, 0, 11), undefined],
  ['two of another process', image(5, 5, 11), image(6, 6, 11), {}],
];

test.each(RECORDS)('a record with %s', (_, first, second, places) => {
  expect(placesOf(Buffer.concat([first, second]), 10)).toEqual(places);
});
