/** Where this kernel keeps the members of its structs, remembered from one start to the next: its types are 5 MB, and to read and search them takes as long as the kernel takes to verify the programs. */
import { readFileSync, statSync } from 'node:fs';
import { release, version } from 'node:os';
import { memberOffsetsOf } from './btf.ts';
import type { HostFiles } from './host.ts';
import { MEMBERS, type Member, type Offsets } from './image-program.ts';

/** Text that outlives the process, in a place where nobody else writes; undefined while there is none. Neither throws. */
export interface Memory {
  recall(): string | undefined;
  keep(text: string): void;
}

interface Remembered {
  kernel: string;
  /** null for those that this kernel does not have. */
  offsets: Record<string, number | null>;
}

/** An elf note of the linker's, with a hash over the whole kernel: owner `GNU`, type 3 (NT_GNU_BUILD_ID in elf.h). */
const BUILD_ID = Buffer.from([3, 0, 0, 0, ...Buffer.from('GNU\0')]);

/** No struct of the kernel is larger. */
const MOST = 0xff_ffff;

/** Throws BpfError when the kernel's types cannot be read; what is remembered counts only for the very same build of the kernel, and for the same members. */
export function offsetsOf(files: Pick<HostFiles, 'btf' | 'notes'>, memory?: Memory): Offsets {
  const kernel = memory === undefined ? undefined : identityOf(files);
  const known = kernel === undefined ? undefined : rememberedOf(memory?.recall(), kernel);
  if (known !== undefined) return known;
  const offsets = memberOffsetsOf(files.btf, MEMBERS);
  if (kernel !== undefined) memory?.keep(JSON.stringify({ kernel, offsets: Object.fromEntries(MEMBERS.map((member) => [member, offsets.get(member) ?? null])) } satisfies Remembered));
  return offsets;
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

function rememberedOf(text: string | undefined, kernel: string): Offsets | undefined {
  if (text === undefined) return undefined;
  let found: Partial<Remembered> | null;
  try {
    found = JSON.parse(text) as Partial<Remembered> | null;
  } catch {
    return undefined;
  }
  const offsets = found?.offsets ?? {};
  if (found?.kernel !== kernel || Object.keys(offsets).join() !== MEMBERS.join()) return undefined;
  const known = new Map<Member, number>();
  for (const member of MEMBERS) {
    const offset = offsets[member];
    if (offset === null) continue;
    if (offset === undefined || !Number.isInteger(offset) || offset < 0 || offset > MOST) return undefined;
    known.set(member, offset);
  }
  return known;
}
