import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { documentOfMaker, makerOfDocument, type Maker } from '../../src/store/maker.ts';
import { openStore } from '../../src/store/index.ts';
import { fileEvent, temporaryDirectory } from '../helpers/events.ts';

const maker: Maker = {
  process: { pid: 812, executable: '/usr/bin/dash', name: 'dash', command_line: 'sh -c echo x', args: ['sh', '-c', 'echo x'], working_directory: '/root', start: '2026-01-01T00:00:00.000Z', parent: { pid: 1, name: 'systemd' }, user: { id: '0', name: 'root' }, group: { id: '0' } },
  user: { id: '0', name: 'root' },
  attribution: 'exact',
};

const texts = fc.string({ unit: 'binary', maxLength: 12 });
const people = fc.oneof(fc.record({ id: texts, name: texts }, { requiredKeys: ['id'] }), fc.record({ name: texts }));
const bare = { pid: fc.nat(), executable: texts, name: texts, command_line: texts, args: fc.array(texts, { maxLength: 4 }), working_directory: texts, start: texts, user: people, group: fc.record({ id: texts }) };
const processes = fc.record({ ...bare, parent: fc.record(bare, { requiredKeys: ['pid'] }) }, { requiredKeys: ['pid'] });
const makers = fc.record({ process: processes, user: people, attribution: fc.constantFrom('exact', 'bpf', 'proc', 'inferred', 'none'), attribution_note: texts }, { requiredKeys: ['attribution'] }) as fc.Arbitrary<Maker>;

test('a maker comes back from its document exactly, whatever it has and has not', () => {
  fc.assert(
    fc.property(makers, (given) => {
      expect(makerOfDocument(documentOfMaker(given))).toEqual(given);
    }),
    { numRuns: 2_000 },
  );
});

test('its document names no fields, and has what is said twice once', () => {
  expect(JSON.parse(documentOfMaker(maker))).toEqual([0, [812, 'dash', '/usr/bin/dash', 1, ['sh', '-c', 'echo x'], '/root', '2026-01-01T00:00:00.000Z', '0', 'root', '0'], [1, 'systemd'], 1, null]);
});

test.each([
  ['the maker', { process: { ...maker.process, pid: 1, entity_id: 'x' } }],
  ['its parent', { process: { pid: 1, parent: { pid: 2, entity_id: 'x' } } }],
  ['its user', { user: { id: '0', email: 'x' } }],
  ['the user of its process', { process: { pid: 1, user: { id: '0', email: 'x' } } }],
  ['the group of its process', { process: { pid: 1, group: { id: '0', name: 'x' } } }],
])('a field that the array has no place for, of %s, is kept', (_, more) => {
  const given = { ...maker, ...more } as Maker;
  expect(makerOfDocument(documentOfMaker(given))).toEqual(given);
});

test.each([{ id: '0' }, { id: '0', name: 'toor' }, { id: '1', name: 'root' }])('a user, %j, who is not quite that of the process is kept besides', (user) => {
  const given = { ...maker, user };
  expect(makerOfDocument(documentOfMaker(given))).toEqual(given);
});

test('makers that an earlier layout kept as objects are read beside new ones', () => {
  const directory = temporaryDirectory();
  const event = { ...fileEvent(), process: maker.process, user: maker.user } as ReturnType<typeof fileEvent>;
  const before = openStore(directory);
  before.events.append([event]);
  before.close();
  const raw = new DatabaseSync(join(directory, 'events.db'));
  const { maker: id } = raw.prepare('SELECT maker FROM events').get() as { maker: number };
  raw.prepare('UPDATE shared SET document = ? WHERE id = ?').run(JSON.stringify({ process: event.process, user: event.user, attribution: event.tickward.attribution }), id);
  raw.exec('DROP TABLE bundles; PRAGMA user_version = 3');
  raw.close();
  const store = openStore(directory);
  const young = { ...event, event: { ...event.event, id: `${event.event.id}x` } };
  store.events.append([young]);
  expect([...store.events.list()]).toEqual([event, young]);
  store.close();
});

test('a document with a word that this Tickward does not know is refused, not guessed', () => {
  expect(() => makerOfDocument('[9,null,null,null,null]')).toThrow('another Tickward');
});
