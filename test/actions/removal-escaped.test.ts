/** What a plan says of processes that bear the mark of a service outside its control group; a booted host runs the rest (test/system/removal-rivals.test.ts). */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { escapedNotes } from '../../src/actions/removal-escaped.ts';
import { cgroupOf } from '../../src/host/proc.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { contextFor, hostIn } from '../helpers/response.ts';

/** Runs until the test ends, with the mark of this invocation. */
async function marked(invocation: string): Promise<number> {
  const child = spawn('/bin/sleep', ['60'], { env: { INVOCATION_ID: invocation }, stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  return child.pid ?? 0;
}

test('those that will be ended are named, and those that are left alone with the reason', async () => {
  const invocation = randomBytes(16).toString('hex');
  const [ended, left] = [await marked(invocation), await marked(invocation)];
  const host = hostIn(temporaryDirectory());
  const context = { ...contextFor(host, '/etc/systemd/system/evil.timer'), protectedPids: [left] };
  const state = { id: 'evil.service', invocation, cgroup: '/system.slice/evil.service' };
  expect(escapedNotes([state], context)).toEqual([
    `of evil.service have left its control group, and are ended too: ${ended} (sleep)`,
    `of evil.service have left its control group, and are left alone: process ${left} is protected`,
  ]);
  expect(escapedNotes([{ ...state, cgroup: cgroupOf(ended) ?? '' }], context)).toEqual([]);
  expect(escapedNotes([{ ...state, id: 'evil.timer' }, { ...state, invocation: '' }], context)).toEqual([]);
});
