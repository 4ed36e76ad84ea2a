/** What was written goes from SQLite's log into the database, and who writes does not wait for the disk. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
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

test('it is in the database soon, and the transaction that was the last has not waited for that', async () => {
  const directory = temporaryDirectory();
  const store = openStore(directory);
  const size = (): number => statSync(join(directory, 'events.db')).size;
  const before = size();
  storeMany(store);
  expect(size()).toBe(before);
  await until(() => size() > before, () => 'what was written in the database itself');
  store.close();
});

test('a reader that is in the middle of it holds nothing up, sees what it saw, and nothing is lost', async () => {
  const directory = temporaryDirectory();
  const store = openStore(directory);
  const reader = openStore(directory);
  store.events.append([fileEvent()]);
  const reading = reader.events.list();
  expect(reading.next().done).toBe(false);
  for (let round = 0; round < 3; round += 1) {
    storeMany(store);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect([...reading]).toHaveLength(0);
  expect(reader.events.count()).toBe(1 + 3 * TRANSACTIONS);
  reader.close();
  store.close();
});

test('a store that is closed meanwhile is whole', async () => {
  const directory = temporaryDirectory();
  const store = openStore(directory);
  storeMany(store);
  store.close();
  await new Promise((resolve) => setTimeout(resolve, 100));
  const again = openStore(directory);
  expect(again.events.count()).toBe(TRANSACTIONS);
  again.close();
});
