/** Processes that run one program after the other, or only pretend to: what one of them did is told of that one, or of none, though the sensor only looks afterwards. */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { noTries } from '../helpers/bpf.ts';
import { noStrace } from '../helpers/needs.ts';
import { notPrivileged, obedient, PYTHON, sense, senseThrough, settle, units, WITHOUT_IMAGES, type Remote } from '../helpers/sensing.ts';
import { until } from '../helpers/until.ts';
import { inVain } from '../helpers/vain.ts';

const PREFIX = spawnSync(PYTHON, ['-c', 'import sys; print(sys.prefix)'], { encoding: 'utf8' }).stdout?.trim() ?? '';

/** Below the directory beside the watched one, each a copy of Python. */
const NAMES = ['one', 'two', 'three', 'cp', 'ld-evil', 'other/one'];

/** glibc's is linked statically. */
const LDCONFIG = '/sbin/ldconfig';
const noStatic = existsSync(LDCONFIG) ? undefined : 'needs /sbin/ldconfig';

/** A program and what it does before it becomes the next. */
type Stage = readonly [name: string, code: string];

const MAKE = 'open("a.timer", "w").close()';
/** The kernel logs that cp was opened, and refuses to run it with so long an argument. */
const PRETEND = 'import os\ntry: os.execv("/bin/cp", ["x" * 4_000_000])\nexcept OSError: pass';
/** Lives on until it is told to end. */
const STAY = 'import sys; input(); print("done", flush=True); sys.stdin.read()';

async function pass(ms: number): Promise<void> {
  const started = performance.now();
  await until(() => performance.now() - started >= ms);
}

interface Scene {
  told: Remote;
  root: string;
  outside: string;
  /** The sensor reads nothing from so many ms on. */
  unseen(stages: readonly Stage[], fromMs?: number): Promise<void>;
  /** Resolves when the last stage has ended, or stays. */
  run(stages: readonly Stage[]): Promise<number>;
}

async function scene(through: readonly string[], before: (root: string) => void = () => undefined): Promise<Scene> {
  const { root, outside } = await sense('scan', { rescanSeconds: 30, before });
  mkdirSync(join(outside, 'other'));
  for (const name of NAMES) {
    copyFileSync(PYTHON, join(outside, name));
    chmodSync(join(outside, name), 0o755);
  }
  const told = await senseThrough(through, { directories: units(root), root });
  await settle();
  const commandOf = ([[name, code] = ['one', STAY], ...rest]: readonly Stage[]): string[] => [join(outside, name), '-Sc', rest.length === 0 ? code : `${code}\nimport os; command = ${JSON.stringify(commandOf(rest))}; os.execv(command[0], command)`];
  const run = async (stages: readonly Stage[]): Promise<number> => {
    const [program = '', ...args] = commandOf(stages);
    const { pid, order } = await obedient(program, args, { cwd: root, env: { PYTHONHOME: PREFIX } });
    await order('');
    return pid;
  };
  return {
    told,
    root,
    outside,
    run,
    async unseen(stages, fromMs = 0) {
      const ran = fromMs === 0 ? undefined : run(stages);
      await pass(fromMs);
      process.kill(told.pid, 'SIGSTOP');
      try {
        await (ran ?? run(stages));
      } finally {
        process.kill(told.pid, 'SIGCONT');
      }
    },
  };
}

/** Where the programs lie, in their directory. */
function named({ told, outside }: Scene, action: string): (string | undefined)[] {
  return told.events.filter(({ event }) => event.action === action).map(({ process: by }) => by?.executable?.replace(`${outside}/`, ''));
}

