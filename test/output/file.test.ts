import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Alert } from '../../src/model/event.ts';
import { createFileSink } from '../../src/output/file.ts';
import type { Sink } from '../../src/output/types.ts';
import { alertOf } from '../helpers/alerts.ts';
import { fileEvent, temporaryDirectory } from '../helpers/events.ts';
import { jsonLines } from '../helpers/lines.ts';
import { noMounts, printedAmongMounts } from '../helpers/mounts.ts';

const UID = process.getuid?.() ?? 0;

function site(changes: { maxBytes?: number; keep?: number } = {}): { path: string; sink: Sink; write: (...alerts: Alert[]) => Promise<void> } {
  const path = join(temporaryDirectory(), 'alerts.ndjson');
  const sink = createFileSink({ type: 'file', path, maxBytes: 1_000_000, keep: 2, ...changes }, UID);
  onTestFinished(() => sink.close());
  return {
    path,
    sink,
    async write(...alerts) {
      for (const alert of alerts) await sink.deliver(alert);
    },
  };
}

const ids = (path: string): string[] => jsonLines<{ event: { id: string } }>(readFileSync(path, 'utf8')).map(({ event }) => event.id);

test('each alert is a line, in a file that only its owner reads', async () => {
  const { path, write } = site();
  const alerts = [alertOf(), alertOf()];
  await write(...alerts);
  expect(ids(path)).toEqual(alerts.map(({ id }) => id));
  expect(readFileSync(path, 'utf8').endsWith('\n')).toBe(true);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('what would act on the terminal of who looks at it is written as an escape', async () => {
  const { path, write } = site();
  const event = fileEvent();
  const name = 'a\u009b31m\u007f\u202egnp.timer';
  await write(alertOf({ event: { ...event, file: { ...event.file, name } } }));
  expect(readFileSync(path, 'utf8')).toMatch(/^[\x20-\x7e]+\n$/);
  expect(jsonLines<Alert['event']>(readFileSync(path, 'utf8'))[0]?.file.name).toBe(name);
});

test('a file that is full is renamed with its inode, and the oldest goes', async () => {
  const { path, write } = site({ maxBytes: 10, keep: 2 });
  const [a, b, c, d] = [alertOf(), alertOf(), alertOf(), alertOf()];
  await write(a);
  const { ino } = statSync(path);
  await write(b);
  expect(statSync(`${path}.1`).ino).toBe(ino);
  await write(c, d);
  expect([ids(path), ids(`${path}.1`), ids(`${path}.2`)]).toEqual([[d.id], [c.id], [b.id]]);
  expect(existsSync(`${path}.3`)).toBe(false);
});

test('what another program renames or removes is begun anew', async () => {
  const { path, write } = site();
  const [a, b] = [alertOf(), alertOf()];
  await write(a);
  renameSync(path, `${path}.old`);
  await write(b);
  expect([ids(`${path}.old`), ids(path)]).toEqual([[a.id], [b.id]]);
});

test('a line that was cut off before does not spoil the next', async () => {
  const { path, write } = site();
  writeFileSync(path, '{"half":', { mode: 0o600 });
  const alert = alertOf();
  await write(alert);
  const [torn, whole] = readFileSync(path, 'utf8').split('\n');
  expect(torn).toBe('{"half":');
  expect(JSON.parse(whole ?? '')).toMatchObject({ event: { id: alert.id } });
});

test.each<[string, (path: string) => void, RegExp]>([
  ['a link', (path) => { writeFileSync(`${path}.target`, ''); symlinkSync(`${path}.target`, path); }, /is a link/],
  ['one of two names of a file', (path) => { writeFileSync(`${path}.other`, '', { mode: 0o600 }); linkSync(`${path}.other`, path); }, /one of 2 names/],
  ['a pipe', (path) => spawnSync('mkfifo', [path]), /is no regular file/],
  ['what others may write', (path) => { writeFileSync(path, ''); chmodSync(path, 0o666); }, /can be written by others/],
])('%s in its place is refused', async (_, put, message) => {
  const { path, write } = site();
  put(path);
  await expect(write(alertOf())).rejects.toThrow(expect.objectContaining({ code: 'REFUSED', message: expect.stringMatching(message) }));
});

test('a directory that others may write, at any level, and a path that is not whole are refused', () => {
  const open = join(temporaryDirectory(), 'open');
  mkdirSync(join(open, 'below'), { recursive: true });
  chmodSync(open, 0o777);
  const create = (path: string): Sink => createFileSink({ type: 'file', path, maxBytes: 1, keep: 1 }, UID);
  expect(() => create(join(open, 'below/alerts.ndjson'))).toThrow(expect.objectContaining({ code: 'REFUSED', message: expect.stringContaining('can be written by others') }));
  expect(() => create('alerts.ndjson')).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
  expect(() => create(join(temporaryDirectory(), 'no/alerts.ndjson'))).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
});

test.skipIf(noMounts !== undefined)(`of a full disk nothing is lost but the room: what fits after it is written whole (${noMounts ?? 'on a small tmpfs'})`, () => {
  const program = `
    import { closeSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
    import { createFileSink } from ${JSON.stringify(new URL('../../src/output/file.ts', import.meta.url).pathname)};
    const alert = ${JSON.stringify(alertOf())};
    const sink = createFileSink({ type: 'file', path: '/mnt/alerts.ndjson', maxBytes: 1e9, keep: 1 }, 0);
    const fill = openSync('/mnt/fill', 'w');
    try { for (;;) writeSync(fill, Buffer.alloc(4096)); } catch { closeSync(fill); }
    let failed = 0;
    for (let n = 0; n < 3; n++) await sink.deliver(alert).catch(() => failed++);
    unlinkSync('/mnt/fill');
    await sink.deliver(alert);
    const lines = readFileSync('/mnt/alerts.ndjson', 'utf8').split('\\n').filter(Boolean);
    console.log(JSON.stringify({ failed: failed > 0, id: JSON.parse(lines.at(-1)).event.id === alert.id }));
    await sink.close();`;
  expect(printedAmongMounts('mount -t tmpfs -o size=64k tmpfs /mnt', program)).toEqual({ failed: true, id: true });
});
