/** Events of other sensors may have megabytes of arguments: they come back whole, and memory does not grow with how many there are. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import type { FileEvent } from '../../src/model/event.ts';
import { openStore } from '../../src/store/index.ts';
import { fileEvent, temporaryDirectory } from '../helpers/events.ts';

const LONG = 'x'.repeat(300_000);
const PATH = '/etc/systemd/system/long.timer';

function longOnes(): FileEvent[] {
  const usual = fileEvent({ id: 'usual', path: PATH });
  const args = ['sh', '-c', LONG];
  const named = (id: string, event: FileEvent): FileEvent => ({ ...event, event: { ...event.event, id } });
  return [
    usual,
    named('args', { ...usual, process: { pid: 7, executable: '/usr/bin/dash', args, command_line: args.join(' ') } }),
    named('directives', { ...usual, tickward: { ...usual.tickward, directives: [`Timer.OnCalendar=${LONG}`] } }),
    named('ancestry', { ...usual, tickward: { ...usual.tickward, ancestry: [{ pid: 1, name: LONG }] } }),
    named('whole', { ...usual, labels: { more: LONG } } as FileEvent),
    named('last', usual),
  ];
}

/** Measured: 183 MB, and 445 where a page of 64 of them is in memory at once. */
const MOST_KB_TO_READ = 290_000;
/** Measured: 268 to 318 MB, as garbage is collected in time or not; as much for 300 of them as for 64. */
const MOST_KB_TO_STORE = 350_000;

test('they come back as they were by every way of reading, among others and alone', () => {
  const { events } = openStore(temporaryDirectory());
  const all = longOnes();
  events.append(all);
  const ids = all.map(({ event }) => event.id);
  expect([...events.list()]).toEqual(all);
  expect([...events.list({ paths: [PATH] })]).toEqual(all);
  for (const event of all) expect(events.get(event.event.id)).toEqual(event);
  for (const filter of [{}, { ids }, { paths: [PATH] }]) {
    const selection = events.select(filter);
    expect(Array.from(selection, ({ id }) => id)).toEqual(ids);
    expect(selection.count()).toBe(ids.length);
  }
  // Long ones are no bytes of a page.
  expect(Array.from(events.selectBytes({}), (event) => ('bytes' in event ? 'bytes' : event.id))).toEqual(['bytes', 'args', 'directives', 'ancestry', 'whole', 'bytes']);
});

test('memory stays small while they are stored and read', () => {
  const directory = temporaryDirectory();
  const program = `
    import { openStore } from ${JSON.stringify(new URL('../../src/store/index.ts', import.meta.url).pathname)};
    const store = openStore(${JSON.stringify(directory)});
    const usual = ${JSON.stringify(fileEvent({ path: PATH }))};
    if (process.argv[1] === 'store') for (let n = 0; n < 64; n++) store.events.append([{ ...usual, event: { ...usual.event, id: 'e' + n }, process: { pid: n, executable: '/bin/sh', args: ['sh', String(n).repeat(1_500_000)] } }]);
    else for (const event of store.events[process.argv[1]]({})) void event;
    console.log(process.resourceUsage().maxRSS);`;
  const mostKb = (what: string): number => Number(execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module-typescript', '-e', program, what], { encoding: 'utf8' }));
  expect(mostKb('store')).toBeLessThan(MOST_KB_TO_STORE);
  expect(['list', 'select', 'selectBytes'].filter((how) => mostKb(how) > MOST_KB_TO_READ)).toEqual([]);
});
