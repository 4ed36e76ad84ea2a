import { PassThrough } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { createProgress } from '../../src/cli/investigation-output.ts';
import { createPlainUi, type Streams } from '../../src/cli/plain-ui.ts';
import { TickwardError } from '../../src/model/errors.ts';

/** Types a line at each question, one after the other. */
function typing(lines: readonly string[]): { streams: Streams; shown: () => string } {
  const input = new PassThrough();
  const output = new PassThrough();
  const left = [...lines];
  let text = '';
  output.on('data', (data: Buffer) => {
    text += data.toString();
    const line = left.shift();
    if (!text.endsWith(' ')) left.unshift(...(line === undefined ? [] : [line]));
    else if (line === undefined) input.end();
    else input.write(`${line}\n`);
  });
  return { streams: { input, output }, shown: () => text };
}

const interrupted = (): TickwardError => new TickwardError('INTERRUPTED', 'interrupted');
const choices = [{ value: 'a', name: 'first', description: 'more of it' }, { value: 'b', name: 'second' }] as const;

test('a list is answered with a number, and the one that is offered with nothing', async () => {
  const { streams, shown } = typing(['3', 'b', '1', '']);
  const ui = createPlainUi(interrupted, undefined, streams);
  expect(await ui.select('Which?', choices, 'b')).toBe('a');
  expect(shown()).toContain('? Which?\n  1) first\n     more of it\n  2) second\nNumber (2): > You must answer with a number from 1 to 2\n');
  expect(await ui.select('Which?', choices, 'b')).toBe('b');
});

test('a line is refused with the reason, and what was answered before is offered', async () => {
  const { streams } = typing(['', 'x', '', 'y']);
  const ui = createPlainUi(interrupted, undefined, streams);
  expect(await ui.input('Why?', (text) => (text === '' ? 'say why' : undefined))).toBe('x');
  expect(await ui.input('Who?', undefined, 'alice')).toBe('alice');
  expect(await ui.input('Who?', undefined, 'alice')).toBe('y');
});

test('the end of what is typed, and the signal, interrupt', async () => {
  const { streams } = typing([]);
  await expect(createPlainUi(interrupted, undefined, streams).confirm('Do it?')).rejects.toMatchObject({ code: 'INTERRUPTED' });
  await expect(createPlainUi(interrupted, AbortSignal.abort(), typing(['y']).streams).confirm('Do it?')).rejects.toMatchObject({ code: 'INTERRUPTED' });
});

test.each([['dumb', ''], ['xterm', '\r\u001b[Klooking']])('on a terminal called %s a line that is replaced is %j', (name, expected) => {
  vi.stubEnv('TERM', name);
  const stderr = new PassThrough();
  createProgress(Object.assign(stderr, { isTTY: true, columns: 80 }) as unknown as NodeJS.WriteStream).show('looking');
  vi.unstubAllEnvs();
  expect(String(stderr.read() ?? '')).toBe(expected);
});
