/** A store that somebody damaged: the host is watched all the same where that can be, and where not, nothing is left open. */
import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { placesOf } from '../../src/host/directories.ts';
import { openStore } from '../../src/store/index.ts';
import { startWatch, type Watch, type WatchOptions } from '../../src/watch/index.ts';
import { destroyKnown, spoilKnown } from '../helpers/damage.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { units as unitsAt } from '../helpers/sensing.ts';
import { until } from '../helpers/until.ts';

interface Site {
  stateDir: string;
  units: string;
  notices: string[];
  watch(): Promise<Watch>;
}

function site(): Site {
  const root = temporaryDirectory();
  const [stateDir, units] = [join(root, 'state'), join(root, 'units')];
  mkdirSync(units);
  openStore(stateDir).close();
  const notices: string[] = [];
  const watch = async (): Promise<Watch> => {
    const store = openStore(stateDir);
    const options: WatchOptions = { store, rules: () => Promise.resolve([]), places: () => placesOf(unitsAt(units)), onNotice: ({ message }) => void notices.push(message) };
    onTestFinished(() => store.close());
    return startWatch(options);
  };
  return { stateDir, units, notices, watch };
}

test('where what was known is illegible it is begun anew, and said once', async () => {
  const { stateDir, units, notices, watch } = site();
  spoilKnown(stateDir);
  const watching = await watch();
  expect(notices).toEqual(expect.arrayContaining([expect.stringMatching(/^what was known of the directories is damaged in .*events\.db: .*; it is begun anew: what changed while nobody watched is not told of$/)]));
  writeFileSync(join(units, 'a.timer'), '');
  const store = openStore(stateDir);
  await until(() => [...store.events.list()].some(({ file }) => file.name === 'a.timer'));
  store.close();
  await watching.stop();
  notices.length = 0;
  await (await watch()).stop();
  expect(notices.filter((notice) => notice.includes('damaged'))).toEqual([]);
});

test('where the store was removed or replaced while it watches, that is said once', async () => {
  const { stateDir, units, notices, watch } = site();
  const watching = await watch();
  const said = (): string[] => notices.filter((notice) => notice.includes('was removed or replaced'));
  expect(said()).toEqual([]);
  renameSync(stateDir, `${stateDir}.old`);
  openStore(stateDir).close();
  writeFileSync(join(units, 'a.timer'), '');
  await until(() => said().length > 0, () => 'the word on it', 15_000);
  await setTimeout(5_500);
  expect(said()).toHaveLength(1);
  await watching.stop();
});

test('where it cannot start, it leaves nothing open', async () => {
  const { stateDir, watch } = site();
  destroyKnown(stateDir);
  const open = (): number => readdirSync('/proc/self/fd').length;
  const failing = (): Promise<void> => expect(watch()).rejects.toMatchObject({ code: 'STATE' });
  // The first opens what is kept for the whole process.
  await failing();
  const first = open();
  await failing();
  const each = open() - first;
  await failing();
  // The stores of the test are open still.
  expect(open() - first).toBe(2 * each);
  expect(each).toBeLessThanOrEqual(4);
});
