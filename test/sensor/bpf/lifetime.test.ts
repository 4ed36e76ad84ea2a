/** What opening refuses, and that nothing is left behind, against the real kernel. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { BPF } from '../../../src/sensor/bpf/constants.ts';
import { DIRECTORY_SLOTS } from '../../../src/sensor/bpf/directories.ts';
import { openImages } from '../../../src/sensor/bpf/images.ts';
import { SLOTS } from '../../../src/sensor/bpf/record.ts';
import { hasTasks, hasTimes, heldBy, idsOf, noBpf, noDirectories, noTries } from '../../helpers/bpf.ts';
import { temporaryDirectory } from '../../helpers/events.ts';
import { until } from '../../helpers/until.ts';

const IMAGES = join(import.meta.dirname, '../../../src/sensor/bpf/images.ts');
/** A process that opens, says so, and waits; or says why it cannot. */
const OPENS = `import { openImages } from ${JSON.stringify(IMAGES)}; try { const images = openImages(); images.keepDirectories(() => undefined); images.provesProgram(1); console.log('open'); setInterval(() => {}, 1000); } catch (error) { console.log(error.name + ': ' + error.message); }`;

/** Programs and maps: of images, and of tries, directories and, once they are asked for, living processes where this kernel has a place for them. */
const ALL = [3 + (noTries() === undefined ? 2 : 0) + (noDirectories() === undefined ? (hasTimes ? 2 : 4) : 0) + (hasTasks ? 1 : 0), 1 + (noTries() === undefined ? 1 : 0) + (noDirectories() === undefined ? 2 : 0) + (hasTasks ? 1 : 0)];

/** The kernel frees a little after the last descriptor is closed. */
async function areGone({ programs, maps }: { programs: number[]; maps: number[] }): Promise<void> {
  await until(() => !idsOf(BPF.PROG_GET_NEXT_ID).some((id) => programs.includes(id)), () => 'the end of the programs');
  await until(() => !idsOf(BPF.MAP_GET_NEXT_ID).some((id) => maps.includes(id)), () => 'the end of the maps');
}

