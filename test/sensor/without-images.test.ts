/** Who did it where the kernel takes no BPF: less is known, and nothing wrong is said. */
import { spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { noStrace } from '../helpers/needs.ts';
import { notPrivileged, sense, senseThrough, settle, units, WITHOUT_IMAGES, type Remote } from '../helpers/sensing.ts';

const [SH, CP] = ['/bin/sh', '/bin/cp'].map((path) => realpathSync(path));

async function settledWithout(): Promise<{ told: Remote; root: string }> {
  const { root } = await sense('scan', { rescanSeconds: 30 });
  const told = await senseThrough(WITHOUT_IMAGES, { directories: units(root), root });
  expect(told.ready.attribution).toBe('proc');
  await settle();
  return { told, root };
}

describe.skipIf((notPrivileged ?? noStrace) !== undefined)(`without the map of images (${notPrivileged ?? noStrace ?? 'as root'})`, () => {
  test.for([
    ['another program', 'exec cp a.timer b.timer', [CP]],
    ['a shell that ran another program', 'exec sh -c "cp a.timer b.timer; :"', [CP]],
    ['itself again', 'exec sh -c "echo x > b.timer"', [SH]],
  ] as const)('a program that a process was is not named for what it did as %s, though the sensor only looks afterwards', async ([, then, right]) => {
    const { told, root } = await settledWithout();
    process.kill(told.pid, 'SIGSTOP');
    try {
      for (let n = 0; n < 5; n += 1) expect(spawnSync('/bin/sh', ['-c', `echo x > a.timer; ${then}`.replaceAll('.timer', `${n}.timer`)], { cwd: root }).status).toBe(0);
    } finally {
      process.kill(told.pid, 'SIGCONT');
    }
    await told.count(10);
    const named = (letter: string): (string | undefined)[] => told.events.filter(({ event, file }) => event.action === 'creation' && file.name.startsWith(letter)).map(({ process: by }) => by?.executable);
    expect(named('a')).toHaveLength(5);
    expect(named('b')).toHaveLength(5);
    expect(named('a').filter((executable) => executable !== undefined && executable !== SH)).toEqual([]);
    expect(named('b').filter((executable) => executable !== undefined && !right.some((one) => one === executable))).toEqual([]);
  });
});
