/** Where the kernel keeps the members of its structs, and which functions it has: BTF, its own description of its types (Documentation/bpf/btf.rst). */
import { closeSync, fstatSync, openSync } from 'node:fs';
import { errnoOf } from '../../model/errors.ts';
import { read } from '../libc.ts';
import { BTF } from './constants.ts';
import { BpfError } from './error.ts';

const { KIND, HEADER } = BTF;

/** Kinds are five bits wide. */
const KINDS = 32;
const UNKNOWN = 0xff;

/** Words of 4 bytes that follow the three of every type, by kind: some of its own, and some for each of its `vlen` members. */
const OWN_WORDS = tableOf([[0, KIND.PTR, KIND.STRUCT, KIND.UNION, KIND.ENUM, KIND.FWD, KIND.TYPEDEF, KIND.VOLATILE, KIND.CONST, KIND.RESTRICT, KIND.FUNC, KIND.FUNC_PROTO, KIND.DATASEC, KIND.FLOAT, KIND.TYPE_TAG, KIND.ENUM64], [1, KIND.INT, KIND.VAR, KIND.DECL_TAG], [3, KIND.ARRAY]], UNKNOWN);
const WORDS_EACH = tableOf([[2, KIND.ENUM, KIND.FUNC_PROTO], [3, KIND.STRUCT, KIND.UNION, KIND.DATASEC, KIND.ENUM64]], 0);
const TYPE_WORDS = 3;
const MEMBER_WORDS = 3;

/** What only gives another type a name or a qualifier. */
const WRAPPERS: ReadonlySet<number> = new Set([KIND.TYPEDEF, KIND.VOLATILE, KIND.CONST, KIND.RESTRICT, KIND.TYPE_TAG]);
/** The kernel's own limit is 32 (MAX_RESOLVE_DEPTH in kernel/bpf/btf.c). */
const MAX_DEPTH = 32;

/** A function of the kernel that programs can be attached to. */
export interface KernelFunction {
  /** Its number among the types. */
  id: number;
  parameters: number;
}

/** Of all that were found, those of these names. */
export type FunctionsNamed<Name extends string> = Pick<ReadonlyMap<Name, KernelFunction>, 'get'>;

export interface Wanted<Member extends string, Name extends string> {
  /** Named `struct.member` or, inside a member that is a struct itself, `struct.member.member`. */
  members: readonly Member[];
  functions: readonly Name[];
}

export interface KernelTypes<Member extends string, Name extends string> {
  /** In bytes. */
  offsets: ReadonlyMap<Member, number>;
  functions: ReadonlyMap<Name, KernelFunction>;
}

/** What is asked for of these types. What they do not have, and a member that is a bit field, is not in the answer. Throws BpfError when it is no BTF. */
export function typesIn<Member extends string, Name extends string>(btf: ArrayBuffer, { members, functions }: Wanted<Member, Name>): KernelTypes<Member, Name> {
  const reader = new Reader(btf, new Set(members.map((path) => path.split('.')[0] ?? '')), new Set(functions));
  return { offsets: reader.offsets(members), functions: reader.functions(functions) };
}

/** The same out of a file; its bytes (5 MB for a kernel) are given back at once, not when the collector comes by. */
export function typesOf<Member extends string, Name extends string>(file: string, wanted: Wanted<Member, Name>): KernelTypes<Member, Name> {
  const btf = readWhole(file);
  try {
    return typesIn(btf, wanted);
  } finally {
    btf.transfer(0);
  }
}

