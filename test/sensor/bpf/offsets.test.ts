/** What is remembered of a kernel counts for that kernel alone. */
import { copyFileSync, existsSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { memberOffsetsOf } from '../../../src/sensor/bpf/btf.ts';
import { MEMBERS, type Offsets } from '../../../src/sensor/bpf/image-program.ts';
import { offsetsOf } from '../../../src/sensor/bpf/offsets.ts';
import { temporaryDirectory } from '../../helpers/events.ts';

const VMLINUX = '/sys/kernel/btf/vmlinux';
const noBtf = existsSync(VMLINUX) ? undefined : 'this kernel has no BTF';

/** Owner, its length, that of the hash, type 3, and the hash. */
const notesOf = (hash: string): Buffer => Buffer.concat([Buffer.from([4, 0, 0, 0, hash.length, 0, 0, 0, 3, 0, 0, 0]), Buffer.from('GNU\0'), Buffer.from(hash)]);

interface Host {
  btf: string;
  notes: string;
  kept: string[];
  offsets(memory?: string): Offsets;
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
    offsets: (memory) => offsetsOf(files, { recall: () => memory ?? kept.at(-1), keep: (text) => void kept.push(text) }),
    forget() {
      const { size } = statSync(files.btf);
      truncateSync(files.btf, 0);
      truncateSync(files.btf, size);
    },
  };
}

describe.skipIf(noBtf !== undefined)(`offsets in the kernel's structs (${noBtf ?? 'with BTF'})`, () => {
  test('are read once, and are the same when they are remembered', () => {
    const here = host();
    const first = here.offsets();
    expect(first).toEqual(memberOffsetsOf(VMLINUX, MEMBERS));
    here.forget();
    expect(here.offsets()).toEqual(first);
    expect(here.kept).toHaveLength(1);
    expect(() => offsetsOf(here)).toThrow(/does not begin as BTF/);
  });

  test('of another build of the kernel are read anew', () => {
    const here = host();
    here.offsets();
    here.forget();
    writeFileSync(here.notes, notesOf('two'));
    expect(() => here.offsets()).toThrow(/does not begin as BTF/);
  });

  test('of a kernel that does not say which build it is are not kept', () => {
    const here = host(Buffer.from('nothing'));
    expect(here.offsets().size).toBeGreaterThan(0);
    expect(here.kept).toEqual([]);
  });

  test('that a kernel does not have are remembered as that', () => {
    const here = host();
    here.offsets();
    const { kernel, offsets } = JSON.parse(here.kept[0] ?? '') as { kernel: string; offsets: Record<string, number | null> };
    here.forget();
    expect(here.offsets(JSON.stringify({ kernel, offsets: { ...offsets, 'task_struct.loginuid': null } })).has('task_struct.loginuid')).toBe(false);
  });

  test.each(['', 'null', '[]', '{}', '7', '{"kernel":', 'members', 'offsets', 'negative', 'fraction', 'huge', 'text', 'one less'])('where the memory holds %j they are read anew', (broken) => {
    const here = host();
    const first = here.offsets();
    const good = JSON.parse(here.kept[0] ?? '') as { kernel: string; offsets: Record<string, number | null> };
    const with1 = (value: unknown): string => JSON.stringify({ ...good, offsets: { ...good.offsets, 'cred.uid': value } });
    const memories: Record<string, string> = {
      members: JSON.stringify({ ...good, offsets: { ...good.offsets, 'cred.more': 8 } }),
      offsets: JSON.stringify({ kernel: good.kernel, offsets: null }),
      negative: with1(-8),
      fraction: with1(8.5),
      huge: with1(2 ** 40),
      text: with1('8'),
      'one less': JSON.stringify({ ...good, offsets: Object.fromEntries(Object.entries(good.offsets).slice(1)) }),
    };
    expect(here.offsets(memories[broken] ?? broken)).toEqual(first);
    expect(here.kept).toHaveLength(2);
  });
});
