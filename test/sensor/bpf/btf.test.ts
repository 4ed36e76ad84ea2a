import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { typesIn, typesOf } from '../../../src/sensor/bpf/btf.ts';
import { BTF } from '../../../src/sensor/bpf/constants.ts';
import { BpfError } from '../../../src/sensor/bpf/error.ts';
import { temporaryDirectory } from '../../helpers/events.ts';

const { KIND } = BTF;
const VMLINUX = '/sys/kernel/btf/vmlinux';

interface Type {
  kind: number;
  name?: string;
  flag?: boolean;
  vlen?: number;
  /** size or type: the third word. */
  third?: number;
  /** The words after the third; texts become offsets of strings. */
  rest?: readonly (number | string)[];
}

/** BTF as the kernel has it, of types whose ids count from 1. */
function btfOf(types: readonly Type[], damage: { magic?: number; version?: number; typesLength?: number } = {}): ArrayBuffer {
  let strings = '\0';
  const offsetOf = (text: string): number => {
    if (text === '') return 0;
    const at = strings.indexOf(`\0${text}\0`);
    if (at >= 0) return at + 1;
    strings += `${text}\0`;
    return strings.length - text.length - 1;
  };
  const words = types.flatMap(({ kind, name = '', flag = false, vlen = 0, third = 0, rest = [] }) => [offsetOf(name), ((flag ? 0x8000_0000 : 0) | (kind << 24) | vlen) >>> 0, third, ...rest.map((word) => (typeof word === 'string' ? offsetOf(word) : word))]);
  const bytes = Buffer.alloc(24 + words.length * 4 + strings.length);
  bytes.writeUInt16LE(damage.magic ?? 0xeb9f, 0);
  bytes.writeUInt8(damage.version ?? 1, 2);
  bytes.writeUInt32LE(24, 4);
  bytes.writeUInt32LE(damage.typesLength ?? words.length * 4, 12);
  bytes.writeUInt32LE(words.length * 4, 16);
  bytes.writeUInt32LE(strings.length, 20);
  for (const [index, word] of words.entries()) bytes.writeUInt32LE(word, 24 + index * 4);
  bytes.write(strings, 24 + words.length * 4, 'latin1');
  return Uint8Array.from(bytes).buffer;
}

const struct = (name: string, members: readonly [name: string, type: number, place: number][], options: { kind?: number; flag?: boolean } = {}): Type => ({ kind: options.kind ?? KIND.STRUCT, name, vlen: members.length, flag: options.flag ?? false, rest: members.flat() });
const int: Type = { kind: KIND.INT, name: 'int', third: 4, rest: [32] };
const prototype = (parameters: number): Type => ({ kind: KIND.FUNC_PROTO, vlen: parameters, rest: Array.from({ length: parameters }, () => ['', 1]).flat() });
const func = (name: string, type: number): Type => ({ kind: KIND.FUNC, name, third: type });

function offsetsIn<Member extends string>(btf: ArrayBuffer, members: readonly Member[]): ReadonlyMap<Member, number> {
  return typesIn(btf, { members, functions: [] }).offsets;
}

test('members are found by their byte offset', () => {
  expect(offsetsIn(btfOf([int, struct('task', [['pid', 1, 0], ['tgid', 1, 32]])]), ['task.pid', 'task.tgid'])).toEqual(new Map([['task.pid', 0], ['task.tgid', 4]]));
});

test('unnamed unions and structs are looked into, also behind typedefs and qualifiers', () => {
  const types = [int, struct('', [['inner', 1, 64]]), { kind: KIND.TYPEDEF, name: 'alias', third: 2 }, { kind: KIND.CONST, third: 3 }, struct('', [['other', 1, 0], ['', 4, 0]], { kind: KIND.UNION }), struct('task', [['pid', 1, 0], ['', 5, 128]])];
  expect(offsetsIn(btfOf(types), ['task.inner', 'task.other'])).toEqual(new Map([['task.inner', 24], ['task.other', 16]]));
});

test('a member inside a member is found by its path', () => {
  const types = [int, struct('path', [['mnt', 1, 0], ['dentry', 1, 64]]), { kind: KIND.CONST, third: 2 }, struct('file', [['mode', 1, 0], ['f_path', 3, 512]])];
  expect(offsetsIn(btfOf(types), ['file.f_path.dentry', 'file.mode.none'])).toEqual(new Map([['file.f_path.dentry', 72]]));
});