describe.skipIf(notPrivileged !== undefined)(`by the map of images (${notPrivileged ?? 'as root'})`, () => {
  test('a program that ran before, and again afterwards, is not named for what was done in between', async () => {
    const here = await scene([]);
    await here.unseen([['one', ''], ['two', ''], ['one', MAKE], ['two', STAY]]);
    await here.told.count(1);
    expect([['one'], [undefined]]).toContainEqual(named(here, 'creation'));
  });

  const untold = noTries();
  test.skipIf(untold !== undefined)(`a program that was opened in vain is not named for what was done before it ran (${untold ?? 'as root'})`, async () => {
    const here = await scene([]);
    await here.unseen([['one', `import os\ntry: os.execv(${JSON.stringify(inVain(join(here.outside, 'two')))}, ["x"])\nexcept OSError: pass\n${MAKE}`], ['two', STAY]]);
    await here.told.count(1);
    expect([['one'], [undefined]]).toContainEqual(named(here, 'creation'));
  });

  test('of a file that was there, the program that first changed it is not named for making it anew', async () => {
    const here = await scene([], (root) => writeFileSync(join(root, 'a.timer'), ''));
    await here.unseen([['one', 'import os; os.chmod("a.timer", 0o600)'], ['two', `import os; os.unlink("a.timer"); ${MAKE}`]]);
    await here.told.line('creation a.timer');
    expect([['two'], [undefined]]).toContainEqual(named(here, 'creation'));
  });

  test('a fork is not named as a program of that name which it opened and could not run', async () => {
    const here = await scene([]);
    await here.unseen([['cp', `import os\nif os.fork() == 0:\n  exec(${JSON.stringify(`${PRETEND}\n${MAKE}`)}); os._exit(0)\nos.wait()`]]);
    await here.told.count(1);
    expect([['cp'], [undefined]]).toContainEqual(named(here, 'creation'));
  });

  test('what the map has forgotten is not named as a program that it opened and could not run', async () => {
    const here = await scene([]);
    await here.unseen([['one', `import time; time.sleep(1.2)\n${PRETEND}\n${MAKE}`], ['two', ''], ['three', STAY]], 800);
    await here.told.count(1);
    expect([['one'], [undefined]]).toContainEqual(named(here, 'creation'));
  });

  test('the parent is the program that started it, not what that process became since', async () => {
    const here = await scene([]);
    const parent = await here.run([['one', `import os, time\nif os.fork() == 0:\n  time.sleep(0.3); ${MAKE}; os._exit(0)`], ['two', `import os; os.wait(); ${STAY}`]]);
    const { process: maker, tickward } = await here.told.line('creation a.timer');
    expect([maker?.parent?.pid, maker?.parent?.executable, tickward.ancestry[0]?.executable]).toEqual([parent, join(here.outside, 'one'), join(here.outside, 'one')]);
  });

  test('a living process that was another user when it made a file is not said to have been the one that it is', async () => {
    const here = await scene([], (root) => [root, join(root, '..')].forEach((path) => chmodSync(path, 0o777)));
    await here.unseen([['one', `import os; ${MAKE}; os.setresuid(65534, 65534, 65534); ${STAY}`]]);
    const { user, process: maker, file } = await here.told.line('creation a.timer');
    expect([file.uid, user?.id ?? '0', maker?.user?.id ?? '0']).toEqual(['0', '0', '0']);
  });

  test('a process that was seen as one user is not said to be that one when it makes a file as another', async () => {
    const here = await scene([], (root) => [root, join(root, '..')].forEach((path) => chmodSync(path, 0o777)));
    await here.run([['one', `import os, time; open("b.timer", "w").close(); time.sleep(0.2); os.setresuid(65534, 65534, 65534); ${MAKE}; ${STAY}`]]);
    const { user, process: maker, file } = await here.told.line('creation a.timer');
    expect([file.uid, user?.id ?? '65534', maker?.user?.id ?? '65534']).toEqual(['65534', '65534', '65534']);
  });
});

describe.skipIf((notPrivileged ?? noStrace) !== undefined)(`without the map of images (${notPrivileged ?? noStrace ?? 'as root'})`, () => {
  test.for<[what: string, stages: Stage[], right: string]>([
    ['a program of the same name in another directory', [['one', ''], ['other/one', MAKE], ['one', STAY]], 'other/one'],
    ['the program before one that is named like the loader of shared libraries', [['one', ''], ['ld-evil', MAKE]], 'ld-evil'],
  ])('%s is not named', async ([, stages, right]) => {
    const here = await scene(WITHOUT_IMAGES);
    await here.unseen(stages);
    await here.told.count(1);
    expect([[right], [undefined]]).toContainEqual(named(here, 'creation'));
  });

  // Nothing logs that a program from memory is run, unless it needs a loader.
  test.skipIf(noStatic !== undefined)(`a program from memory is not named as the one that was seen before it (${noStatic ?? LDCONFIG})`, async () => {
    const here = await scene(WITHOUT_IMAGES);
    await here.run([['one', `import os, time\nfd = os.memfd_create("innocent", 0); os.write(fd, open(${JSON.stringify(LDCONFIG)}, "rb").read())\ntime.sleep(0.7); ${MAKE}; time.sleep(0.2)\nos.execv(f"/proc/self/fd/{fd}", ["innocent", "-X", "-f", "/dev/null", "-C", "b.timer"])`]]);
    const next = await here.told.line('rename b.timer from b.timer~');
    expect(['/memfd:innocent', undefined]).toContain(next.process?.executable);
  });

  test('the parent is not said to be a program that it ran since', async () => {
    const here = await scene(WITHOUT_IMAGES);
    const parent = await here.run([['one', `import os, time\nif os.fork() == 0:\n  time.sleep(1.6); ${MAKE}; time.sleep(1); os._exit(0)\ntime.sleep(0.8)`], ['two', `import os; os.wait(); ${STAY}`]]);
    const { process: maker } = await here.told.line('creation a.timer');
    expect(maker).toMatchObject({ executable: join(here.outside, 'one'), parent: { pid: parent } });
    expect(maker?.parent?.executable ?? join(here.outside, 'one')).toBe(join(here.outside, 'one'));
  });

  test('a program that has been running for a while is named, and with its arguments', async () => {
    const here = await scene(WITHOUT_IMAGES);
    const parent = await here.run([['one', `import time; time.sleep(0.8); ${MAKE}; ${STAY}`]]);
    expect(await here.told.line('creation a.timer')).toMatchObject({ process: { pid: parent, executable: join(here.outside, 'one'), args: expect.arrayContaining(['-Sc']), parent: { pid: process.pid } } });
  });
});
