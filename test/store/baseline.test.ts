/** What is known of the directories: with the events or not at all, in any order of changes, and through a compaction. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { KnownEntry, Signature } from '../../src/model/baseline.ts';
import { openStore } from '../../src/store/index.ts';
import { fileEvent, temporaryDirectory } from '../helpers/events.ts';
import { plainly } from '../helpers/known.ts';

const STORE = new URL('../../src/store/index.ts', import.meta.url).pathname;

const entry: fc.Arbitrary<KnownEntry> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ folder: fc.constantFrom('/a', '/b', '/c'), name: fc.constantFrom('x', 'y', 'z', '\u00ff\n'), signature: fc.option(fc.record({ inode: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), changed: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) }), { nil: undefined }) }) },
  { weight: 1, arbitrary: fc.record({ folder: fc.constantFrom('/a', '/b', '/c'), present: fc.boolean() }) },
);

/** The same by the plainest means. */
function model(batches: readonly (readonly KnownEntry[])[]): Map<string, Map<string, Signature>> | undefined {
  if (batches.every((batch) => batch.length === 0)) return undefined;
  const folders = new Map<string, Map<string, Signature>>();
  for (const known of batches.flat()) {
    if ('name' in known) {
      const entries = folders.get(known.folder) ?? new Map();
      folders.set(known.folder, entries);
      if (known.signature === undefined) entries.delete(known.name);
      else entries.set(known.name, known.signature);
    } else if (!known.present) folders.delete(known.folder);
    else folders.set(known.folder, folders.get(known.folder) ?? new Map());
  }
  return folders;
}

test('what was recorded is read back as it is last, in this process and the next', () => {
  fc.assert(
    fc.property(fc.array(fc.array(entry, { maxLength: 6 }), { maxLength: 8 }), (batches) => {
      const directory = temporaryDirectory();
      const store = openStore(directory);
      for (const batch of batches) store.events.append([], batch);
      expect(plainly(store.baseline.read())).toEqual(model(batches));
      store.close();
      expect(plainly(openStore(directory).baseline.read())).toEqual(model(batches));
    }),
    { numRuns: 40 },
  );
});

test('a compaction changes nothing of it, at every step and however many there were before', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.array(entry, { maxLength: 6 }), fc.boolean()), { maxLength: 30 }), (batches) => {
      const directory = temporaryDirectory();
      const done: KnownEntry[][] = [];
      let { events, baseline } = openStore(directory);
      for (const [batch, isCompacted] of batches) {
        events.append([], batch);
        done.push(batch);
        if (!isCompacted) continue;
        // A new process does not know how much there is to do, and looks; this one waits for more.
        ({ events, baseline } = openStore(directory));
        do expect(plainly(baseline.read())).toEqual(model(done)); while (baseline.compact());
        expect(plainly(baseline.read())).toEqual(model(done));
      }
    }),
    { numRuns: 30 },
  );
});

test('what comes and goes takes no room for long', () => {
  const directory = temporaryDirectory();
  const { events, baseline } = openStore(directory);
  const size = (): unknown => new DatabaseSync(join(directory, 'events.db')).prepare('SELECT count(*) AS rows, sum(length(folders) + length(signatures)) AS bytes FROM baseline').get();
  events.append([], [{ folder: '/a', name: 'stays', signature: { inode: 1n, changed: 1n } }]);
  for (let round = 0; round < 3; round += 1) {
    for (let n = 0; n < 60; n += 1) {
      const names = Array.from({ length: 500 }, (_, index) => `${round}-${n}-${index}`);
      events.append([], names.map((name) => ({ folder: '/a', name, signature: { inode: 2n, changed: 2n } })));
      events.append([], names.map((name) => ({ folder: '/a', name })));
    }
    while (baseline.compact());
  }
  expect(plainly(baseline.read())).toEqual(new Map([['/a', new Map([['stays', { inode: 1n, changed: 1n }]])]]));
  // The names of the last round are still said to be gone, those before are forgotten.
  expect(Number((size() as { bytes: number }).bytes)).toBeLessThan(450_000);
});

test('a batch that cannot be stored changes nothing that is known', () => {
  const { events, baseline } = openStore(temporaryDirectory());
  const before = [{ folder: '/a', name: 'x', signature: { inode: 1n, changed: 1n } }];
  events.append([fileEvent()], before);
  const broken = { ...fileEvent(), '@timestamp': 'never' };
  expect(() => events.append([broken], [{ folder: '/a', name: 'x' }])).toThrow('Invalid time value');
  expect(plainly(baseline.read())).toEqual(model([before]));
  expect(events.count()).toBe(1);
});

test('killed at any moment, what is known agrees with the last event of every name', async () => {
  const directory = temporaryDirectory();
  const program = `
    import { openStore } from ${JSON.stringify(STORE)};
    const store = openStore(${JSON.stringify(directory)});
    const base = ${JSON.stringify(fileEvent())};
    let n = 0;
    setInterval(() => { while (store.baseline.compact()); store.events.prune({ maxAgeMs: 1e15, maxCount: 5000 }, Date.now()); }, 5);
    const step = () => {
      for (let batch = 0; batch < 20; batch++) {
        const events = [], known = [];
        for (let index = Math.floor(Math.random() * 30); index >= 0; index--) {
          const name = 'n' + Math.floor(Math.random() * 300), id = process.pid + '-' + n++, inode = Math.floor(Math.random() * 2 ** 40), gone = Math.random() < 0.4;
          events.push({ ...base, event: { ...base.event, id, action: gone ? 'deletion' : 'creation' }, file: { ...base.file, path: '/u/' + name, directory: '/u', name, inode: String(inode) } });
          known.push(gone ? { folder: '/u', name } : { folder: '/u', name, signature: { inode: BigInt(inode), changed: BigInt(n) } });
        }
        store.events.append(events, known);
        process.stdout.write(events.at(-1).event.id + '\\n');
      }
      setImmediate(step);
    };
    step();`;
  for (let round = 0; round < 8; round += 1) {
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    const wanted = 1 + Math.random() * 3_000;
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.length > wanted) child.kill('SIGKILL');
    });
    await once(child, 'close');
    const store = openStore(directory);
    const last = new Map<string, string | undefined>();
    for (const { event, file } of store.events.list()) last.set(file.name, event.action === 'deletion' ? undefined : file.inode);
    const known = store.baseline.read()?.get('/u');
    expect([...last].map(([name]) => [name, known?.get(name)?.inode.toString()])).toEqual([...last]);
    const acknowledged = output.slice(0, output.lastIndexOf('\n')).split('\n').at(-1) ?? '';
    expect(store.events.get(acknowledged), 'the last event that was acknowledged').toBeDefined();
    store.close();
  }
});
