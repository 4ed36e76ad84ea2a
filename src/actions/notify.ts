/** Tells a program of the operator's what is going on: to page someone, to open a ticket. */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { run } from '../exec.ts';
import { hostIdentity } from '../host/identity.ts';
import { foreignness, refuseForeignDirectory } from '../host/trust.ts';
import { advisedMessageOf, errnoOf, TickwardError } from '../model/errors.ts';
import { printable, shorten } from '../model/text.ts';
import type { Action } from './action.ts';

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

/** It has nothing to say to us: more ends it. */
const MOST_OUTPUT = 64 * 1024;
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
    const [program = '', ...args] = data.command;
    const document = { '@timestamp': new Date().toISOString(), run: context.run, step: context.step, message: data.message, host: hostIdentity(), target: context.target };
    record({ ...(steps[0] === undefined ? {} : { text: steps[0].text }), data: { kind: 'notified', command: data.command } });
    const { exitCode, signal, stderr } = await run(program, args, { input: `${JSON.stringify(document)}\n`, timeout: data.timeout * 1_000, maxBuffer: MOST_OUTPUT });
    if (exitCode !== 0) throw new TickwardError('FAILED', `${printable(program)} ended by ${signal ?? `exit code ${exitCode}`}${stderr.trim() === '' ? '' : `: ${shorten(stderr.trim(), SHOWN)}`}`, { hint: 'run it by hand, with {} on its input' });
    data.ended = `${printable(program)} was told`;
    return [];
  },

  async verify({ data }) {
    return data.ended === '' ? { ok: false, text: 'it was not run' } : { ok: true, text: data.ended };
  },

  async undo() {
    return { done: [], already: [], failed: [] };
  },
};

/** Whoever may write it, or put another in its place, would be run as us. */
function whyNot(program: string, uid: number): string | undefined {
  const shown = printable(program);
  if (!program.startsWith('/')) return `${shown} is no absolute path: write it from / on, its arguments as values of their own`;
  try {
    const stat = statSync(program);
    if (!stat.isFile() || (stat.mode & 0o111) === 0) return `${shown} is no program`;
    const foreign = foreignness(stat, uid);
    if (foreign !== undefined) return `${shown} ${foreign}: it is not run (chown root, chmod go-w)`;
    refuseForeignDirectory(dirname(program), uid);
    return undefined;
  } catch (error) {
    if (error instanceof TickwardError) return `${shown} is not run: ${advisedMessageOf(error)}`;
    return `${shown} cannot be run: ${errnoOf(error) ?? 'unknown'}`;
  }
}
