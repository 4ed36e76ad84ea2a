import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { createCommandSink } from '../../src/output/command.ts';
import { alertOf } from '../helpers/alerts.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { until } from '../helpers/until.ts';

const UID = process.getuid?.() ?? 0;

function hook(script: string, args: string[] = [], timeoutMs = 20_000): { sink: ReturnType<typeof createCommandSink>; written: () => string; program: string } {
  const directory = temporaryDirectory();
  const program = join(directory, 'hook');
  writeFileSync(program, `#!/bin/sh\ncd ${directory}\n${script}\n`, { mode: 0o700 });
  return { program, sink: createCommandSink({ type: 'command', command: [program, ...args], timeoutMs, concurrency: 1 }, UID), written: () => readFileSync(join(directory, 'out'), 'utf8') };
}

test('it reads the alert as JSON from its input, and its arguments are never read by a shell', async () => {
  const { sink, written } = hook('printf "%s\\n" "$1" > out; cat >> out', ['$(id); `id` "x']);
  const alert = alertOf();
  await sink.deliver(alert);
  const [argument, document = ''] = written().split('\n');
  expect(argument).toBe('$(id); `id` "x');
  expect(JSON.parse(document)).toMatchObject({ event: { kind: 'alert', id: alert.id } });
});

test('one that does not read its input is none that fails', async () => {
  const { sink } = hook('exit 0');
  const event = alertOf().event;
  await expect(sink.deliver(alertOf({ event: { ...event, process: { ...event.process!, command_line: 'x'.repeat(1_000_000) } } }))).resolves.toBeUndefined();
});

test('one that fails is told with what it said, escaped', async () => {
  const { sink } = hook(String.raw`printf 'no \033[2J route' >&2; exit 3`);
  await expect(sink.deliver(alertOf())).rejects.toThrow(String.raw`the program ended by exit code 3: no \e[2J route`);
});

test('one that hangs is ended', async () => {
  const { sink } = hook('exec sleep 600', [], 100);
  await expect(sink.deliver(alertOf())).rejects.toMatchObject({ code: 'TIMEOUT' });
});

test('a program that is not there, not to be run, not named whole, or that others may change is refused', () => {
  const { program } = hook('exit 0');
  const create = (path: string): unknown => createCommandSink({ type: 'command', command: [path], timeoutMs: 1, concurrency: 1 }, UID);
  expect(() => create('hook')).toThrow(expect.objectContaining({ code: 'BAD_INPUT', message: expect.stringContaining('no absolute path') }));
  expect(() => create(`${program}-no`)).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
  chmodSync(program, 0o600);
  expect(() => create(program)).toThrow(expect.objectContaining({ code: 'BAD_INPUT', message: expect.stringContaining('cannot be run: EACCES') }));
  chmodSync(program, 0o777);
  expect(() => create(program)).toThrow(expect.objectContaining({ code: 'REFUSED', message: expect.stringContaining('can be written by others') }));
});

test('closing ends one that still runs, also one that does not listen', async () => {
  const { sink, program } = hook("trap '' TERM; echo x > out; while :; do sleep 0.1; done", [], 3_600_000);
  const delivered = sink.deliver(alertOf());
  await until(() => existsSync(join(dirname(program), 'out')));
  await sink.close();
  await expect(delivered).rejects.toThrow('the program ended by SIGKILL');
});
