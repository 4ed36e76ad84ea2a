/** Programs of a test in a mount namespace of their own: what they mount, nobody else sees, and it goes with them. */
import { spawnSync } from 'node:child_process';
import { expect } from 'vitest';

const NEW = ['--mount', '--propagation', 'private'];

/** Why it cannot be done here, or undefined. */
export const noMounts: string | undefined = spawnSync('unshare', [...NEW, 'true']).status === 0 ? undefined : 'needs the right to mount (root)';

/** The JSON that the module `program` prints after the shell has done `prepare`, where `$0` is `subject`; nothing else may be said. */
export function printedAmongMounts(prepare: string, program: string, subject = 'sh'): unknown {
  const node = [process.execPath, '--input-type=module-typescript', '--disable-warning=ExperimentalWarning', '-e', program];
  const { stdout, stderr } = spawnSync('unshare', [...NEW, 'sh', '-ec', `${prepare}\nexec "$@"`, subject, ...node], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}
