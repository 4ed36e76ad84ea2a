/** Questions line by line, for a terminal that cannot move its cursor (TERM=dumb, as in an editor's shell or on a rescue console): what inquirer draws there nobody can read. */
import { TickwardError } from '../model/errors.ts';
import type { Ui } from './ui.ts';

export interface Streams {
  input: NodeJS.ReadableStream;
  output: NodeJS.WritableStream;
}

const STANDARD: Streams = { input: process.stdin, output: process.stdout };

export function createPlainUi(interrupted: () => TickwardError, signal?: AbortSignal, streams: Streams = STANDARD): Ui {
  /** Until `read` takes what was typed. */
  const ask = async <Value>(question: string, read: (text: string) => { value: Value } | { wrong: string }): Promise<Value> => {
    for (;;) {
      const answer = read(await lineAfter(question));
      if ('value' in answer) return answer.value;
      streams.output.write(`> ${answer.wrong}\n`);
    }
  };
  const lineAfter = (question: string): Promise<string> => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    // Loaded when it is needed: most runs ask nothing here.
    const lines = process.getBuiltinModule('node:readline').createInterface({ input: streams.input, terminal: false });
    const end = (): void => {
      if (signal?.aborted !== true) streams.output.write('\n');
      reject(interrupted());
    };
    lines.once('line', resolve);
    // Ctrl-D, or a terminal that is gone.
    lines.once('close', end);
    lines.once('error', end);
    // The terminal sends a signal here, where inquirer gets the key.
    process.once('SIGINT', end);
    signal?.addEventListener('abort', end);
    if (signal?.aborted === true) end();
    else streams.output.write(`? ${question} `);
    return promise.finally(() => {
      lines.off('close', end);
      lines.close();
      process.off('SIGINT', end);
      signal?.removeEventListener('abort', end);
    });
  };
  return {
    confirm: (message) => ask(`${message} (y/N)`, (text) => (YES_OR_NO.test(text) ? { value: /^\s*y/i.test(text) } : { wrong: 'You must answer with "yes" or "no"' })),
    select(message, choices, offered) {
      const at = Math.max(0, choices.findIndex(({ value }) => value === offered));
      const listed = choices.map(({ name, description }, index) => `  ${index + 1}) ${name}${description === undefined ? '' : `\n     ${description}`}\n`);
      return ask(`${message}\n${listed.join('')}Number (${at + 1}):`, (text) => {
        const chosen = choices[text.trim() === '' ? at : Number(text) - 1];
        return chosen === undefined ? { wrong: `You must answer with a number from 1 to ${choices.length}` } : { value: chosen.value };
      });
    },
    input: (message, refuse, before) =>
      ask(before === undefined ? message : `${message} (${before})`, (text) => {
        const value = text === '' && before !== undefined ? before : text;
        const wrong = refuse?.(value);
        return wrong === undefined ? { value } : { wrong };
      }),
  };
}

const YES_OR_NO = /^\s*(?:y(?:es)?|no?|)\s*$/i;
