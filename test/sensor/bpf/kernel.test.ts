/** Against the real kernel. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { Assembler } from '../../../src/sensor/bpf/assembler.ts';
import { createMaps, movedProgram, namedProgram, timeProgram } from '../../../src/sensor/bpf/changes.ts';
import { BPF } from '../../../src/sensor/bpf/constants.ts';
import { BpfError } from '../../../src/sensor/bpf/error.ts';
import { MEMBERS, type Member } from '../../../src/sensor/bpf/image-program.ts';
import { attach, attachToFunction, createMap, loadProgram } from '../../../src/sensor/bpf/kernel.ts';
import { execProgram, forkProgram, threadProgram } from '../../../src/sensor/bpf/programs.ts';
import { HOST_FILES } from '../../../src/sensor/bpf/host.ts';
import { RECORD_LENGTH, SLOTS } from '../../../src/sensor/bpf/record.ts';
import { attachTries, openProgram, TRY, tryProgram } from '../../../src/sensor/bpf/tries.ts';
import { typesOfKernel } from '../../../src/sensor/bpf/types.ts';
import { close } from '../../../src/sensor/libc.ts';
import { noBpf, noTries } from '../../helpers/bpf.ts';

const OPTIONAL: readonly Member[] = ['task_struct.loginuid', 'task_struct.sessionid', 'task_struct.cgroups', 'css_set.dfl_cgrp', 'cgroup.kn', 'kernfs_node.id'];

/** What `make` throws. */
function refusal(make: () => unknown): BpfError {
  try {
    make();
  } catch (error) {
    if (error instanceof BpfError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

test('a member that the programs need and the kernel does not have is named', () => {
  const offsets = new Map(MEMBERS.map((member) => [member, 8]));
  offsets.delete('task_struct.start_boottime');
  expect(refusal(() => execProgram(offsets, 3)).message).toBe('this kernel has no task_struct.start_boottime; use Linux 5.5 or newer');
});

describe.skipIf(noBpf !== undefined)(`with bpf(2) (${noBpf ?? 'as root'})`, () => {
  const kept = (descriptor: number): number => {
    onTestFinished(() => close(descriptor));
    return descriptor;
  };
  const records = (): number => kept(createMap('test_images', BPF.MAP_TYPE_ARRAY, RECORD_LENGTH, SLOTS));

  test.each([['exec', execProgram], ['fork', forkProgram], ['thread', threadProgram]] as const)('the verifier accepts the %s program, also on a kernel without audit and control groups', (name, program) => {
    const offsets = new Map(typesOfKernel(HOST_FILES).offsets);
    expect(kept(loadProgram(`test_${name}`, program(offsets, records())))).toBeGreaterThan(0);
    for (const member of OPTIONAL) offsets.delete(member);
    expect(kept(loadProgram(`test_${name}`, program(offsets, records())))).toBeGreaterThan(0);
  });

  test('the verifier accepts the code of tries also where no program may be put onto functions', () => {
    const { offsets } = typesOfKernel(HOST_FILES);
    const tries = kept(createMap('test_tries', BPF.MAP_TYPE_ARRAY, TRY.LENGTH, SLOTS));
    for (const program of [tryProgram(offsets, tries), openProgram(offsets, tries, { parameters: 3 }), execProgram(offsets, records(), tries)]) expect(kept(loadProgram('test_tries', program))).toBeGreaterThan(0);
  });

  test('and that of directories, whichever of its ways this kernel has', () => {
    const { offsets } = typesOfKernel(HOST_FILES);
    const maps = createMaps(kept);
    for (const program of [timeProgram(offsets, maps, 'either'), timeProgram(offsets, maps, 'changed'), namedProgram(offsets, maps), movedProgram(offsets, maps)]) expect(kept(loadProgram('test_change', program))).toBeGreaterThan(0);
  });

  const without = noTries();
  test.skipIf(without !== undefined)(`the verifier accepts the programs of tries, and that of an exec with them (${without ?? 'as root'})`, () => {
    const types = typesOfKernel(HOST_FILES);
    const tries = kept(createMap('test_tries', BPF.MAP_TYPE_ARRAY, TRY.LENGTH, SLOTS));
    attachTries(types, tries, kept);
    expect(kept(loadProgram('test_exec', execProgram(types.offsets, records(), tries)))).toBeGreaterThan(0);
  });

  test('a function that this kernel does not have is named, and one that cannot be attached to', () => {
    const types = typesOfKernel(HOST_FILES);
    const tries = kept(createMap('test_tries', BPF.MAP_TYPE_ARRAY, TRY.LENGTH, SLOTS));
    expect(refusal(() => attachTries({ ...types, functions: new Map() }, tries, kept)).message).toMatch(/^this kernel has no do_open_execat that a program can be attached to; /);
    const program = kept(loadProgram('test_nothing', new Assembler().mov('r0', 0).exit().assemble()));
    expect(refusal(() => attachToFunction(program, 'no_such_function')).message).toMatch(/^cannot attach to the kernel's no_such_function: E[A-Z]+; /);
  });

  test("a program that the verifier refuses shows the verifier's last lines", () => {
    const reads = new Assembler().mov('r1', 0).load64('r0', 'r1', 0).exit().assemble();
    const error = refusal(() => loadProgram('test_bad', reads));
    expect(error).toMatchObject({ name: 'BpfError', code: 'EACCES' });
    expect(error.message).toMatch(/^cannot load the BPF program test_bad: EACCES; use Linux 5\.5 or newer; .*\. The verifier's last lines:\n/);
    // Its words are others since Linux 7.3.
    expect(error.message).toMatch(/R1 (?:invalid mem access|changed from context pointer)/);
  });

  test('a tracepoint that is not there is named', () => {
    const program = kept(loadProgram('test_nothing', new Assembler().mov('r0', 0).exit().assemble()));
    expect(refusal(() => attach(program, 'no_such_tracepoint')).message).toMatch(/^cannot attach to the tracepoint no_such_tracepoint: ENOENT; /);
  });

  test('a map that cannot be made is named', () => {
    expect(refusal(() => createMap('test_none', BPF.MAP_TYPE_ARRAY, RECORD_LENGTH, 0)).message).toMatch(/^cannot create the BPF map test_none: EINVAL; /);
  });
});