function readWhole(file: string): ArrayBuffer {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, 'r');
    const bytes = new ArrayBuffer(fstatSync(descriptor).size);
    // sysfs gives a page a read, 1,300 in all: by libc itself in two thirds of the time.
    for (let done = 0; done < bytes.byteLength; ) {
      const count = read(descriptor, Buffer.from(bytes, done));
      if (count === 0) break;
      done += count;
    }
    return bytes;
  } catch (error) {
    const code = errnoOf(error) ?? 'BTF';
    throw new BpfError(code, `cannot read the kernel's types from ${file}: ${code}`, code === 'ENOENT' ? 'use a kernel with CONFIG_DEBUG_INFO_BTF (the kernels of distributions since 2020 have it), and see that sysfs is mounted at /sys' : 'see that sysfs is mounted at /sys and can be read');
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

interface Sought {
  name: string;
  bytes: Uint8Array;
  isFunction: boolean;
  /** Of all types with that name: it may stand for more than one struct, and more than one file may have a function of its own with it. */
  ids: number[];
}

interface Found {
  /** Offset in the struct, in bits. */
  bits: number;
  /** Id of the member's type. */
  type: number;
}

class Reader {
  /** The section of types; native byte order, as is this machine's. */
  readonly #words: Uint32Array;
  readonly #strings: Uint8Array;
  /** Where each type is in `#words`, by id; 0 (void) has none. */
  readonly #starts: Uint32Array;
  #count = 1;
  readonly #sought: readonly Sought[];

  constructor(btf: ArrayBuffer, structs: ReadonlySet<string>, functions: ReadonlySet<string>) {
    const { words, strings } = sectionsOf(btf);
    this.#words = words;
    this.#strings = strings;
    this.#starts = new Uint32Array(Math.ceil(words.length / TYPE_WORDS) + 1);
    this.#sought = [...[...structs].map((name) => sought(name, false)), ...[...functions].map((name) => sought(name, true))];
    this.#index();
  }

  /** One of several with the same name cannot be told from the others. */
  functions<Name extends string>(wanted: readonly Name[]): Map<Name, KernelFunction> {
    return new Map(wanted.flatMap((name) => {
      const [id, ...others] = this.#ids(name, true);
      if (id === undefined || others.length > 0) return [];
      const prototype = this.#word(this.#start(this.#word(this.#start(id) + 2)) + 1);
      return kindOf(prototype) === KIND.FUNC_PROTO ? [[name, { id, parameters: lengthOf(prototype) }]] : [];
    }));
  }

  offsets<Member extends string>(wanted: readonly Member[]): Map<Member, number> {
    const offsets = new Map<Member, number>();
    for (const path of wanted) {
      const [struct = '', ...members] = path.split('.');
      for (const id of this.#ids(struct, false)) {
        const offset = this.#offset(id, members);
        if (offset === undefined) continue;
        offsets.set(path, offset);
        break;
      }
    }
    return offsets;
  }

  /**
   * One pass over all types (130,000 in a kernel): where each is, and which are those that are asked for.
   * It runs once, mostly before V8 has compiled it: so no calls and no maps for what every type needs.
   */
  #index(): void {
    const [words, strings, starts] = [this.#words, this.#strings, this.#starts];
    // Ten thousand structs and sixty thousand functions, a dozen names: most are told apart by the first two bytes.
    const beginnings = new Uint8Array(0x1_0000);
    for (const { bytes } of this.#sought) beginnings[(bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8)] = 1;
    const end = words.length;
    let id = 1;
    let at = 0;
    while (at < end) {
      starts[id] = at;
      const info = words[at + 1] ?? 0;
      const kind = (info >>> 24) & 0x1f;
      const own = OWN_WORDS[kind] ?? UNKNOWN;
      if (own === UNKNOWN) throw malformed(`type ${id} is of kind ${kind}, which is not known`);
      if (kind === KIND.STRUCT || kind === KIND.UNION || kind === KIND.FUNC) {
        const name = words[at] ?? 0;
        if (beginnings[(strings[name] ?? 0) | ((strings[name + 1] ?? 0) << 8)] === 1) this.#remember(id, kind === KIND.FUNC, name);
      }
      at += TYPE_WORDS + own + (WORDS_EACH[kind] ?? 0) * (info & 0xffff);
      id++;
    }
    if (at !== end) throw malformed(`type ${id - 1} is cut off`);
    this.#count = id;
  }

  #remember(id: number, isFunction: boolean, nameOffset: number): void {
    for (const each of this.#sought) if (each.isFunction === isFunction && this.#isNamed(nameOffset, each.bytes)) each.ids.push(id);
  }

  #ids(name: string, isFunction: boolean): readonly number[] {
    return this.#sought.find((each) => each.name === name && each.isFunction === isFunction)?.ids ?? [];
  }

  #isNamed(nameOffset: number, name: Uint8Array): boolean {
    for (let i = 0; i < name.length; i++) {
      if (this.#strings[nameOffset + i] !== name[i]) return false;
    }
    return true;
  }

  #offset(struct: number, members: readonly string[]): number | undefined {
    let bits = 0;
    let type = struct;
    for (const name of members) {
      const found = this.#member(this.#unwrapped(type), Buffer.from(`${name}\0`, 'latin1'), new Set());
      if (found === undefined) return undefined;
      bits += found.bits;
      type = found.type;
    }
    return bits % 8 === 0 ? bits / 8 : undefined;
  }

  /** Looks into unnamed structs and unions too. A type is looked into once, so that one which holds itself ends. */
  #member(struct: number, name: Uint8Array, seen: Set<number>): Found | undefined {
    const start = this.#start(struct);
    const info = this.#word(start + 1);
    if (kindOf(info) !== KIND.STRUCT && kindOf(info) !== KIND.UNION) return undefined;
    if (seen.size > MAX_DEPTH * MAX_DEPTH) throw malformed('unnamed structs without end');
    seen.add(struct);
    for (let i = 0; i < lengthOf(info); i++) {
      const at = start + TYPE_WORDS + i * MEMBER_WORDS;
      const [nameOffset, type, place] = [this.#word(at), this.#word(at + 1), this.#word(at + 2)];
      // With kind_flag the upper byte of the offset is the width of a bit field.
      const hasWidths = info >>> 31 === 1;
      const bits = hasWidths ? place & 0xff_ffff : place;
      if (nameOffset !== 0) {
        if (this.#isNamed(nameOffset, name)) return hasWidths && place >>> 24 !== 0 ? undefined : { bits, type };
        continue;
      }
      const inner = this.#unwrapped(type);
      const found = seen.has(inner) ? undefined : this.#member(inner, name, seen);
      if (found !== undefined) return { bits: bits + found.bits, type: found.type };
    }
    return undefined;
  }

  /** The type behind its typedefs and qualifiers. */
  #unwrapped(type: number): number {
    let id = type;
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
      if (id === 0) return id;
      const start = this.#start(id);
      if (!WRAPPERS.has(kindOf(this.#word(start + 1)))) return id;
      id = this.#word(start + 2);
    }
    throw malformed(`type ${type} has typedefs without end`);
  }

  #start(id: number): number {
    const start = id > 0 && id < this.#count ? this.#starts[id] : undefined;
    if (start === undefined) throw malformed(`there is no type ${id}`);
    return start;
  }

  #word(at: number): number {
    const word = this.#words[at];
    if (word === undefined) throw malformed('a type is cut off');
    return word;
  }
}