test('in a struct with bit fields the width does not count as offset, and a bit field has none', () => {
  const types = [int, struct('task', [['flag', 1, (1 << 24) | 8], ['pid', 1, 64], ['', 3, 128]], { flag: true }), struct('', [['odd', 1, 3]])];
  expect(offsetsIn(btfOf(types), ['task.flag', 'task.pid', 'task.odd'])).toEqual(new Map([['task.pid', 8]]));
});

test('every kind of type is skipped by its length', () => {
  const types: Type[] = [int, { kind: KIND.PTR, third: 1 }, { kind: KIND.ARRAY, rest: [1, 1, 16] }, { kind: KIND.ENUM, vlen: 2, rest: ['A', 0, 'B', 1] }, { kind: KIND.FWD, name: 'task' }, { kind: KIND.VOLATILE, third: 1 }, { kind: KIND.RESTRICT, third: 2 }, { kind: KIND.FUNC_PROTO, vlen: 1, rest: ['x', 1] }, { kind: KIND.FUNC, name: 'f', third: 8 }, { kind: KIND.VAR, name: 'v', third: 1, rest: [1] }, { kind: KIND.DATASEC, name: '.data', vlen: 1, rest: [10, 0, 4] }, { kind: KIND.FLOAT, name: 'double', third: 8 }, { kind: KIND.DECL_TAG, name: 'tag', third: 1, rest: [-1 >>> 0] }, { kind: KIND.TYPE_TAG, name: 'user', third: 1 }, { kind: KIND.ENUM64, name: 'e', vlen: 1, rest: ['C', 0, 1] }, struct('task', [['tgid', 1, 96]])];
  expect(offsetsIn(btfOf(types), ['task.tgid'])).toEqual(new Map([['task.tgid', 12]]));
});

test('of two structs of one name the one that has the member counts', () => {
  expect(offsetsIn(btfOf([int, struct('task', [['other', 1, 0]]), struct('task', [['pid', 1, 32]])]), ['task.pid'])).toEqual(new Map([['task.pid', 4]]));
});

test('what is not there is not in the answer', () => {
  expect(offsetsIn(btfOf([int, struct('tasks', [['pid', 1, 0]]), struct('task', [['pids', 1, 0]])]), ['task.pid', 'cred.uid'])).toEqual(new Map());
});

const MALFORMED: readonly [string, ArrayBuffer, string][] = [
  ['nothing', new ArrayBuffer(0), 'it is 0 bytes long'],
  ['another format', btfOf([int], { magic: 0x457f }), 'it does not begin as BTF'],
  ['another version', btfOf([int], { version: 2 }), 'it is of version 2'],
  ['a section beyond the end', btfOf([int], { typesLength: 0xffff_fff0 }), 'a section reaches beyond its end'],
  ['types that are not aligned', btfOf([int], { typesLength: 15 }), 'its types are not aligned'],
  ['a type that is cut off', btfOf([struct('task', [['pid', 1, 0]])], { typesLength: 12 }), 'type 1 is cut off'],
  ['a kind that is not known', btfOf([{ kind: 31 }]), 'type 1 is of kind 31'],
  ['a type that is not there', btfOf([struct('task', [['', 77, 0]])]), 'there is no type 77'],
  ['typedefs in a circle', btfOf([{ kind: KIND.TYPEDEF, third: 2 }, { kind: KIND.TYPEDEF, third: 1 }, struct('task', [['', 1, 0]])]), 'type 1 has typedefs without end'],
  ['unnamed structs without end', btfOf([struct('task', [['', 2, 0]]), ...Array.from({ length: 2000 }, (_, index) => struct('', [['', index + 3, 0]])), int]), 'unnamed structs without end'],
];

test.each(MALFORMED)('%s is said', (_, btf, message) => {
  expect(() => offsetsIn(btf, ['task.pid'])).toThrow(message);
});

test('functions are found by name, with their number and how much they are given', () => {
  const btf = btfOf([int, prototype(0), prototype(3), func('open', 3), func('close', 2), struct('open', [['pid', 1, 0]])]);
  expect(typesIn(btf, { members: ['open.pid', 'close.pid'], functions: ['open', 'close', 'none', 'task'] })).toEqual({ offsets: new Map([['open.pid', 0]]), functions: new Map([['open', { id: 4, parameters: 3 }], ['close', { id: 5, parameters: 0 }]]) });
});

