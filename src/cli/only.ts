/** `--only STEP,…`: what of a playbook is carried out. */
import { TickwardError } from '../model/errors.ts';

/** Throws USAGE for a list with nothing in it: a script whose variable is empty means no step, and not all of them. */
export function stepsOf(text: string): string[] {
  const steps = text.split(',').map((step) => step.trim()).filter(Boolean);
  if (steps.length === 0) throw new TickwardError('USAGE', '--only names no step', { hint: 'give ids of steps or names of actions, such as --only remove; without --only all steps are meant' });
  return steps;
}
