/** Waiting for a condition, with a bound: no test sleeps and hopes. */
import { setTimeout } from 'node:timers/promises';

export async function until(condition: () => boolean | Promise<boolean>, what: () => string = () => 'the condition', limitMs = 30_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`${what()} did not come about within ${limitMs} ms`);
    await setTimeout(5);
  }
}
