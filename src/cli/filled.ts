/** Options that have to say something: a script whose variable is empty means nothing by it, and not everything. */
import { InvalidArgumentError } from 'commander';

export function filled(value: string): string {
  if (value.trim() === '') throw new InvalidArgumentError('It is empty: give a value, or leave the option out.');
  return value;
}
