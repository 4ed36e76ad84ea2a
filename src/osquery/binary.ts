/** Apache Thrift's strict binary protocol, as far as osquery's interface uses it: values as bytes, described once for both directions. */
import { TickwardError } from '../model/errors.ts';

/** Type numbers of the protocol (thrift-binary-protocol.md of Apache Thrift). */
export const Type = { STOP: 0, BOOL: 2, BYTE: 3, DOUBLE: 4, I16: 6, I32: 8, I64: 10, STRING: 11, STRUCT: 12, MAP: 13, SET: 14, LIST: 15 } as const;

/** A kind of value: how it is written and read. */
export interface Codec<Value> {
  readonly type: number;
  write(to: Writer, value: Value): void;
  read(from: Reader): Value;
}

export function malformed(what: string): TickwardError {
  return new TickwardError('BAD_INPUT', `no message of Thrift's binary protocol: ${what}`);
}

const FIRST_BYTES = 512;

/** Bytes that grow. */
export class Writer {
  #buffer = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;

  byte(value: number): void {
    this.#reserve(1);
    this.#length = this.#buffer.writeUInt8(value, this.#length);
  }

  i16(value: number): void {
    this.#reserve(2);
    this.#length = this.#buffer.writeInt16BE(value, this.#length);
  }

  i32(value: number): void {
    this.#reserve(4);
    this.#length = this.#buffer.writeInt32BE(value, this.#length);
  }

  i64(value: bigint): void {
    this.#reserve(8);
    this.#length = this.#buffer.writeBigInt64BE(value, this.#length);
  }

  text(value: string): void {
    const bytes = Buffer.byteLength(value);
    this.i32(bytes);
    this.#reserve(bytes);
    this.#length += this.#buffer.write(value, this.#length);
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}

/** Reads one whole message; what reaches past its end is malformed. */
export class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }

  i16(): number {
    return this.#bytes.readInt16BE(this.#take(2));
  }

  i32(): number {
    return this.#bytes.readInt32BE(this.#take(4));
  }

  i64(): bigint {
    return this.#bytes.readBigInt64BE(this.#take(8));
  }

  text(): string {
    const length = this.#count();
    const start = this.#take(length);
    return this.#bytes.toString('utf8', start, start + length);
  }

  /** What follows a value of a known type and number of elements. */
  elements(expected: readonly number[]): number {
    const given = expected.map(() => this.byte());
    const count = this.#count();
    // An empty map may have any types: some write none.
    if (count > 0 && given.some((type, index) => type !== expected[index])) throw malformed(`a container of the types ${given.join(', ')} instead of ${expected.join(', ')}`);
    return count;
  }

  skip(type: number): void {
    switch (type) {
      case Type.BOOL:
      case Type.BYTE:
        return void this.#take(1);
      case Type.I16:
        return void this.#take(2);
      case Type.I32:
        return void this.#take(4);
      case Type.I64:
      case Type.DOUBLE:
        return void this.#take(8);
      case Type.STRING:
        return void this.#take(this.#count());
      case Type.STRUCT:
        for (let field = this.byte(); field !== Type.STOP; field = this.byte()) {
          this.#take(2);
          this.skip(field);
        }
        return undefined;
      case Type.MAP:
        return this.#skipElements([this.byte(), this.byte()]);
      case Type.SET:
      case Type.LIST:
        return this.#skipElements([this.byte()]);
      default:
        throw malformed(`a value of the type ${type}`);
    }
  }

  #skipElements(types: readonly number[]): void {
    for (let left = this.#count(); left > 0; left -= 1) for (const type of types) this.skip(type);
  }

  #count(): number {
    const count = this.i32();
    if (count < 0) throw malformed(`a length of ${count}`);
    return count;
  }

  #take(bytes: number): number {
    const start = this.#at;
    if (start + bytes > this.#bytes.length) throw malformed('it ends in the middle of a value');
    this.#at = start + bytes;
    return start;
  }
}

export const i32: Codec<number> = { type: Type.I32, write: (to, value) => to.i32(value), read: (from) => from.i32() };

/** Numbers of extensions: a handful of digits. */
export const i64: Codec<number> = { type: Type.I64, write: (to, value) => to.i64(BigInt(value)), read: (from) => Number(from.i64()) };

export const text: Codec<string> = { type: Type.STRING, write: (to, value) => to.text(value), read: (from) => from.text() };

export function list<Value>(element: Codec<Value>): Codec<Value[]> {
  return {
    type: Type.LIST,
    write(to, values) {
      to.byte(element.type);
      to.i32(values.length);
      for (const value of values) element.write(to, value);
    },
    read(from) {
      const values: Value[] = [];
      for (let left = from.elements([element.type]); left > 0; left -= 1) values.push(element.read(from));
      return values;
    },
  };
}

/** A map as an object; its keys, numbers too, are the object's names. */
export function map<Value>(key: Codec<string> | Codec<number>, value: Codec<Value>): Codec<Record<string, Value>> {
  return {
    type: Type.MAP,
    write(to, values) {
      const entries = Object.entries(values);
      to.byte(key.type);
      to.byte(value.type);
      to.i32(entries.length);
      for (const [name, each] of entries) {
        if (key.type === Type.STRING) to.text(name);
        else to.i64(BigInt(name));
        value.write(to, each);
      }
    },
    read(from) {
      const entries: [string, Value][] = [];
      for (let left = from.elements([key.type, value.type]); left > 0; left -= 1) entries.push([String(key.read(from)), value.read(from)]);
      // A name may be __proto__.
      return Object.fromEntries(entries);
    },
  };
}

type Fields<Shape> = { readonly [Name in keyof Shape]: readonly [id: number, codec: Codec<Shape[Name]>, otherwise: Shape[Name]] };

/** A struct: each field with its number, its kind, and its value where it does not come. Fields that are not known are passed over. */
export function struct<Shape extends object>(fields: Fields<Shape>): Codec<Shape> {
  const named = Object.entries(fields) as [keyof Shape, Fields<Shape>[keyof Shape]][];
  const byId = new Map(named.map((field) => [field[1][0], field]));
  return {
    type: Type.STRUCT,
    write(to, value) {
      for (const [name, [id, codec]] of named) {
        to.byte(codec.type);
        to.i16(id);
        codec.write(to, value[name]);
      }
      to.byte(Type.STOP);
    },
    read(from) {
      const value = Object.fromEntries(named.map(([name, [, , otherwise]]) => [name, otherwise])) as Shape;
      for (let type = from.byte(); type !== Type.STOP; type = from.byte()) {
        const field = byId.get(from.i16());
        if (field === undefined || field[1][1].type !== type) from.skip(type);
        else value[field[0]] = field[1][1].read(from);
      }
      return value;
    },
  };
}
