/** Who changes a unit file by another name of it, where nobody watches. Against the real kernel. */
import { linkSync, readdirSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makerOf, notPrivileged, perform, PYTHON, python, sense, SHELL, type Sensing } from '../helpers/sensing.ts';
import { until } from '../helpers/until.ts';

/** Until the file itself is marked: proc_pid_fdinfo(5) has the inodes of all marks, in hex. */
async function marked({ root }: Sensing): Promise<void> {
  const line = `fanotify ino:${statSync(join(root, 'a.timer')).ino.toString(16)} `;
  const descriptions = (): string[] => readdirSync('/proc/self/fdinfo').map((fd) => {
    try {
      return readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
    } catch {
      return '';
    }
  });
  await until(() => descriptions().filter((text) => text.includes(line)).length === 2, () => 'the mark of the file in both groups');
}

/** With a file `a.timer` that is known and marked, and has another name outside. */
async function linked(rescanSeconds?: number): Promise<Sensing> {
  const sensing = await sense('fanotify', {
    parent: '/dev/shm',
    ...(rescanSeconds === undefined ? {} : { rescanSeconds }),
    before: (root) => {
      writeFileSync(join(root, 'a.timer'), 'x');
      linkSync(join(root, 'a.timer'), join(root, '../outside/b'));
    },
  });
  await marked(sensing);
  return sensing;
}

describe.skipIf(notPrivileged !== undefined)(`by another name of the file (${notPrivileged ?? 'a hard link'})`, () => {
  test.each([
    ['written', 'echo y >> ../outside/b', SHELL],
    ['cut to nothing', 'truncate -s 0 ../outside/b; true', 'truncate'],
    ['given another mode', 'chmod 600 ../outside/b; true', 'chmod'],
    ['given another time', 'touch -d 2001-01-01 ../outside/b; true', 'touch'],
  ])('%s: told at once, once, with who did it', async (_, script, by) => {
    const sensing = await linked();
    await perform('/bin/sh', ['-c', script], { cwd: sensing.root });
    const event = await sensing.line('modification a.timer');
    expect([makerOf(event), event.tickward.source, event.tickward.attribution, event.tickward.attribution_note]).toEqual([by, 'fanotify', 'inferred', `changed by another name of the file, ${sensing.outside}/b: the process is the one that changed what had that name`]);
    await sensing.settled();
    expect(sensing.lines()).toEqual(['modification a.timer']);
  });

  test('a name that is bytes, and an open file of that name', async () => {
    const sensing = await linked();
    await perform(PYTHON, ['-c', 'import os; os.rename("../outside/b", b"../outside/b\\xff\\n"); f = os.open(b"../outside/b\\xff\\n", os.O_WRONLY); os.write(f, b"y"); os.close(f)'], { cwd: sensing.root });
    const event = await sensing.line('modification a.timer');
    expect(event.file.path).toBe(join(sensing.root, 'a.timer'));
    expect([event.tickward.attribution, event.tickward.attribution_note]).toEqual(['inferred', expect.stringContaining(`${sensing.outside}/b\ufffd\\n: `)]);
  });

  test('a name that is gone before anybody can look: told by comparing, and soon', async () => {
    const sensing = await linked(3_600);
    await perform(PYTHON, ['-c', 'import os; f = os.open("../outside/b", os.O_WRONLY | os.O_APPEND); os.write(f, b"y"); os.close(f); os.unlink("../outside/b")'], { cwd: sensing.root });
    const event = await sensing.line('modification a.timer');
    expect([sensing.lines(), event.file.size]).toEqual([['modification a.timer'], 2]);
  });

  test('a file that came later, also with the number of one that went', async () => {
    const sensing = await linked();
    const { order } = await python({ cwd: sensing.root });
    await order('os.unlink("../outside/b"); os.unlink("a.timer"); open("a.timer", "w").close()');
    await sensing.line('creation a.timer');
    await marked(sensing);
    await order('os.link("a.timer", "../outside/b"); f = open("../outside/b", "a"); f.write("y"); f.close()');
    const event = await sensing.line('modification a.timer');
    expect([event.tickward.source, event.tickward.attribution]).toEqual(['fanotify', 'inferred']);
  });

  test('one that is no unit any more, or never was, is no news', async () => {
    const sensing = await linked();
    renameSync(join(sensing.root, 'a.timer'), join(sensing.outside, 'c'));
    await sensing.line('deletion a.timer');
    await perform('/bin/sh', ['-c', 'echo y >> ../outside/b; echo y >> ../outside/c; echo y > ../outside/d'], { cwd: sensing.root });
    await sensing.settled();
    expect(sensing.lines()).toEqual(['deletion a.timer']);
    unlinkSync(join(sensing.outside, 'd'));
    expect(readdirSync(sensing.root)).toEqual(['canary.timer']);
  });

  test('by its own name it is told as before: once, by its maker', async () => {
    const sensing = await linked();
    const { ino } = statSync(join(sensing.root, 'a.timer'));
    await perform('/bin/sh', ['-c', 'echo y >> a.timer'], { cwd: sensing.root });
    const event = await sensing.line('modification a.timer');
    expect([makerOf(event), event.tickward.attribution, event.file.inode]).toEqual([SHELL, 'exact', String(ino)]);
    await sensing.settled();
    await until(() => sensing.lines().length === 1);
  });
});
