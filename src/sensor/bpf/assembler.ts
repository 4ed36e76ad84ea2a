/** A BPF assembler: each method is one instruction, so that a program reads like its listing (Documentation/bpf/standardization/instruction-set.rst). */
import { HELPERS, INSTRUCTION_LENGTH, OP } from './constants.ts';
import { BpfError } from './error.ts';

/** r0 is the result of a call, r1 to r5 its arguments (lost by it), r6 to r9 survive it, fp is the end of the 512 bytes of stack. */
const REGISTERS = ['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8', 'r9', 'fp'] as const;

export type Register = (typeof REGISTERS)[number];
export type Helper = keyof typeof HELPERS;

interface Instruction {
  opcode: number;
  destination: number;
  source: number;
  offset: number;
  immediate: number;
  /** Where it jumps, until `assemble` makes an offset of it. */
  target?: string;
}

const INT16 = { min: -0x8000, max: 0x7fff };
const INT32 = { min: -0x8000_0000, max: 0x7fff_ffff };

export class Assembler {
  readonly #instructions: Instruction[] = [];
  readonly #labels = new Map<string, number>();

  mov(destination: Register, value: Register | number): this {
    return this.#arithmetic(OP.MOV, destination, value);
  }

  add(destination: Register, value: Register | number): this {
    return this.#arithmetic(OP.ADD, destination, value);
  }

  sub(destination: Register, value: Register | number): this {
    return this.#arithmetic(OP.SUB, destination, value);
  }

  and(destination: Register, value: Register | number): this {
    return this.#arithmetic(OP.AND, destination, value);
  }

  or(destination: Register, value: Register | number): this {
    return this.#arithmetic(OP.OR, destination, value);
  }

  /** Shifts left, by at most 63. */
  shl(destination: Register, value: Register | number): this {
    return this.#arithmetic(OP.LSH, destination, value);
  }

  /** Shifts right, filling with zeroes. */
  shr(destination: Register, value: Register | number): this {
    return this.#arithmetic(OP.RSH, destination, value);
  }

  /** destination = 4 bytes at base + offset, the upper half zero. */
  load32(destination: Register, base: Register, offset: number): this {
    return this.#emit(OP.LDX | OP.MEM | OP.W, destination, base, offset, 0);
  }

  load64(destination: Register, base: Register, offset: number): this {
    return this.#emit(OP.LDX | OP.MEM | OP.DW, destination, base, offset, 0);
  }

  store8(base: Register, offset: number, value: Register | number): this {
    return this.#store(OP.B, base, offset, value);
  }

  store32(base: Register, offset: number, value: Register | number): this {
    return this.#store(OP.W, base, offset, value);
  }

  store64(base: Register, offset: number, value: Register | number): this {
    return this.#store(OP.DW, base, offset, value);
  }

  /** Exchanges the 8 bytes at base + offset and the source, at once for all processors. */
  exchange64(base: Register, offset: number, source: Register): this {
    return this.#emit(OP.STX | OP.ATOMIC | OP.DW, base, source, offset, OP.XCHG);
  }

  /** r0 = the 8 bytes at base + offset, which become the source if they were r0; at once for all processors. */
  compareExchange64(base: Register, offset: number, source: Register): this {
    return this.#emit(OP.STX | OP.ATOMIC | OP.DW, base, source, offset, OP.CMPXCHG);
  }

  /** destination = the map of this descriptor. */
  map(destination: Register, descriptor: number): this {
    this.#push({ opcode: OP.LD | OP.IMM | OP.DW, destination: REGISTERS.indexOf(destination), source: OP.PSEUDO_MAP_FD, offset: 0, immediate: descriptor });
    // A 64-bit load is two instructions long; the second has the upper half.
    return this.#push({ opcode: 0, destination: 0, source: 0, offset: 0, immediate: 0 });
  }

  call(helper: Helper): this {
    return this.#push({ opcode: OP.JMP | OP.CALL, destination: 0, source: 0, offset: 0, immediate: HELPERS[helper] });
  }

