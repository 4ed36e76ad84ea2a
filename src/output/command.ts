/** A program of the operator's for every alert, which reads it as JSON from its input: to page someone, to open a ticket. */
import { accessSync, constants, statSync } from 'node:fs';
import { dirname, isAbsolute } from 'node:path';
import { run } from '../exec.ts';
import { foreignness, refuseForeignDirectory } from '../host/trust.ts';
import { errnoOf, TickwardError } from '../model/errors.ts';
import { printable, shorten } from '../model/text.ts';
import { alertDocument } from './document.ts';
import type { CommandOutput, Sink } from './types.ts';

/** It has nothing to say to us: more ends it. */
const MOST_OUTPUT = 64 * 1024;
const SHOWN = 200;

/** Throws BAD_INPUT and REFUSED for a program that is not there, or that others may change. */
export function createCommandSink({ command, timeoutMs, concurrency }: CommandOutput, uid: number): Sink {
  const [program = '', ...args] = command;
  checkProgram(program, uid);
  const ending = new AbortController();
  return {
    name: `the command ${printable(program)}`,
    concurrency,
    // It may have done half of its work: twice may be worse than not.
    retries: false,
    async deliver(alert) {
      const { exitCode, signal, stderr } = await run(program, args, { input: `${JSON.stringify(alertDocument(alert))}\n`, timeout: timeoutMs, maxBuffer: MOST_OUTPUT, signal: ending.signal });
      if (exitCode !== 0) throw new TickwardError('FAILED', `it ended by ${signal ?? `exit code ${exitCode}`}${stderr.trim() === '' ? '' : `: ${shorten(stderr.trim(), SHOWN)}`}`);
    },
    // One that still runs would keep this program alive until its own time is over.
    close: async () => ending.abort(),
  };
}

function checkProgram(program: string, uid: number): void {
  const shown = printable(program);
  if (!isAbsolute(program)) throw new TickwardError('BAD_INPUT', `the command ${shown} is no absolute path`, { hint: 'write it from / on; arguments are values of their own' });
  let foreign: string | undefined;
  try {
    accessSync(program, constants.X_OK);
    foreign = foreignness(statSync(program), uid);
  } catch (error) {
    throw new TickwardError('BAD_INPUT', `the command ${shown} cannot be run: ${errnoOf(error) ?? 'unknown'}`, { hint: 'check the path and its permissions' });
  }
  if (foreign !== undefined) throw new TickwardError('REFUSED', `the command ${shown} ${foreign}: it is not run`, { hint: `look at it, then: chown root ${shown}; chmod go-w ${shown}` });
  refuseForeignDirectory(dirname(program), uid);
}
