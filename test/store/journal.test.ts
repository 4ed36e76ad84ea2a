/** Whatever is done to the journal behind Tickward's back shows when it is verified. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openStore } from '../../src/store/index.ts';
import type { Chain } from '../../src/store/journal.ts';
import { temporaryDirectory } from '../helpers/events.ts';

const COLUMNS = ['seq', 'run', 'time', 'step', 'kind', 'data', 'hash'] as const;

/** A journal of five entries of two runs. */
function journal(): { directory: string; verify: () => Chain; append: () => void; tamper: (sql: string, ...values: (string | number)[]) => void } {
  const directory = temporaryDirectory();
  const within = <Result>(work: (store: ReturnType<typeof openStore>) => Result): Result => {
    const store = openStore(directory);
    try {
      return work(store);
    } finally {
      store.close();
    }
  };
  within(({ journal: kept }) => {
    for (const [run, kind] of [['r1', 'run-started'], ['r1', 'change'], ['r2', 'run-started'], ['r1', 'step-done'], ['r2', 'run-finished']] as const) kept.append({ run, step: 's', kind, data: { text: `${run} ${kind}`, list: [1, null, 'ä'] } });
  });
  return {
    directory,
    verify: () => within((store) => store.journal.verify()),
    append: () => within((store) => void store.journal.append({ run: 'r3', kind: 'run-started', data: {} })),
    tamper(sql, ...values) {
      const raw = new DatabaseSync(join(directory, 'journal.db'));
      raw.exec('DROP TRIGGER IF EXISTS entries_stay; DROP TRIGGER IF EXISTS entries_stay_as_they_are');
      raw.prepare(sql).run(...values);
      raw.close();
    },
  };
}

test('an untouched journal is intact, and says the hash of its end', () => {
  expect(journal().verify()).toEqual({ intact: true, entries: 5, head: expect.stringMatching(/^[0-9a-f]{64}$/) });
});

test('a journal in which nothing was written yet is intact too', () => {
  const store = openStore(temporaryDirectory());
  expect(store.journal.verify()).toEqual({ intact: true, entries: 0, head: '0'.repeat(64) });
  store.close();
});

test('how a run ended is what was said of it last', () => {
  const { journal: kept, close } = openStore(temporaryDirectory());
  const ends = { going: [], done: ['run-finished'], stopped: ['run-interrupted'], resumed: ['run-interrupted', 'run-resumed'], again: ['run-interrupted', 'run-resumed', 'change', 'run-finished', 'undone'] } as const;
  const last = Object.entries(ends).map(([run, kinds]) => (['run-started', ...kinds] as const).map((kind) => kept.append({ run, kind, data: { run } })).findLast(({ kind }) => kind.startsWith('run-')));
  expect(kept.runs().map(({ run, data, finished, interrupted }) => [run, data, finished, interrupted])).toEqual([
    ['going', { run: 'going' }, undefined, undefined],
    ['done', { run: 'done' }, last[1]?.time, undefined],
    ['stopped', { run: 'stopped' }, undefined, last[2]?.time],
    ['resumed', { run: 'resumed' }, undefined, undefined],
    ['again', { run: 'again' }, last[4]?.time, undefined],
  ]);
  expect(kept.runs().map(({ started }) => started)).toEqual(Object.keys(ends).map((run) => kept.entries(run)[0]?.time));
  close();
});

test('any byte of any entry that is another one shows', () => {
  const { directory, verify } = journal();
  const raw = new DatabaseSync(join(directory, 'journal.db'));
  raw.exec('DROP TRIGGER entries_stay_as_they_are');
  const change = fc.record({ seq: fc.integer({ min: 1, max: 5 }), column: fc.constantFrom(...COLUMNS.slice(1)), at: fc.nat(), by: fc.integer({ min: 1, max: 127 }) });
  fc.assert(fc.property(change, ({ seq, column, at, by }) => {
    const before = String(raw.prepare(`SELECT ${column} AS value FROM entries WHERE seq = ?`).get(seq)?.['value']);
    const bytes = Buffer.from(before);
    bytes[at % bytes.length]! ^= by;
    const set = raw.prepare(`UPDATE entries SET ${column} = CAST(? AS TEXT) WHERE seq = ?`);
    set.run(bytes, seq);
    const chain = verify();
    set.run(before, seq);
    expect(chain).toMatchObject({ intact: false, broken_at: seq, problem: expect.stringContaining(`entry ${seq} is not what was written there`) });
  }), { numRuns: 60 });
  raw.close();
  expect(verify().intact).toBe(true);
});

