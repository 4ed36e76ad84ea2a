/** Tells a program of the operator's what is going on: to page someone, to open a ticket. */
import { z } from 'zod';
import { hostIdentity } from '../host/identity.ts';
import { checkProgram, tellProgram } from '../host/program.ts';
import { advisedMessageOf, TickwardError } from '../model/errors.ts';
import { printable, shorten } from '../model/text.ts';
import type { Action } from './action.ts';
import { worded } from './journal-forms.ts';
import { nothingToUndo } from './undoing.ts';

const params = z.strictObject({
  /** The program, from `/` on, and its arguments; there is no shell. */
  command: z.array(z.string()).default([]),
  message: z.string().default(''),
  /** Seconds until it is ended. */
  timeout: z.int().min(1).max(300).default(10),
});

type Params = z.infer<typeof params>;

interface Data {
  command: string[];
  message: string;
  timeout: number;
  /** What it said for its end, filled in by `apply`. */
  ended: string;
}

const SHOWN = 200;

export const notify: Action<Params, Data> = {
  name: 'notify',
  summary: 'tells a program of yours about the run, in JSON on its input',
  example: 'action: notify\nparams: {command: [/usr/local/bin/page-soc, --now], message: "timer removed"}',
  needs: [],
  undoable: false,
  reversible: 'not: what was told is told',
  params,

  async plan(given, context) {
    const data: Data = { ...given, ended: '' };
    const [program] = given.command;
    if (program === undefined) return { state: 'nothing-to-do', reason: 'no command was given', steps: [], notes: [], data };
    const steps = [{ text: `run ${given.command.map((word) => shorten(word, SHOWN)).join(' ')}, with the run in JSON on its input, for ${given.timeout} s at most`, target: printable(program) }];
    const reason = whyNot(program, context.uid);
    return reason === undefined ? { state: 'ready', steps, notes: [], data } : { state: 'blocked', reason, steps, notes: [], data };
  },

  async apply({ data, steps }, context, record) {
    const document = { '@timestamp': new Date().toISOString(), run: context.run, step: context.step, message: data.message, host: hostIdentity(), target: context.target };
    record(worded(steps[0]?.text, { kind: 'notified', command: data.command }));
    await tellProgram(data.command, document, { timeout: data.timeout * 1_000 });
    data.ended = `${printable(data.command[0] ?? '')} was told`;
    return [];
  },

  async verify({ data }) {
    return data.ended === '' ? { ok: false, text: 'it was not run' } : { ok: true, text: data.ended };
  },

  undo: nothingToUndo,
};

function whyNot(program: string, uid: number): string | undefined {
  try {
    checkProgram(program, uid);
    return undefined;
  } catch (error) {
    if (error instanceof TickwardError) return advisedMessageOf(error);
    throw error;
  }
}
