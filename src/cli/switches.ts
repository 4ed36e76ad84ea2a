/** Switches that are variables: on, off, or a mistake that is said. What looks like "no" must never answer yes. */
import { TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';

export const SWITCHES = ['TICKWARD_JSON', 'TICKWARD_YES', 'TICKWARD_NO_INPUT'];

const ON = ['1', 'true', 'yes', 'on'];
const OFF = ['', '0', 'false', 'no', 'off'];

export function isOn(value: string | undefined): boolean {
  return value !== undefined && ON.includes(value.toLowerCase());
}

export function isOff(value: string | undefined): boolean {
  return value !== undefined && OFF.includes(value.toLowerCase());
}

/** Throws USAGE for a value that is neither. */
export function checkSwitches(environment: NodeJS.ProcessEnv): void {
  for (const name of SWITCHES) {
    const value = environment[name];
    if (value === undefined || isOn(value) || isOff(value)) continue;
    throw new TickwardError('USAGE', `${printable(value)} is no value for ${name}: it takes ${ON.join(', ')}, or ${OFF.slice(1).join(', ')}`, { hint: `unset ${name}, or give it one of these` });
  }
}
