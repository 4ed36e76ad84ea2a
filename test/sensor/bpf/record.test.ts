import { expect, test } from 'vitest';
import { decode, FIELDS, isSound, RECORD_LENGTH, type Field } from '../../../src/sensor/bpf/record.ts';

interface Written {
  numbers?: Partial<Record<Field, number>>;
  texts?: Partial<Record<Field, string>>;
}

function recordOf({ numbers = {}, texts = {} }: Written): Buffer {
  // What an earlier record left behind: nothing of it may show.
  const record = Buffer.alloc(RECORD_LENGTH, 'x');
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
  expect(end).toBe(RECORD_LENGTH);
  expect(RECORD_LENGTH % 8).toBe(0);
});

test('a record becomes an image', () => {
  const record = recordOf({ numbers: { since: 5, start: 4, cgroup: 77, inode: 1234, pid: 10, parent: 9, uid: 1, gid: 2, ruid: 3, auid: 1000, session: 4, device: (254 << 20) | 17, nlink: 1, how: 1, argsLength: 10 }, texts: { comm: 'sh\0', name: 'dash\0', path: '/bin/sh\0', args: 'sh\0-c\0\0:\0' } });
  expect(decode(record)).toEqual({ how: 'exec', pid: 10, parent: 9, since: 5n, start: 4n, uid: 1, gid: 2, ruid: 3, auid: 1000, session: 4, cgroup: 77n, device: { major: 254, minor: 17 }, inode: 1234n, name: 'dash', nlink: 1, path: '/bin/sh', comm: 'sh', args: ['sh', '-c', '', ':', 'x'], argsTruncated: false });
});

const unset = 0xffff_ffff;
test('a login that nobody has is absent', () => {
  const image = decode(recordOf({ numbers: { auid: unset, session: unset } }));
  expect([Object.hasOwn(image, 'auid'), Object.hasOwn(image, 'session')]).toEqual([false, false]);
});

test('the login of root is not absent', () => {
  expect(decode(recordOf({ numbers: { auid: 0, session: 0 } }))).toMatchObject({ auid: 0, session: 0 });
});

const ARGS: readonly [string, string, number, string[]][] = [
  ['none', '', 0, []],
  ['one', 'true\0', 5, ['true']],
  ['empty ones', 'true\0\0\0', 7, ['true', '', '']],
  ['a name that the process gave itself, without NUL', 'nginx: worker', 13, ['nginx: worker']],
  ['one that is empty', '\0', 1, ['']],
];

test.each(ARGS)('arguments: %s', (_, args, argsLength, expected) => {
  expect(decode(recordOf({ numbers: { argsLength }, texts: { args } }))).toMatchObject({ args: expected, argsTruncated: false });
});

test('of more arguments than fit the first 511 bytes are kept', () => {
  const image = decode(recordOf({ numbers: { argsLength: 512 }, texts: { args: 'y'.repeat(512) } }));
  expect(image).toMatchObject({ args: ['y'.repeat(511)], argsTruncated: true });
});

test('a text without an end does not run into the next field', () => {
  expect(decode(recordOf({ texts: { comm: 'c'.repeat(16), name: 'n\0' } }))).toMatchObject({ comm: 'c'.repeat(16), name: 'n' });
});

test('bytes that are no UTF-8 are shown as such', () => {
  expect(decode(recordOf({ texts: { name: 'a\xff\0' } })).name).toBe('a\ufffd');
});

test('a record of another process, or of two mixed, is not taken', () => {
  const sound = { since: 5, seal: 5, pid: 10 };
  expect(isSound(recordOf({ numbers: sound }), 10)).toBe(true);
  expect(isSound(recordOf({ numbers: sound }), 11)).toBe(false);
  expect(isSound(recordOf({ numbers: { ...sound, seal: 6 } }), 10)).toBe(false);
});
