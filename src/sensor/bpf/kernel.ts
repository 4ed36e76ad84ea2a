/** bpf(2): the few of its commands that the sensor uses. Whatever is made here is gone when its descriptor is closed or the process ends: nothing is pinned. */
import { constants } from 'node:os';
import { addressOf, errnoName } from '../../host/native.ts';
import { bpf } from '../libc.ts';
import type { FunctionsNamed, KernelFunction } from './btf.ts';
import { ATTR, BPF, INSTRUCTION_LENGTH } from './constants.ts';
import { BpfError } from './error.ts';

/** The helpers that read kernel memory are only for programs that say so. */
const LICENSE = Buffer.from('GPL\0');
const LOG_LENGTH = 1 << 20;
const LOG_LINES = 15;

const KEY_LENGTH = 4;

/** A descriptor that can be read, as poll(2) has it, once a program has put something in. */
export function createBell(name: string): number {
  return createMap(name, BPF.MAP_TYPE_RINGBUF, 0, BELL_LENGTH, 0);
}

/** A page, the least there is. */
const BELL_LENGTH = 4096;

/** A descriptor. `name` is what bpftool(8) shows: letters, digits, `_` and `.`. */
export function createMap(name: string, type: number, valueLength: number, entries: number, keyLength = KEY_LENGTH): number {
  const at = ATTR.MAP_CREATE;
  const attributes = Buffer.alloc(at.LENGTH);
  attributes.writeUInt32LE(type, at.type);
  attributes.writeUInt32LE(keyLength, at.keySize);
  attributes.writeUInt32LE(valueLength, at.valueSize);
  attributes.writeUInt32LE(entries, at.maxEntries);
  attributes.write(name.slice(0, BPF.NAME_LENGTH), at.name, 'latin1');
  return checked(`create the BPF map ${name}`, bpf(BPF.MAP_CREATE, attributes));
}

/** Where in a function of the kernel a program runs, or for each of what the kernel passes along, and which function that is by its number in BTF. */
export interface Hook {
  at: 'entry' | 'exit' | 'each';
  id: number;
}

/** A descriptor of a program for raw tracepoints, or for a function of the kernel. Throws BpfError, with the verifier's last lines when it was the verifier that refused. */
export function loadProgram(name: string, instructions: Buffer, hook?: Hook): number {
  const at = ATTR.PROG_LOAD;
  const attributes = Buffer.alloc(at.LENGTH);
  attributes.writeUInt32LE(hook === undefined ? BPF.PROG_TYPE_RAW_TRACEPOINT : BPF.PROG_TYPE_TRACING, at.type);
  attributes.writeUInt32LE(instructions.length / INSTRUCTION_LENGTH, at.instructionCount);
  attributes.writeBigUInt64LE(addressOf(instructions), at.instructions);
  attributes.writeBigUInt64LE(addressOf(LICENSE), at.license);
  attributes.write(name.slice(0, BPF.NAME_LENGTH), at.name, 'latin1');
  if (hook !== undefined) {
    attributes.writeUInt32LE(ATTACH_TYPES[hook.at], at.attachType);
    attributes.writeUInt32LE(hook.id, at.attachFunction);
  }
  const result = verified(attributes);
  if (result >= 0) return result;
  // The log costs time, so it is asked for only now.
  const log = Buffer.alloc(LOG_LENGTH);
  attributes.writeUInt32LE(1, at.logLevel);
  attributes.writeUInt32LE(log.length, at.logSize);
  attributes.writeBigUInt64LE(addressOf(log), at.logBuffer);
  const again = verified(attributes);
  if (again >= 0) return again;
  return checked(`load the BPF program ${name}`, result, lastLines(log), hook === undefined ? {} : ONTO_FUNCTIONS);
}

/** A signal that arrives ends the verifier's work with EAGAIN: then it is asked again. */
function verified(attributes: Buffer): number {
  let result = -EAGAIN;
  for (let attempt = 0; attempt < MOST_ATTEMPTS && result === -EAGAIN; attempt += 1) result = bpf(BPF.PROG_LOAD, attributes);
  return result;
}

/** A descriptor that keeps the program running at every passing of the tracepoint. */
export function attach(program: number, tracepoint: string, hints?: Hints): number {
  return opened(`attach to the tracepoint ${tracepoint}`, program, Buffer.from(`${tracepoint}\0`), hints);
}

/** The same for a program that was loaded for a function of the kernel, at every call of it. */
export function attachToFunction(program: number, name: string): number {
  return opened(`attach to the kernel's ${name}`, program);
}

/** A program on a function of the kernel, if it has that one; every descriptor is given to `kept`. */
export function putOnFunction<Name extends string>({ name, functions, on, at, program }: { name: string; functions: FunctionsNamed<Name>; on: Name; at: Hook['at']; program: (found: KernelFunction) => Buffer }, kept: (descriptor: number) => number): void {
  const found = functions.get(on);
  if (found === undefined) throw new BpfError('ENOENT', `this kernel has no ${on} that a program can be attached to`, 'use a kernel of a distribution');
  kept(attachToFunction(kept(loadProgram(name, program(found), { at, id: found.id })), on));
}

