/** Commands that change a host, interrupted in the middle of a change: it is brought to its end, and what is left is named. */
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openStore } from '../../src/store/index.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { collect, noHost, ownHost, TICKWARD } from '../helpers/host.ts';
import { until } from '../helpers/until.ts';

const RUN = '019a0000-0000-7000-8000-000000000000';

interface Ran {
  code: unknown;
  stdout: string;
  stderr: string;
  /** What nft was called for and brought to its end. */
  calls: string[];
}

/** A host without a network, whose nft takes its time with what begins as `slow`; run to its end, with signal upon signal while nft is at it. */
async function scene(slow: string): Promise<{ stateDir: string; interrupted: (...args: string[]) => Promise<Ran> }> {
  const host = await ownHost();
  const directory = temporaryDirectory();
  const [calls, begun, held] = ['calls', 'begun', 'held'].map((name) => join(directory, name)) as [string, string, string];
  const nft = join(directory, 'nft');
  writeFileSync(nft, `#!/bin/sh\ncase "$*" in '${slow}'*) touch ${begun}; while [ -e ${held} ]; do sleep 0.05; done;; esac\necho "$*" >> ${calls}\n`, { mode: 0o755 });
  const placed = host.run(['sh', '-ec', 'mount -t tmpfs -o mode=755 tmpfs /usr/local/sbin; cp "$1" /usr/local/sbin/nft', 'sh', nft]);
  expect(placed.stderr).toBe('');
  const stateDir = join(directory, 'state');
  return {
    stateDir,
    async interrupted(...args) {
      mkdirSync(held);
      const child = host.start(['unshare', '--net', TICKWARD, ...args, '--state-dir', stateDir]);
      const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
      const ended = once(child, 'close');
      await until(() => existsSync(begun), () => `the call of nft: ${stderr.text()}`);
      // More than two: signals that come together are one.
      for (let count = 0; count < 10 && child.signalCode === null; count += 1) {
        child.kill('SIGINT');
        await setTimeout(20);
      }
      rmSync(held, { recursive: true });
      const [code] = (await ended) as unknown[];
      return { code, stdout: stdout.text(), stderr: stderr.text(), calls: existsSync(calls) ? readFileSync(calls, 'utf8').split('\n').filter(Boolean) : [] };
    },
  };
}

/** The journal of a run that ended two isolations. */
function released(stateDir: string): void {
  const store = openStore(stateDir);
  store.journal.append({ run: RUN, kind: 'run-started', data: { playbook: 'test', target: { path: '/', unit: '', scope: 'system' } } });
  for (const step of ['first', 'second']) store.journal.append({ run: RUN, step, kind: 'change', data: { action: 'release', text: 'end the isolation', data: { kind: 'released', run: step, rules: 'rules' } } });
  store.close();
}

test.skipIf(noHost !== undefined)(`an undo brings the step to its end and says what is left (${noHost ?? 'on a host of its own'})`, async () => {
  const { stateDir, interrupted } = await scene('-f');
  released(stateDir);
  const { code, stdout, stderr, calls } = await interrupted('undo', RUN);
  expect([code, calls]).toEqual([130, ['list tables', '-f -']]);
  expect(stdout).toMatch(/^changed +second +taken back: 1 thing is as before\n.*the host is isolated again, as run second did\nskipped-because +first +not tried: interrupted\n$/);
  expect(stderr).toContain('interrupted: still to be undone: first');
  expect(stderr).toContain(`go on with tickward --state-dir ${stateDir} undo ${RUN}`);
});

test.skipIf(noHost !== undefined)('with --json the document of an undo says that it was interrupted', async () => {
  const { stateDir, interrupted } = await scene('-f');
  released(stateDir);
  const { code, stdout } = await interrupted('undo', RUN, '--json');
  expect([code, JSON.parse(stdout)]).toMatchObject([130, { run: RUN, ended: 'interrupted', steps: [{ id: 'second', state: 'changed' }, { id: 'first', state: 'skipped-because', summary: 'not tried: interrupted' }] }]);
});

test.skipIf(noHost !== undefined)('a command that is one action goes to its end', async () => {
  const { interrupted } = await scene('list tables');
  const { code, stdout, calls } = await interrupted('release', '--yes');
  expect([code, calls]).toEqual([130, ['list tables']]);
  expect(stdout).toMatch(/^unchanged +release +the host is not isolated\n/);
});
