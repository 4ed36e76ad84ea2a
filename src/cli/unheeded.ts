/** Options that do nothing beside what else was given: whoever gives one believes that it does. */
import type { Command } from 'commander';
import { TickwardError } from '../model/errors.ts';

/** Throws USAGE where one of the options (by the names of their values) stands on the command line. One of the environment or the configuration is meant for other commands too. */
export function refuseUnheeded(command: Command, names: readonly string[], beside: string, hint: string): void {
  const other = command.options.find((option) => names.includes(option.attributeName()) && command.getOptionValueSource(option.attributeName()) === 'cli');
  if (other !== undefined) throw new TickwardError('USAGE', `${beside} does not heed ${other.long ?? other.flags}`, { hint });
}