function opened(what: string, program: number, name?: Buffer, hints?: Hints): number {
  const at = ATTR.RAW_TRACEPOINT;
  const attributes = Buffer.alloc(at.LENGTH);
  if (name !== undefined) attributes.writeBigUInt64LE(addressOf(name), at.name);
  attributes.writeUInt32LE(program, at.program);
  return checked(what, bpf(BPF.RAW_TRACEPOINT_OPEN, attributes), '', hints);
}

const ATTACH_TYPES = { entry: BPF.TRACE_FENTRY, exit: BPF.TRACE_FEXIT, each: BPF.TRACE_ITER } as const;

/** A descriptor of a program bound to one task; a kernel before 6.1 passes along all of them, as an older one knows of no task. */
export function linkToTask(program: number, task: number): number {
  const at = ATTR.LINK_CREATE;
  const attributes = Buffer.alloc(at.LENGTH);
  const wanted = Buffer.alloc(4);
  wanted.writeUInt32LE(task);
  attributes.writeUInt32LE(program, at.program);
  attributes.writeUInt32LE(BPF.TRACE_ITER, at.attachType);
  attributes.writeBigUInt64LE(addressOf(wanted), at.iterInfo);
  attributes.writeUInt32LE(wanted.length, at.iterInfoLength);
  return checked('bind a BPF program to a task', bpf(BPF.LINK_CREATE, attributes));
}

/** A descriptor: reading it lets the program run. */
export function iterator(link: number): number {
  const at = ATTR.ITER_CREATE;
  const attributes = Buffer.alloc(at.LENGTH);
  attributes.writeUInt32LE(link, at.link);
  return checked('pass along the tasks of the kernel', bpf(BPF.ITER_CREATE, attributes));
}

/** What to do, by the errno, where it is another thing than mostly. */
type Hints = Readonly<Record<string, string>>;

/** Raw tracepoints may be allowed where this is not. */
const ONTO_FUNCTIONS = { EPERM: 'use a kernel that lets programs onto its functions (fentry), which a security module of this one may forbid' };

const MOST_ATTEMPTS = 32;
const EAGAIN = constants.errno.EAGAIN;

/** Puts the value at an address into a map whose key is a number of four bytes. */
export function update(map: number, key: number, value: bigint): void {
  const at = ATTR.MAP_ELEM;
  const attributes = Buffer.alloc(at.LENGTH);
  const keyBuffer = Buffer.alloc(4);
  keyBuffer.writeUInt32LE(key);
  attributes.writeUInt32LE(map, at.map);
  attributes.writeBigUInt64LE(addressOf(keyBuffer), at.key);
  attributes.writeBigUInt64LE(value, at.value);
  checked('write into a BPF map', bpf(BPF.MAP_UPDATE_ELEM, attributes));
}

/** Looks up in a map whose key is a number of four bytes. The answer is whether there is one, and is then in `value`, which the next call overwrites. */
export class Lookup {
  readonly value: Buffer;
  readonly #attributes = Buffer.alloc(ATTR.MAP_ELEM.LENGTH);
  readonly #key = Buffer.alloc(4);

  constructor(map: number, valueLength: number) {
    const at = ATTR.MAP_ELEM;
    this.value = Buffer.alloc(valueLength);
    this.#attributes.writeUInt32LE(map, at.map);
    this.#attributes.writeBigUInt64LE(addressOf(this.#key), at.key);
    this.#attributes.writeBigUInt64LE(addressOf(this.value), at.value);
  }

  find(key: number): boolean {
    this.#key.writeUInt32LE(key, 0);
    return bpf(BPF.MAP_LOOKUP_ELEM, this.#attributes) >= 0;
  }
}

function checked(what: string, result: number, log = '', hints: Hints = {}): number {
  if (result >= 0) return result;
  const code = errnoName(-result);
  throw new BpfError(code, `cannot ${what}: ${code}`, hints[code] ?? hintFor(code), log);
}

function hintFor(code: string): string {
  switch (code) {
    case 'EPERM':
      return 'run as root of the host itself, not in a container or a user namespace; before Linux 5.11 also raise the limit of locked memory (LimitMEMLOCK=infinity)';
    case 'ENOSYS':
      return 'use a kernel with CONFIG_BPF_SYSCALL';
    case 'ENOMEM':
    case 'E2BIG':
      return 'free some memory of the kernel (31 MB are needed)';
    case 'ENOENT':
      return 'use a kernel with CONFIG_BPF_EVENTS';
    default:
      return 'use Linux 5.5 or newer; there, report this with the version of the kernel (uname -r)';
  }
}

function lastLines(log: Buffer): string {
  const end = log.indexOf(0);
  return log.toString('utf8', 0, end < 0 ? log.length : end).trimEnd().split('\n').slice(-LOG_LINES).join('\n');
}
