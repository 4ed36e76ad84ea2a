/** A program of the operator's that is told of something in JSON on its input: to page someone, to open a ticket. Nobody else may decide what runs. */
import { accessSync, constants } from 'node:fs';
import { isAbsolute } from 'node:path';
import { run } from '../exec.ts';
import { errnoOf, TickwardError } from '../model/errors.ts';
import { printable, shorten } from '../model/text.ts';
import { foreignness, lookedUp } from './trust.ts';

/** It has nothing to say to us: more ends it. */
const MOST_OUTPUT = 64 * 1024;
const SHOWN = 200;

/** Throws BAD_INPUT and REFUSED for a program that is not there, or that others may change or replace. */
export function checkProgram(program: string, uid: number): void {
  const shown = printable(program);
  if (!isAbsolute(program)) throw new TickwardError('BAD_INPUT', `the command ${shown} is no absolute path`, { hint: 'write it from / on; arguments are values of their own' });
  let foreign: string | undefined;
  try {
    foreign = foreignness(lookedUp(program, uid), uid);
    accessSync(program, constants.X_OK);
  } catch (error) {
    if (error instanceof TickwardError) throw error;
    throw new TickwardError('BAD_INPUT', `the command ${shown} cannot be run: ${errnoOf(error) ?? 'unknown'}`, { hint: 'check the path and its permissions' });
  }
  if (foreign !== undefined) throw new TickwardError('REFUSED', `the command ${shown} ${foreign}: it is not run`, { hint: `look at it, then: chown root ${shown}; chmod go-w ${shown}` });
}

/** Ends when the program does. Throws FAILED with what it said where it fails, and what `run` throws. */
export async function tellProgram([program = '', ...args]: readonly string[], document: object, options: { timeout: number; signal?: AbortSignal }): Promise<void> {
  const { exitCode, signal, stderr } = await run(program, args, { ...options, input: `${JSON.stringify(document)}\n`, maxBuffer: MOST_OUTPUT });
  if (exitCode !== 0) throw new TickwardError('FAILED', `the program ended by ${signal ?? `exit code ${exitCode}`}${stderr.trim() === '' ? '' : `: ${shorten(stderr.trim(), SHOWN)}`}`, { hint: `run ${printable(program)} by hand, with {} on its input` });
}
