import { expect, test } from 'vitest';
import { Assembler } from '../../../src/sensor/bpf/assembler.ts';

/** The bytes as `llvm-objdump` shows them: opcode, registers (source and destination), offset, immediate value. */
const INSTRUCTIONS: readonly [string, (a: Assembler) => Assembler, string][] = [
  ['r6 = r1', (a) => a.mov('r6', 'r1'), 'bf 16 00 00 00 00 00 00'],
  ['r2 = 511', (a) => a.mov('r2', 511), 'b7 02 00 00 ff 01 00 00'],
  ['r2 = -1', (a) => a.mov('r2', -1), 'b7 02 00 00 ff ff ff ff'],
  ['r2 += -8', (a) => a.add('r2', -8), '07 02 00 00 f8 ff ff ff'],
  ['r2 += r3', (a) => a.add('r2', 'r3'), '0f 32 00 00 00 00 00 00'],
  ['r2 -= r8', (a) => a.sub('r2', 'r8'), '1f 82 00 00 00 00 00 00'],
  ['r2 &= 511', (a) => a.and('r2', 511), '57 02 00 00 ff 01 00 00'],
  ['r1 |= r2', (a) => a.or('r1', 'r2'), '4f 21 00 00 00 00 00 00'],
  ['r1 <<= r2', (a) => a.shl('r1', 'r2'), '6f 21 00 00 00 00 00 00'],
  ['r0 >>= 32', (a) => a.shr('r0', 32), '77 00 00 00 20 00 00 00'],
  ['r1 = *(u32 *)(r9 + 32)', (a) => a.load32('r1', 'r9', 32), '61 91 20 00 00 00 00 00'],
  ['r7 = *(u64 *)(fp - 16)', (a) => a.load64('r7', 'fp', -16), '79 a7 f0 ff 00 00 00 00'],
  ['*(u8 *)(r9 + 156) = 0', (a) => a.store8('r9', 156, 0), '72 09 9c 00 00 00 00 00'],
  ['*(u32 *)(fp - 8) = r0', (a) => a.store32('fp', -8, 'r0'), '63 0a f8 ff 00 00 00 00'],
  ['*(u32 *)(fp - 4) = 1', (a) => a.store32('fp', -4, 1), '62 0a fc ff 01 00 00 00'],
  ['*(u64 *)(r9 + 0) = r0', (a) => a.store64('r9', 0, 'r0'), '7b 09 00 00 00 00 00 00'],
  ['*(u64 *)(r9 + 16) = 0', (a) => a.store64('r9', 16, 0), '7a 09 10 00 00 00 00 00'],
  ['r1 = xchg_64(r9 + 0, r1)', (a) => a.exchange64('r9', 0, 'r1'), 'db 19 00 00 e1 00 00 00'],
  ['r0 = cmpxchg_64(r9 + 8, r0, r1)', (a) => a.compareExchange64('r9', 8, 'r1'), 'db 19 08 00 f1 00 00 00'],
  ['r1 = map of descriptor 17', (a) => a.map('r1', 17), '18 11 00 00 11 00 00 00 00 00 00 00 00 00 00 00'],
  ['call probe_read_kernel', (a) => a.call('probe_read_kernel'), '85 00 00 00 71 00 00 00'],
  ['exit', (a) => a.exit(), '95 00 00 00 00 00 00 00'],
];

test.each(INSTRUCTIONS)('%s', (_, write, bytes) => {
  expect(hex(write(new Assembler()).assemble())).toBe(bytes);
});

const JUMPS: readonly [string, (a: Assembler) => Assembler, string][] = [
  ['goto', (a) => a.goto('end'), '05 00 01 00 00 00 00 00'],
  ['if r0 == 0', (a) => a.jeq('r0', 0, 'end'), '15 00 01 00 00 00 00 00'],
  ['if r1 == r2', (a) => a.jeq('r1', 'r2', 'end'), '1d 21 01 00 00 00 00 00'],
  ['if r1 != r2', (a) => a.jne('r1', 'r2', 'end'), '5d 21 01 00 00 00 00 00'],
  ['if r2 != 3', (a) => a.jne('r2', 3, 'end'), '55 02 01 00 03 00 00 00'],
  ['if r2 < r1', (a) => a.jlt('r2', 'r1', 'end'), 'ad 12 01 00 00 00 00 00'],
  ['if r2 <= 511', (a) => a.jle('r2', 511, 'end'), 'b5 02 01 00 ff 01 00 00'],
];

test.each(JUMPS)('%s jumps over the next instruction to the label', (_, write, bytes) => {
  const program = write(new Assembler()).exit().label('end').exit();
  expect(hex(program.assemble()).slice(0, 23)).toBe(bytes);
});

test('a jump over a map load counts its two instructions', () => {
  const program = new Assembler().goto('end').map('r1', 3).label('end').exit();
  expect(program.assemble().readInt16LE(2)).toBe(2);
});

test('a jump may go back', () => {
  expect(new Assembler().label('start').exit().goto('start').assemble().readInt16LE(8 + 2)).toBe(-2);
});

function far(count: number): Assembler {
  const program = new Assembler().goto('end');
  for (let i = 0; i < count; i++) program.exit();
  return program.label('end').exit();
}

test('a jump reaches 32767 instructions', () => {
  expect(far(0x7fff).assemble().readInt16LE(2)).toBe(0x7fff);
});

const MISTAKES: readonly [string, () => unknown, string][] = [
  ['a label that is not there', () => new Assembler().goto('nowhere').assemble(), 'no label nowhere'],
  ['a label that is there twice', () => new Assembler().label('here').label('here'), 'label here is there twice'],
  ['a jump that is too far', () => far(0x8000).assemble(), 'jump to end 32768 does not fit'],
  ['an offset that does not fit', () => new Assembler().load64('r0', 'r1', 0x8000), 'offset 32768 does not fit'],
  ['a value that does not fit', () => new Assembler().mov('r0', 2 ** 31), 'value 2147483648 does not fit'],
  ['a value that is no whole number', () => new Assembler().mov('r0', 0.5), 'value 0.5 does not fit'],
];

test.each(MISTAKES)('%s is refused', (_, write, message) => {
  expect(write).toThrow(message);
});

function hex(bytes: Buffer): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
