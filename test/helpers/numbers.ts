/** Some tests choose the numbers of processes (ns_last_pid), which turns the kernel's counter back; others ask for processes that have ended by their numbers. Only one of these goes on at a time. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Resolves once they are ours; gives them back with what it gives, or when this process ends. */
export async function processNumbers(): Promise<() => Promise<void>> {
  const holder = spawn('flock', [import.meta.filename, 'sh', '-c', 'echo; cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(holder, 'close');
  await Promise.race([once(holder.stdout, 'data'), ended]);
  if (holder.exitCode !== null) throw new Error('flock(1) of util-linux is needed');
  return async () => {
    holder.stdin.end();
    await ended;
  };
}
