/** Following a file as `tail -F` does. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readdirSync, readlinkSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { tail } from '../../src/watch/tail.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { until } from '../helpers/until.ts';

interface Followed {
  /** All that was read, with `|` where another file begins. */
  text(): string;
  /** How often its end was seen. */
  ends(): number;
  notices: string[];
}

function follow(path: string): Followed {
  const stopping = new AbortController();
  const notices: string[] = [];
  let text = '';
  let ends = 0;
  const done = (async () => {
    for await (const piece of tail(path, { once: false, signal: stopping.signal, onNotice: ({ message }) => notices.push(message) })) {
      if (piece === 'end') ends += 1;
      else text += piece === 'other' ? '|' : piece.toString();
    }
  })();
  onTestFinished(async () => {
    stopping.abort();
    await done;
  });
  return { text: () => text, ends: () => ends, notices };
}

function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    // That of the listing itself.
    return '';
  }
}

const read = (followed: Followed, text: string): Promise<void> => until(() => followed.text() === text, () => `${JSON.stringify(text)}, got ${JSON.stringify(followed.text())}`);

test('what is appended is read, half lines as they come', async () => {
  const path = join(temporaryDirectory(), 'log');
  writeFileSync(path, 'one\n');
  const followed = follow(path);
  await read(followed, 'one\n');
  appendFileSync(path, 'tw');
  await read(followed, 'one\ntw');
  appendFileSync(path, 'o\n');
  await read(followed, 'one\ntwo\n');
  expect(followed.notices).toEqual([]);
});

test('who leaves between two files leaves none open', async () => {
  const path = join(temporaryDirectory(), 'log');
  writeFileSync(path, 'old\n');
  const open = (): number => readdirSync('/proc/self/fd').filter((fd) => linkOf(fd).startsWith(path)).length;
  let atOnce = 0;
  for await (const piece of tail(path, { once: false, signal: new AbortController().signal, onNotice: () => undefined })) {
    if (piece === 'end') {
      renameSync(path, `${path}.1`);
      appendFileSync(`${path}.1`, 'last words\n');
      writeFileSync(path, 'new\n');
    } else if (piece !== 'other' && piece.toString() === 'last words\n') {
      atOnce = open();
      break;
    }
  }
  expect(atOnce).toBe(2);
  expect(open()).toBe(0);
});

test('a file that is renamed away is read to its end, then the new one from its start', async () => {
  const path = join(temporaryDirectory(), 'log');
  writeFileSync(path, 'old\n');
  const followed = follow(path);
  await until(() => followed.ends() > 0);
  renameSync(path, `${path}.1`);
  appendFileSync(`${path}.1`, 'last words\n');
  await read(followed, 'old\nlast words\n');
  writeFileSync(path, 'new\n');
  await read(followed, 'old\nlast words\n|new\n');
  expect(followed.notices.join()).toContain('is another file now');
});

test('a new file that is empty yet does not end the reading of the old one, into which somebody still writes', async () => {
  const path = join(temporaryDirectory(), 'log');
  writeFileSync(path, 'old\n');
  const followed = follow(path);
  await read(followed, 'old\n');
  renameSync(path, `${path}.1`);
  writeFileSync(path, '');
  const ends = followed.ends();
  await until(() => followed.ends() > ends + 2);
  appendFileSync(`${path}.1`, 'last words\n');
  await read(followed, 'old\nlast words\n');
  appendFileSync(path, 'new\n');
  await read(followed, 'old\nlast words\n|new\n');
  expect(followed.notices).toEqual([expect.stringContaining('is another file now')]);
});

test('a file that is cut short is read from its start', async () => {
  const path = join(temporaryDirectory(), 'log');
  writeFileSync(path, 'a long line\n');
  const followed = follow(path);
  await read(followed, 'a long line\n');
  truncateSync(path);
  await until(() => followed.text().endsWith('|'));
  appendFileSync(path, 'new\n');
  await read(followed, 'a long line\n|new\n');
  expect(followed.notices.join()).toContain('was cut short');
});

test('a file that is not there yet is waited for; a directory in its place is said once', async () => {
  const path = join(temporaryDirectory(), 'log');
  const followed = follow(path);
  await until(() => followed.notices.length > 0);
  expect(followed.notices[0]).toContain('waiting for it');
  mkdirSync(path);
  await until(() => followed.notices.length > 1);
  const ends = followed.ends();
  await until(() => followed.ends() > ends + 1);
  expect(followed.notices).toHaveLength(2);
  expect(followed.notices[1]).toContain('a directory');
  renameSync(path, `${path}.d`);
  writeFileSync(path, 'there\n');
  await until(() => followed.text().endsWith('there\n'));
});

async function once(path: string): Promise<string> {
  let text = '';
  for await (const piece of tail(path, { once: true, signal: new AbortController().signal, onNotice: () => undefined })) if (piece instanceof Buffer) text += piece.toString();
  return text;
}

test('once ends at the end, over many reads', async () => {
  const path = join(temporaryDirectory(), 'log');
  const text = 'x'.repeat(700_000);
  writeFileSync(path, text);
  expect(await once(path)).toBe(text);
});

test('what is no file is refused at once', async () => {
  const directory = temporaryDirectory();
  const pipe = join(directory, 'pipe');
  expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
  await expect(once(directory)).rejects.toMatchObject({ code: 'BAD_INPUT', message: expect.stringContaining('is a directory') });
  await expect(once(pipe)).rejects.toMatchObject({ code: 'BAD_INPUT', message: expect.stringContaining('is a pipe') });
  await expect(once('/dev/zero')).rejects.toMatchObject({ code: 'BAD_INPUT', message: expect.stringContaining('is a device') });
  await expect(once(join(directory, 'none'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(once(join(pipe, 'below'))).rejects.toMatchObject({ code: 'FAILED' });
});
