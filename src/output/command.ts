/** A program of the operator's for every alert, which reads it as JSON from its input. */
import { checkProgram, tellProgram } from '../host/program.ts';
import { printable } from '../model/text.ts';
import { alertDocument } from './document.ts';
import type { CommandOutput, Sink } from './types.ts';

/** Throws BAD_INPUT and REFUSED for a program that is not there, or that others may change. */
export function createCommandSink({ command, timeoutMs, concurrency }: CommandOutput, uid: number): Sink {
  const [program = ''] = command;
  checkProgram(program, uid);
  const ending = new AbortController();
  return {
    name: `the command ${printable(program)}`,
    concurrency,
    // It may have done half of its work: twice may be worse than not.
    retries: false,
    deliver: (alert) => tellProgram(command, alertDocument(alert), { timeout: timeoutMs, signal: ending.signal }),
    // One that still runs would keep this program alive until its own time is over.
    close: async () => ending.abort(),
  };
}