  exit(): this {
    return this.#push({ opcode: OP.JMP | OP.EXIT, destination: 0, source: 0, offset: 0, immediate: 0 });
  }

  goto(label: string): this {
    return this.#push({ opcode: OP.JMP | OP.JA, destination: 0, source: 0, offset: 0, immediate: 0, target: label });
  }

  jeq(left: Register, right: Register | number, label: string): this {
    return this.#jump(OP.JEQ, left, right, label);
  }

  jne(left: Register, right: Register | number, label: string): this {
    return this.#jump(OP.JNE, left, right, label);
  }

  /** Jumps when left < right, both unsigned. */
  jlt(left: Register, right: Register | number, label: string): this {
    return this.#jump(OP.JLT, left, right, label);
  }

  /** Jumps when left ≤ right, both unsigned. */
  jle(left: Register, right: Register | number, label: string): this {
    return this.#jump(OP.JLE, left, right, label);
  }

  /** The next instruction is where jumps to `name` go. */
  label(name: string): this {
    if (this.#labels.has(name)) throw mistake(`label ${name} is there twice`);
    this.#labels.set(name, this.#instructions.length);
    return this;
  }

  /** The instructions as the kernel takes them. Throws BpfError for a label that is not there, or is too far, and for a value that does not fit. */
  assemble(): Buffer {
    const bytes = Buffer.alloc(this.#instructions.length * INSTRUCTION_LENGTH);
    for (const [index, instruction] of this.#instructions.entries()) {
      const at = index * INSTRUCTION_LENGTH;
      bytes.writeUInt8(instruction.opcode, at);
      bytes.writeUInt8(instruction.destination | (instruction.source << 4), at + 1);
      bytes.writeInt16LE(this.#offsetOf(instruction, index), at + 2);
      bytes.writeInt32LE(instruction.immediate, at + 4);
    }
    return bytes;
  }

  #offsetOf(instruction: Instruction, index: number): number {
    if (instruction.target === undefined) return instruction.offset;
    const target = this.#labels.get(instruction.target);
    if (target === undefined) throw mistake(`no label ${instruction.target}`);
    // A jump counts from the instruction after it.
    return fitting(target - index - 1, INT16, `jump to ${instruction.target}`);
  }

  #arithmetic(operation: number, destination: Register, value: Register | number): this {
    return typeof value === 'number' ? this.#emit(OP.ALU64 | OP.K | operation, destination, 'r0', 0, value) : this.#emit(OP.ALU64 | OP.X | operation, destination, value, 0, 0);
  }

  #store(width: number, base: Register, offset: number, value: Register | number): this {
    return typeof value === 'number' ? this.#emit(OP.ST | OP.MEM | width, base, 'r0', offset, value) : this.#emit(OP.STX | OP.MEM | width, base, value, offset, 0);
  }

  #jump(operation: number, left: Register, right: Register | number, label: string): this {
    const [form, source, immediate] = typeof right === 'number' ? [OP.K, 0, right] : [OP.X, REGISTERS.indexOf(right), 0];
    return this.#push({ opcode: OP.JMP | form | operation, destination: REGISTERS.indexOf(left), source, offset: 0, immediate, target: label });
  }

  #emit(opcode: number, destination: Register, source: Register, offset: number, immediate: number): this {
    return this.#push({ opcode, destination: REGISTERS.indexOf(destination), source: REGISTERS.indexOf(source), offset, immediate });
  }

  #push(instruction: Instruction): this {
    fitting(instruction.offset, INT16, 'offset');
    fitting(instruction.immediate, INT32, 'value');
    this.#instructions.push(instruction);
    return this;
  }
}

function fitting(value: number, range: { min: number; max: number }, what: string): number {
  if (!Number.isInteger(value) || value < range.min || value > range.max) throw mistake(`${what} ${value} does not fit (${range.min} to ${range.max})`);
  return value;
}

function mistake(what: string): BpfError {
  return new BpfError('ASSEMBLER', `cannot assemble a BPF program: ${what}`, 'report this, it is a mistake in Tickward');
}
