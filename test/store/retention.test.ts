/** How long and how many events are kept: where it is said, and that it is done. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { resolveSettings } from '../../src/cli/settings.ts';
import { createKeeper } from '../../src/store/keeper.ts';
import { openStore } from '../../src/store/index.ts';
import { parseLocks } from '../../src/store/lock.ts';
import { retentionFrom } from '../../src/store/retention.ts';
import { fileEvent, temporaryDirectory } from '../helpers/events.ts';
import { until } from '../helpers/until.ts';

const DAY = 86_400_000;

async function settingsOf(config: string, environment: NodeJS.ProcessEnv = {}): Promise<unknown> {
  const file = join(temporaryDirectory(), 'config.yaml');
  writeFileSync(file, config);
  return (await resolveSettings({ config: file }, environment, process.getuid?.() ?? 0)).retention;
}

test.each([
  ['', {}, { maxAgeMs: 90 * DAY, maxCount: 1_000_000 }],
  ['retention: { days: 7 }', {}, { maxAgeMs: 7 * DAY, maxCount: 1_000_000 }],
  ['retention: { days: 0.5, events: 10 }', {}, { maxAgeMs: DAY / 2, maxCount: 10 }],
  ['retention: { days: 7, events: 10 }', { TICKWARD_RETENTION_EVENTS: '20' }, { maxAgeMs: 7 * DAY, maxCount: 20 }],
  ['retention: { days: 7 }', { TICKWARD_RETENTION_DAYS: '1' }, { maxAgeMs: DAY, maxCount: 1_000_000 }],
])('the configuration %j with %j keeps %j', async (config, environment, expected) => {
  expect(await settingsOf(config, environment)).toEqual(expected);
});

test.each([
  ['retention: { days: 0 }', 'retention.days'],
  ['retention: { days: 100000 }', 'retention.days'],
  ['retention: { events: 1.5 }', 'retention.events'],
  ['retention: { events: many }', 'retention.events'],
  ['retention: { weeks: 1 }', 'weeks'],
  ['retention: 90', 'retention'],
])('the configuration %j is refused and says why', async (config, message) => {
  await expect(settingsOf(config)).rejects.toThrow(expect.objectContaining({ code: 'BAD_INPUT', message: expect.stringContaining(message) }));
});

test.each([
  [{ TICKWARD_RETENTION_DAYS: 'soon' }, 'soon is no value for TICKWARD_RETENTION_DAYS'],
  [{ TICKWARD_RETENTION_DAYS: '-1' }, '-1 is no value for TICKWARD_RETENTION_DAYS'],
  [{ TICKWARD_RETENTION_DAYS: '36501' }, '36501 is no value for TICKWARD_RETENTION_DAYS'],
  [{ TICKWARD_RETENTION_EVENTS: '0' }, '0 is no value for TICKWARD_RETENTION_EVENTS'],
  [{ TICKWARD_RETENTION_EVENTS: '1e400' }, '1e400 is no value for TICKWARD_RETENTION_EVENTS'],
])('the environment %j is refused and says why', (environment, message) => {
  expect(() => retentionFrom(environment)).toThrow(expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(message) }));
});

test('in a storm the surplus goes while it lasts, not an hour later', async () => {
  const store = openStore(temporaryDirectory());
  const keeper = createKeeper(store, { maxAgeMs: DAY, maxCount: 1_000 }, vi.fn());
  for (let n = 0; n < 12; n += 1) {
    store.events.append(Array.from({ length: 500 }, () => fileEvent()));
    keeper.stored(500);
  }
  await until(() => store.events.count() === 1_000, () => `1,000 events, got ${store.events.count()}`);
  keeper.close();
  expect([...store.events.list()]).toHaveLength(1_000);
});

test('the holder of a lock is read from /proc/locks', () => {
  const text = '1: POSIX  ADVISORY  WRITE 812 fe:00:77 1073741826 1073742335\n1: -> POSIX  ADVISORY  WRITE 900 fe:00:77 0 EOF\n2: POSIX  ADVISORY  READ 813 fe:00:78 0 EOF\n3: FLOCK  ADVISORY  WRITE 814 fe:00:79 0 EOF\n';
  expect([77n, 78n, 79n, 80n].map((inode) => parseLocks(text, inode, 0xfe00n))).toEqual([812, undefined, undefined, undefined]);
});

test('who locks a file of the same number elsewhere is not taken for the holder', () => {
  const [mallory, holder] = ['1: POSIX  ADVISORY  WRITE 666 00:1a:77 0 EOF\n', '2: POSIX  ADVISORY  WRITE 812 fe:00:77 1073741826 1073742335\n'];
  expect(parseLocks(mallory + holder, 77n, 0xfe00n)).toBe(812);
  // stat(2) has another device than the kernel's list: nobody is named where it may be two.
  expect(parseLocks(holder, 77n, 0x2fn)).toBe(812);
  expect(parseLocks(mallory + holder, 77n, 0x2fn)).toBeUndefined();
});
