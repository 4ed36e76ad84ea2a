/** What the programs have to know of this kernel's types, remembered from one start to the next: its types are 5 MB, and to read and search them takes as long as the kernel takes to verify the programs. */
import { readFileSync, statSync } from 'node:fs';
import { release, version } from 'node:os';
import { typesOf, type KernelFunction, type KernelTypes } from './btf.ts';
import { CHANGE_FUNCTIONS } from './changes.ts';
import type { HostFiles } from './host.ts';
import { MEMBERS, type Member } from './image-program.ts';
import { LIVING_FUNCTIONS } from './living.ts';
import { TRY_FUNCTIONS } from './tries.ts';

/** Text that outlives the process, in a place where nobody else writes; undefined while there is none. Neither throws. */
export interface Memory {
  recall(): string | undefined;
  keep(text: string): void;
}

/** null for what this kernel does not have. */
interface Remembered {
  kernel: string;
  offsets: Record<string, number | null>;
  functions: Record<string, KernelFunction | null>;
}

const FUNCTIONS = [...TRY_FUNCTIONS, ...CHANGE_FUNCTIONS, ...LIVING_FUNCTIONS] as const;
type FunctionName = (typeof FUNCTIONS)[number];

export const WANTED = { members: MEMBERS, functions: FUNCTIONS };

/** An elf note of the linker's, with a hash over the whole kernel: owner `GNU`, type 3 (NT_GNU_BUILD_ID in elf.h). */
const BUILD_ID = Buffer.from([3, 0, 0, 0, ...Buffer.from('GNU\0')]);

/** No struct of the kernel is larger, and it has fewer types. */
const MOST = 0xff_ffff;

/** Throws BpfError when the kernel's types cannot be read; what is remembered counts only for the very same build of the kernel, and for the same members and functions. */
export function typesOfKernel(files: Pick<HostFiles, 'btf' | 'notes'>, memory?: Memory): KernelTypes<Member, FunctionName> {
  const kernel = memory === undefined ? undefined : identityOf(files);
  const known = kernel === undefined ? undefined : rememberedOf(memory?.recall(), kernel);
  if (known !== undefined) return known;
  const types = typesOf(files.btf, WANTED);
  if (kernel !== undefined) memory?.keep(JSON.stringify({ kernel, offsets: recordOf(MEMBERS, types.offsets), functions: recordOf(FUNCTIONS, types.functions) } satisfies Remembered));
  return types;
}

/** Undefined where this kernel does not say which build it is. */
function identityOf({ btf, notes }: Pick<HostFiles, 'btf' | 'notes'>): string | undefined {
  try {
    const found = readFileSync(notes);
    return found.includes(BUILD_ID) ? [release(), version(), statSync(btf).size, found.toString('hex')].join(' ') : undefined;
  } catch {
    return undefined;
  }
}

function rememberedOf(text: string | undefined, kernel: string): KernelTypes<Member, FunctionName> | undefined {
  if (text === undefined) return undefined;
  let found: Partial<Remembered> | null;
  try {
    found = JSON.parse(text) as Partial<Remembered> | null;
  } catch {
    return undefined;
  }
  if (found?.kernel !== kernel) return undefined;
  const offsets = mapOf(MEMBERS, found.offsets, isNumber);
  const functions = mapOf(FUNCTIONS, found.functions, isFunction);
  return offsets === undefined || functions === undefined ? undefined : { offsets, functions };
}

function recordOf<Value>(names: readonly string[], values: ReadonlyMap<string, Value>): Record<string, Value | null> {
  return Object.fromEntries(names.map((name) => [name, values.get(name) ?? null]));
}

/** Undefined when it is not the record of exactly these names. */
function mapOf<Name extends string, Value>(names: readonly Name[], record: Record<string, unknown> | null | undefined, isValue: (value: unknown) => value is Value): Map<Name, Value> | undefined {
  if (Object.keys(record ?? {}).join() !== names.join()) return undefined;
  const map = new Map<Name, Value>();
  for (const name of names) {
    const value = record?.[name];
    if (value === null) continue;
    if (!isValue(value)) return undefined;
    map.set(name, value);
  }
  return map;
}

function isNumber(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MOST;
}

function isFunction(value: unknown): value is KernelFunction {
  const { id, parameters } = (value ?? {}) as Partial<KernelFunction>;
  return isNumber(id) && isNumber(parameters);
}