test('a function that two files have each for itself is none to attach to, nor is one without a prototype', () => {
  expect(typesIn(btfOf([int, prototype(1), func('open', 2), func('open', 2), func('close', 1)]), { members: [], functions: ['open', 'close'] }).functions).toEqual(new Map());
});

test('a struct that holds itself ends', () => {
  expect(offsetsIn(btfOf([struct('task', [['', 2, 0], ['', 2, 8]]), struct('', [['', 2, 0], ['', 1, 0]])]), ['task.pid'])).toEqual(new Map());
});

/** The answer, or the error that is expected of a damaged file; anything else is thrown. */
function tried(btf: ArrayBuffer): unknown {
  try {
    return typesIn(btf, { members: ['task.pid', 'task.inner.pid'], functions: ['open'] }).functions;
  } catch (error) {
    if (error instanceof BpfError) return error.code;
    throw error;
  }
}

const sound = btfOf([int, struct('', [['pid', 1, 64]]), { kind: KIND.TYPEDEF, name: 't', third: 2 }, struct('task', [['inner', 3, 0], ['', 3, 0], ['pid', 1, 32]]), prototype(2), func('open', 5)]);

test('whatever is cut off or overwritten: an answer or a clear error, at once', () => {
  const damages = fc.array(fc.record({ at: fc.nat(sound.byteLength - 1), byte: fc.nat(255) }), { maxLength: 12 });
  fc.assert(
    fc.property(damages, fc.nat(sound.byteLength), (changes, length) => {
      const bytes = new Uint8Array(sound.slice(0));
      for (const { at, byte } of changes) bytes[at] = byte;
      const answer = tried(bytes.buffer.slice(0, length));
      expect(answer instanceof Map || answer === 'BTF').toBe(true);
    }),
    { numRuns: 3000 },
  );
});

test('words at random after a sound header: an answer or a clear error', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat(0xffff_ffff), fc.constantFrom(1, 2, 3, KIND.STRUCT << 24 | 2, KIND.TYPEDEF << 24)), { maxLength: 60 }), (words) => {
      const answer = tried(btfOf([{ kind: KIND.PTR, rest: words }]));
      expect(answer instanceof Map || answer === 'BTF').toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('a file that is not there names what the kernel needs', () => {
  expect(() => typesOf('/sys/kernel/btf/none', { members: ['task.pid'], functions: [] })).toThrow(/cannot read the kernel's types from \/sys\/kernel\/btf\/none: ENOENT; use a kernel with CONFIG_DEBUG_INFO_BTF/);
});

test('a file is read whole', () => {
  const file = join(temporaryDirectory(), 'btf');
  writeFileSync(file, Buffer.from(sound));
  expect(typesOf(file, { members: ['task.pid'], functions: [] }).offsets).toEqual(new Map([['task.pid', 8]]));
});

test.skipIf(!existsSync(VMLINUX))(`the types of this kernel are read (needs ${VMLINUX})`, () => {
  const wanted = ['task_struct.tgid', 'task_struct.comm', 'task_struct.start_boottime', 'mm_struct.arg_start', 'mm_struct.arg_end', 'linux_binprm.interp', 'file.f_path.dentry', 'dentry.d_name.name', 'list_head.next', 'list_head.prev'] as const;
  const { offsets, functions } = typesOf(VMLINUX, { members: wanted, functions: ['sys_none', 'wake_up_process'] });
  expect([...offsets.keys()]).toEqual(wanted);
  expect([offsets.get('list_head.next'), offsets.get('list_head.prev')]).toEqual([0, 8]);
  expect(offsets.get('mm_struct.arg_end')).toBe((offsets.get('mm_struct.arg_start') ?? 0) + 8);
  expect([...functions.values()]).toEqual([{ id: expect.any(Number), parameters: 1 }]);
});

test.skipIf(!existsSync(VMLINUX))(`the types of this kernel, cut off anywhere, are an error (needs ${VMLINUX})`, () => {
  const whole = readFileSync(VMLINUX);
  for (const length of [1, 24, 4096, 1_000_000, whole.length - 1]) expect(() => offsetsIn(Uint8Array.from(whole.subarray(0, length)).buffer, ['task_struct.tgid'])).toThrow(BpfError);
});