describe.skipIf(noBpf !== undefined)(`opening and closing (${noBpf ?? 'as root'})`, () => {
  test('close leaves no program and no map, and may be called twice', async () => {
    const images = openImages();
    images.keepDirectories(() => undefined);
    images.provesProgram(process.pid);
    const held = heldBy('self');
    // Each program is held twice: by its own descriptor and by that of the tracepoint.
    expect([new Set(held.programs).size, held.maps.length]).toEqual(ALL);
    expect(idsOf(BPF.PROG_GET_NEXT_ID)).toEqual(expect.arrayContaining(held.programs));
    expect(idsOf(BPF.MAP_GET_NEXT_ID)).toEqual(expect.arrayContaining(held.maps));
    const { pid } = spawnSync('/bin/true');
    expect(images.since(pid)).toBeGreaterThan(0n);
    images.close();
    images.close();
    expect(heldBy('self')).toEqual({ programs: [], maps: [] });
    expect([images.lookup(pid), images.since(pid)]).toEqual([{}, 0n]);
    await areGone(held);
  });

  test('where who changes directories cannot be kept, it is said why, nothing is left of it, and the rest works', () => {
    let known = '';
    openImages({}, { recall: () => undefined, keep: (text) => void (known = text) }).close();
    const images = openImages({}, { recall: () => known.replace(/("inode\.i_dentry\.first":)\d+/, '$1null'), keep: () => undefined });
    onTestFinished(() => images.close());
    const before = heldBy('self');
    expect(images.keepDirectories(() => undefined)).toBe('this kernel has no inode.i_dentry.first; use Linux 5.5 or newer');
    expect(heldBy('self')).toEqual(before);
    expect([images.runsOf('0:1', 1n), images.since(spawnSync('/bin/true').pid)]).toEqual([undefined, expect.any(BigInt)]);
  });

  test('a process that is killed leaves no program and no map', async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', OPENS], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    const held = heldBy(child.pid ?? 0);
    expect([new Set(held.programs).size, held.maps.length]).toEqual(ALL);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await areGone(held);
  });

  test.skipIf(!hasTasks)('of living processes the program is proven, of those that have ended and of threads of the kernel it is not; nothing stays open by asking', () => {
    const images = openImages();
    onTestFinished(() => images.close());
    images.provesProgram(process.pid);
    const before = readdirSync('/proc/self/fd').length;
    const { pid } = spawnSync('/bin/true');
    const KTHREADD = 2;
    expect([process.pid, process.ppid, pid, KTHREADD].map((each) => images.provesProgram(each))).toEqual([true, true, false, false]);
    expect(readdirSync('/proc/self/fd')).toHaveLength(before);
  });

  test('two may be open at once', () => {
    const [one, two] = [openImages(), openImages()];
    onTestFinished(() => [one, two].forEach((images) => images.close()));
    const { pid } = spawnSync('/bin/true');
    expect({ ...two.lookup(pid).current, since: 0n }).toEqual({ ...one.lookup(pid).current, since: 0n });
  });

  test('all the memory that the kernel gives is at most 31 million bytes', () => {
    const images = openImages();
    images.keepDirectories(() => undefined);
    images.provesProgram(process.pid);
    onTestFinished(() => images.close());
    const memory = readdirSync('/proc/self/fdinfo').flatMap((fd) => (existsSync(`/proc/self/fdinfo/${fd}`) ? (/^memlock:\t(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1] ?? []) : []));
    // Before Linux 6.4 a key, filled up to 8 bytes, is counted for every entry, which arrays do not have.
    const keys = 8 * (2 * SLOTS + DIRECTORY_SLOTS);
    expect(memory.reduce((sum, bytes) => sum + Number(bytes), 0)).toBeLessThan(31_000_000 + keys);
  });

  const REFUSED: readonly [string, (directory: string) => Parameters<typeof openImages>[0], RegExp][] = [
    ['a kernel without BTF', (directory) => ({ btf: join(directory, 'none') }), /^cannot read the kernel's types from .*none: ENOENT; use a kernel with CONFIG_DEBUG_INFO_BTF/],
    ['types that are damaged', (directory) => ({ btf: written(directory, 'garbage') }), /^cannot read the kernel's types: it is 7 bytes long; report this/],
    ['a kernel that is locked down', (directory) => ({ lockdown: written(directory, 'none integrity [confidentiality]\n') }), /^the kernel is locked down for confidentiality, .*; boot without lockdown=confidentiality/],
    ['no /proc', (directory) => ({ pidNamespace: join(directory, 'none') }), /^cannot find the namespace of processes: ENOENT.*; see that \/proc is mounted/],
    ['another pid namespace', (directory) => ({ pidNamespace: linked(directory, 'pid:[4026532200]') }), /^this process is in a namespace of processes of its own \(pid:\[4026532200\]\), .*; run on the host itself/],
    ['another time namespace', (directory) => ({ timeNamespace: linked(directory, 'time:[4026532200]') }), /^this process is in a time namespace of its own \(time:\[4026532200\]\), .*; run on the host itself/],
    ['no capability', (directory) => ({ status: written(directory, 'CapEff:\t0000004000000000\n') }), /^BPF needs CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN; run as root/],
  ];

  test.each(REFUSED)('%s is said, and no descriptor is left', (_, files, message) => {
    const options = files(temporaryDirectory());
    const before = readdirSync('/proc/self/fd').length;
    expect(() => openImages(options)).toThrow(expect.objectContaining({ name: 'BpfError', message: expect.stringMatching(message) }));
    expect(readdirSync('/proc/self/fd')).toHaveLength(before);
  });

  test('a kernel without time namespaces is no hindrance', () => {
    openImages({ timeNamespace: join(temporaryDirectory(), 'none') }).close();
    expect(heldBy('self').maps).toEqual([]);
  });

  test('lockdown for integrity is no hindrance', () => {
    openImages({ lockdown: written(temporaryDirectory(), 'none [integrity] confidentiality\n') }).close();
    expect(heldBy('self').maps).toEqual([]);
  });

  const ELSEWHERE: readonly [string, string[], string][] = [
    ['without capabilities', ['setpriv', '--bounding-set=-all'], 'BpfError: BPF needs CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN; run as root'],
    ['in a pid namespace of its own', ['unshare', '--pid', '--fork', '--mount-proc'], 'BpfError: this process is in a namespace of processes of its own (pid:['],
    ['in a user namespace', ['unshare', '--user', '--map-root-user'], 'BpfError: cannot create the BPF map tickward_images: EPERM; run as root of the host itself, not in a container or a user namespace'],
  ];

  test.each(ELSEWHERE)('%s it says why (needs setpriv and unshare: apt-get install util-linux)', (_, [program = '', ...args], message) => {
    const { stdout } = spawnSync(program, [...args, process.execPath, '--input-type=module', '-e', OPENS], { encoding: 'utf8' });
    expect(stdout.slice(0, message.length)).toBe(message);
  });
});

function written(directory: string, text: string): string {
  const file = join(directory, 'file');
  writeFileSync(file, text);
  return file;
}

function linked(directory: string, target: string): string {
  const file = join(directory, 'link');
  symlinkSync(target, file);
  return file;
}
