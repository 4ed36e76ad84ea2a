/** Several processes that change one file in the same moment: each is told of, for what it did itself. */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { notPrivileged, PYTHON, sense, type Sensing } from '../helpers/sensing.ts';

/** Runs before the sensor in this process reads anything. Gives the pids that it prints. */
function unseen({ root }: Sensing, code: string): number[] {
  const { status, stdout, stderr } = spawnSync(PYTHON, ['-c', `import os, sys, time\nfrom subprocess import run\nprint(os.getpid(), flush=True)\nother = lambda code: run([sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); " + code], check=True)\n${code}`], { cwd: root, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.trim().split('\n').map(Number);
}

/** What was told of by now, and by whom. */
async function told(sensing: Sensing): Promise<(readonly [string, number | undefined])[]> {
  await sensing.settled();
  return sensing.shown.map(({ event, process }) => [event.action, process?.pid] as const);
}

describe.skipIf(notPrivileged !== undefined)(`several at one file (${notPrivileged ?? 'as root'})`, () => {
  test.each([
    ['rewrites a file', 'open("a.timer", "w").write("other")'],
    ['changes the mode of a file', 'os.chmod("a.timer", 0o600)'],
  ])('who %s that its maker still has open is told of beside the maker', async (_, code) => {
    const sensing = await sense('fanotify');
    const [maker, other] = unseen(sensing, `f = open("a.timer", "w")\nf.write("x")\nf.flush()\nother(${JSON.stringify(code)})\nf.close()`);
    expect(await told(sensing)).toEqual([['creation', maker], ['modification', other]]);
  });

  test('who rewrites it right after its maker closed it', async () => {
    const sensing = await sense('fanotify');
    const [maker, other] = unseen(sensing, 'open("a.timer", "w").write("x")\nother(\'open("a.timer", "w").write("other")\')');
    expect(await told(sensing)).toEqual([['creation', maker], ['modification', other]]);
  });

  test('who rewrites it right after another did', async () => {
    const sensing = await sense('fanotify');
    const [maker] = unseen(sensing, 'open("a.timer", "w").write("x")');
    await sensing.count(1);
    const [one, another] = unseen(sensing, 'open("a.timer", "w").write("one")\nother(\'open("a.timer", "w").write("another")\')');
    expect(await told(sensing)).toEqual([['creation', maker], ['modification', one], ['modification', another]]);
  });

  test('who only has it open as well, and closes it, changed nothing', async () => {
    const sensing = await sense('fanotify');
    const [maker] = unseen(sensing, 'f = open("a.timer", "w")\nf.write("x")\nf.flush()\nother(\'open("a.timer", "r+").close()\')\nf.close()');
    expect(await told(sensing)).toEqual([['creation', maker]]);
  });

  test('what one process does in turns is one change', async () => {
    const sensing = await sense('fanotify');
    const [maker] = unseen(sensing, 'f = open("a.timer", "w")\nfor n in range(5):\n  f.write("x"); f.flush(); os.chmod("a.timer", 0o600 + n)\nf.close()');
    expect(await told(sensing)).toEqual([['creation', maker]]);
  });
});