function sectionsOf(btf: ArrayBuffer): { words: Uint32Array; strings: Uint8Array } {
  if (btf.byteLength < HEADER.LENGTH) throw malformed(`it is ${btf.byteLength} bytes long`);
  const header = new DataView(btf, 0, HEADER.LENGTH);
  if (header.getUint16(HEADER.magic, true) !== BTF.MAGIC) throw malformed('it does not begin as BTF of this byte order does');
  if (header.getUint8(HEADER.version) !== BTF.VERSION) throw malformed(`it is of version ${header.getUint8(HEADER.version)}`);
  const length = header.getUint32(HEADER.length, true);
  const section = (offset: number, size: number): { start: number; size: number } => {
    const start = length + header.getUint32(offset, true);
    const bytes = header.getUint32(size, true);
    if (length < HEADER.LENGTH || start + bytes > btf.byteLength) throw malformed('a section reaches beyond its end');
    return { start, size: bytes };
  };
  const types = section(HEADER.typesOffset, HEADER.typesLength);
  const strings = section(HEADER.stringsOffset, HEADER.stringsLength);
  if (types.start % 4 !== 0 || types.size % 4 !== 0) throw malformed('its types are not aligned');
  return { words: new Uint32Array(btf, types.start, types.size / 4), strings: new Uint8Array(btf, strings.start, strings.size) };
}

function tableOf(values: readonly (readonly [value: number, ...kinds: number[]])[], rest: number): Uint8Array {
  const table = new Uint8Array(KINDS).fill(rest);
  for (const [value, ...kinds] of values) {
    for (const kind of kinds) table[kind] = value;
  }
  return table;
}

function sought(name: string, isFunction: boolean): Sought {
  return { name, bytes: Buffer.from(`${name}\0`, 'latin1'), isFunction, ids: [] };
}

function kindOf(info: number): number {
  return (info >>> 24) & 0x1f;
}

function lengthOf(info: number): number {
  return info & 0xffff;
}

function malformed(why: string): BpfError {
  return new BpfError('BTF', `cannot read the kernel's types: ${why}`, 'report this with the version of the kernel (uname -r)');
}
