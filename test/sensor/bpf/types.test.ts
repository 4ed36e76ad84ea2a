/** What is remembered of a kernel counts for that kernel alone. */
import { copyFileSync, existsSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { typesOf } from '../../../src/sensor/bpf/btf.ts';
import { typesOfKernel, WANTED } from '../../../src/sensor/bpf/types.ts';
import { temporaryDirectory } from '../../helpers/events.ts';

const VMLINUX = '/sys/kernel/btf/vmlinux';
const noBtf = existsSync(VMLINUX) ? undefined : 'this kernel has no BTF';

/** Owner, its length, that of the hash, type 3, and the hash. */
const notesOf = (hash: string): Buffer => Buffer.concat([Buffer.from([4, 0, 0, 0, hash.length, 0, 0, 0, 3, 0, 0, 0]), Buffer.from('GNU\0'), Buffer.from(hash)]);

interface Kept {
  kernel: string;
  offsets: Record<string, number | null>;
  functions: Record<string, unknown>;
}

function withoutOne<Name, Value>(map: ReadonlyMap<Name, Value>, name: Name): Map<Name, Value> {
  return new Map([...map].filter(([each]) => each !== name));
}

interface Host {
  btf: string;
  notes: string;
  kept: string[];
  types(memory?: string): ReturnType<typeof typesOfKernel>;
  /** From now on its types cannot be read, though the file is as long. */
  forget(): void;
}

function host(notes: Buffer = notesOf('one')): Host {
  const directory = temporaryDirectory();
  const files = { btf: join(directory, 'vmlinux'), notes: join(directory, 'notes') };
  copyFileSync(VMLINUX, files.btf);
  writeFileSync(files.notes, notes);
  const kept: string[] = [];
  return {
    ...files,
    kept,
    types: (memory) => typesOfKernel(files, { recall: () => memory ?? kept.at(-1), keep: (text) => void kept.push(text) }),
    forget() {
      const { size } = statSync(files.btf);
      truncateSync(files.btf, 0);
      truncateSync(files.btf, size);
    },
  };
}

describe.skipIf(noBtf !== undefined)(`types of the kernel (${noBtf ?? 'with BTF'})`, () => {
  test('are read once, and are the same when they are remembered', () => {
    const here = host();
    const first = here.types();
    expect(first).toEqual(typesOf(VMLINUX, WANTED));
    here.forget();
    expect(here.types()).toEqual(first);
    expect(here.kept).toHaveLength(1);
    expect(() => typesOfKernel(here)).toThrow(/does not begin as BTF/);
  });

  test('of another build of the kernel are read anew', () => {
    const here = host();
    here.types();
    here.forget();
    writeFileSync(here.notes, notesOf('two'));
    expect(() => here.types()).toThrow(/does not begin as BTF/);
  });

  test('of a kernel that does not say which build it is are not kept', () => {
    const here = host(Buffer.from('nothing'));
    expect(here.types().offsets.size).toBeGreaterThan(0);
    expect(here.kept).toEqual([]);
  });

  test('that a kernel does not have are remembered as that', () => {
    const here = host();
    const first = here.types();
    const { kernel, offsets, functions } = JSON.parse(here.kept[0] ?? '') as Kept;
    here.forget();
    expect(here.types(JSON.stringify({ kernel, offsets: { ...offsets, 'task_struct.loginuid': null }, functions: { ...functions, alloc_bprm: null } }))).toEqual({ offsets: withoutOne(first.offsets, 'task_struct.loginuid'), functions: withoutOne(first.functions, 'alloc_bprm') });
  });

  test.each(['', 'null', '[]', '{}', '7', '{"kernel":', 'members', 'offsets', 'negative', 'fraction', 'huge', 'text', 'one less', 'functions', 'no parameters', 'a function less'])('where the memory holds %j they are read anew', (broken) => {
    const here = host();
    const first = here.types();
    const good = JSON.parse(here.kept[0] ?? '') as Kept;
    const with1 = (value: unknown): string => JSON.stringify({ ...good, offsets: { ...good.offsets, 'cred.uid': value } });
    const memories: Record<string, string> = {
      members: JSON.stringify({ ...good, offsets: { ...good.offsets, 'cred.more': 8 } }),
      offsets: JSON.stringify({ ...good, offsets: null }),
      negative: with1(-8),
      fraction: with1(8.5),
      huge: with1(2 ** 40),
      text: with1('8'),
      'one less': JSON.stringify({ ...good, offsets: Object.fromEntries(Object.entries(good.offsets).slice(1)) }),
      functions: JSON.stringify({ ...good, functions: undefined }),
      'no parameters': JSON.stringify({ ...good, functions: { ...good.functions, alloc_bprm: { id: 7 } } }),
      'a function less': JSON.stringify({ ...good, functions: Object.fromEntries(Object.entries(good.functions).slice(1)) }),
    };
    expect(here.types(memories[broken] ?? broken)).toEqual(first);
    expect(here.kept).toHaveLength(2);
  });
});
