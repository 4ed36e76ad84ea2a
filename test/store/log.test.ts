/** What was written goes from SQLite's log into the database, and who writes does not wait for the disk. */
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { openStore, type Store } from '../../src/store/index.ts';
import { fileEvent, temporaryDirectory } from '../helpers/events.ts';
import { until } from '../helpers/until.ts';

/** Enough for one go, far from what SQLite itself waits for. */
const TRANSACTIONS = 200;

function storeMany(store: Store): void {
  for (let count = 0; count < TRANSACTIONS; count += 1) {
    store.events.append([fileEvent()]);
    store.log.grew(2);
  }
}

/** Takes the log to the disk, behind who does it already. */
async function flush(directory: string): Promise<void> {
  for (let times = 0; times < 2; times += 1) {
    await using log = await open(join(directory, 'events.db-wal'));
    await log.datasync();
  }
}

test('it is in the database soon, each time, and the transaction that was the last has not waited for that', async () => {
  const directory = temporaryDirectory();
  const store = openStore(directory);
  const size = (): number => statSync(join(directory, 'events.db')).size;
  for (let round = 0; round < 3; round += 1) {
    const before = size();
    storeMany(store);
    expect(size()).toBe(before);
    await until(() => size() > before, () => 'what was written in the database itself');
  }
  store.close();
});

test('what is little stays in the log', async () => {
  const directory = temporaryDirectory();
  const store = openStore(directory);
  const content = (): Buffer => readFileSync(join(directory, 'events.db'));
  const empty = content();
  storeMany(store);
  await until(() => !content().equals(empty), () => 'what was written in the database itself');
  const before = content();
  store.events.append([fileEvent()]);
  store.log.grew(2);
  await flush(directory);
  expect(content().equals(before)).toBe(true);
  store.close();
});

test('a reader that is in the middle of it holds nothing up, sees what it saw, and nothing is lost', async () => {
  const directory = temporaryDirectory();
  const store = openStore(directory);
  store.events.append([fileEvent()]);
  using reader = new DatabaseSync(join(directory, 'events.db'), { readOnly: true });
  const seen = (): unknown => reader.prepare('SELECT count(*) AS count FROM events').get()?.['count'];
  reader.exec('BEGIN');
  expect(seen()).toBe(1);
  for (let round = 0; round < 3; round += 1) {
    storeMany(store);
    const before = performance.now();
    await flush(directory);
    // Who waits for a reader waits for 5 s.
    expect(performance.now() - before).toBeLessThan(4_000);
  }
  expect(seen()).toBe(1);
  reader.exec('COMMIT');
  expect(seen()).toBe(1 + 3 * TRANSACTIONS);
  store.close();
});

test('a store that is closed meanwhile is whole, and nothing of it goes wrong afterwards', () => {
  const directory = temporaryDirectory();
  // In a process of its own: what is thrown when the disk has the log would end it, and concerns no test here.
  const script = `
    import { openStore } from '${join(import.meta.dirname, '../../src/store/index.ts')}';
    const store = openStore(process.argv[1]);
    const event = ${JSON.stringify(fileEvent())};
    for (let count = 0; count < ${TRANSACTIONS}; count += 1) {
      store.events.append([{ ...event, event: { ...event.event, id: String(count) } }]);
      store.log.grew(2);
    }
    store.close();`;
  const { status, stderr } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module-typescript', '-e', script, directory], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const again = openStore(directory);
  expect(again.events.count()).toBe(TRANSACTIONS);
  again.close();
});
