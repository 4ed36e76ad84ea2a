/** A program on a real pseudo-terminal, as a person has it. */
import { spawn, type IPty } from '@lydell/node-pty';
import { stripVTControlCharacters } from 'node:util';
import { onTestFinished } from 'vitest';
import { until } from './until.ts';

export interface Terminal {
  pty: IPty;
  /** Waits for a text that was not waited for before, then types. */
  answer(question: RegExp, keys: string): Promise<void>;
  sees(text: RegExp): Promise<void>;
  ended: Promise<number>;
}

export function terminal(argv: readonly string[]): Terminal {
  const [file = '', ...args] = argv;
  const pty = spawn(file, args, { cols: 120, rows: 50, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/nonexistent', TERM: 'xterm-256color' } });
  let text = '';
  let read = 0;
  pty.onData((data) => {
    text += data;
  });
  const { promise: ended, resolve } = Promise.withResolvers<number>();
  pty.onExit(({ exitCode }) => resolve(exitCode));
  onTestFinished(() => pty.kill('SIGKILL'));
  const sees = async (wanted: RegExp): Promise<void> => {
    await until(() => {
      const plain = stripVTControlCharacters(text);
      const found = wanted.exec(plain.slice(read));
      if (found === null) return false;
      read += found.index + found[0].length;
      return true;
    }, () => `${wanted.source} in ${stripVTControlCharacters(text).slice(read)}`, 20_000);
  };
  return {
    pty,
    sees,
    ended,
    async answer(question, keys) {
      await sees(question);
      pty.write(keys);
    },
  };
}
