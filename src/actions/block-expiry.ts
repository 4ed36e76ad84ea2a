/** Has systemd undo a step later: a transient timer of our own, gone when it has run, and with a reboot. */
import { run } from '../exec.ts';
import { TickwardError } from '../model/errors.ts';
import { firstLineOf } from '../model/text.ts';
import type { ActionContext } from './action.ts';

/** An undo is refused while the run still goes on, as when a person is asked for longer than the names are blocked. */
const AGAIN = ['--property=Restart=on-failure', '--property=RestartSec=20s'];

/** In place of one that an attempt which was cut off has started. */
export async function startExpiry(id: string, seconds: number, { undoCommand = [], run: own, step }: ActionContext): Promise<void> {
  await stopExpiry(id);
  const result = await run('systemd-run', ['--quiet', '--collect', `--unit=${unitOf(id)}`, `--description=Tickward unblocks what step ${step} of run ${own} blocked`, `--on-active=${seconds}`, '--timer-property=AccuracySec=1s', ...AGAIN, '--', ...undoCommand, own, step]);
  if (result.exitCode !== 0) throw new TickwardError('FAILED', `systemd does not take the timer that would unblock the names: ${firstLineOf(result.stderr)}`, { hint: 'undo this step, and block without an end' });
}

/** It may have run, or be what runs now. */
export async function stopExpiry(id: string): Promise<void> {
  await run('systemctl', ['stop', `${unitOf(id)}.timer`]);
}

function unitOf(id: string): string {
  return `tickward-unblock-${id}`;
}