describe('what is removed, moved or cut off is told', () => {
  test.each([
    ['an entry in the middle', 'DELETE FROM entries WHERE seq = 3', 3, 'entry 3 is missing: the one after it is 4'],
    ['the first entry', 'DELETE FROM entries WHERE seq = 1', 1, 'entry 1 is missing'],
    ['the last entry', 'DELETE FROM entries WHERE seq = 5', 5, 'its end was cut off: entry 5 was written, and the last that is there is 4'],
    ['the last three entries', 'DELETE FROM entries WHERE seq > 2', 3, 'entry 5 was written, and the last that is there is 2'],
    ['all entries', 'DELETE FROM entries', 1, 'entry 5 was written, and the last that is there is 0'],
    ['the content of an entry', "UPDATE entries SET data = '{}' WHERE seq = 2", 2, 'entry 2 is not what was written there'],
    ['its step', 'UPDATE entries SET step = NULL WHERE seq = 2', 2, 'entry 2 is not what was written there'],
  ])('%s', (_what, sql, at, problem) => {
    const { verify, tamper } = journal();
    tamper(sql);
    expect(verify()).toMatchObject({ intact: false, broken_at: at, problem: expect.stringContaining(problem) });
  });

  test('two entries that were exchanged', () => {
    const { verify, tamper } = journal();
    for (const [from, to] of [[2, 99], [4, 2], [99, 4]] as const) tamper('UPDATE entries SET seq = ? WHERE seq = ?', to, from);
    expect(verify()).toMatchObject({ intact: false, broken_at: 2, problem: expect.stringContaining('another one that was put in its place') });
  });

  test('an entry that was removed with the numbers after it closed up', () => {
    const { verify, tamper } = journal();
    tamper('DELETE FROM entries WHERE seq = 2');
    for (const seq of [3, 4, 5]) tamper('UPDATE entries SET seq = ? WHERE seq = ?', seq - 1, seq);
    expect(verify()).toMatchObject({ intact: false, broken_at: 2 });
  });

  test('the note of the end', () => {
    const { verify, directory } = journal();
    rmSync(join(directory, 'journal.db.head'));
    expect(verify()).toMatchObject({ intact: false, problem: expect.stringContaining('the note of its end') });
  });

  test('an end that was cut off and written on: the gap stays', () => {
    const { verify, tamper, append } = journal();
    tamper('DELETE FROM entries WHERE seq > 3');
    append();
    expect(verify()).toMatchObject({ intact: false, broken_at: 4, problem: 'entry 4 is missing: the one after it is 6' });
  });

  test('an end that was written anew in its own right: the next entry does not fit it', () => {
    const { verify, tamper, append, directory } = journal();
    const head = readFileSync(join(directory, 'journal.db.head'));
    tamper('DELETE FROM entries WHERE seq = 5');
    rmSync(join(directory, 'journal.db.head'));
    append();
    writeFileSync(join(directory, 'journal.db.head'), head);
    expect(verify()).toMatchObject({ intact: false, broken_at: 5, problem: expect.stringContaining('written anew') });
    append();
    expect(verify()).toMatchObject({ intact: false, broken_at: 6 });
  });
});

test('after a crash between the entry and the note of the end the journal is intact', () => {
  const { verify, append, directory } = journal();
  const before = readFileSync(join(directory, 'journal.db.head'));
  append();
  writeFileSync(join(directory, 'journal.db.head'), before);
  expect(verify()).toMatchObject({ intact: true, entries: 6 });
  append();
  expect(verify()).toMatchObject({ intact: true, entries: 7 });
});
