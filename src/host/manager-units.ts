/**
 * What a manager knows of the units that it has in memory: first all of them by name and state, in one call that neither reads a file nor asks for anything of each; then, as long as
 * there is time, the properties of those that are worth it. Who blows up a unit or makes thousands of them hides nothing by that, and makes nobody read for minutes.
 */
import { someOf } from '../model/text.ts';
import { slowFileOf, type SlowFiles } from './slow-units.ts';

const SERVICE = 'org.freedesktop.systemd1';

/** Units asked for at once: a manager answers some 800 a second, and far fewer of those that link to thousands of others. */
const AT_ONCE = 100;

export interface ListedUnit {
  id: string;
  description: string;
  load: string;
  active: string;
  sub: string;
  following: string;
  /** Of its object on the bus. */
  path: string;
}

/** The arguments of busctl(1) that list what is in memory. */
export function listingOf(patterns: readonly string[]): string[] {
  return ['--json=short', 'call', SERVICE, '/org/freedesktop/systemd1', `${SERVICE}.Manager`, 'ListUnitsByPatterns', 'asas', '0', String(patterns.length), ...patterns];
}

/** What busctl answers to it; undefined where it is no such answer: before systemd 240 it speaks no JSON, and a user's manager says what its user likes. */
export function listedUnits(answer: string | undefined): ListedUnit[] | undefined {
  try {
    const { data } = JSON.parse(answer ?? '') as { data: [unknown[][]] };
    return data[0].map((fields) => {
      const [id, description, load, active, sub, following, path] = fields.map((field) => (typeof field === 'string' ? field : undefined));
      if (id === undefined || description === undefined || load === undefined || active === undefined || sub === undefined || following === undefined || path === undefined) throw new TypeError('not a list of units');
      return { id, description, load, active, sub, following, path };
    });
  } catch {
    return undefined;
  }
}

export interface Call {
  program: 'busctl' | 'systemctl';
  args: readonly string[];
}

export interface Answer {
  stdout: string;
  /** There is no time left, or no sense in asking more. */
  isLast?: boolean;
}

/**
 * Gives the calls one by one, takes the answers, and ends with a block of `NAME=VALUE` lines for each unit and with what could not be known. `args` are those of `systemctl show`. Where a call
 * is dear, all is asked in one unless files are slow to read.
 */
export function* askForUnits(pattern: string, args: readonly string[], slow: SlowFiles, isDear: boolean): Generator<Call, { blocks: string[]; notes: string[] }, Answer> {
  const show = ['show', '--all', ...args, '--'];
  const all: Call = { program: 'systemctl', args: [...show, pattern] };
  if (isDear && slow.units.size === 0 && slow.preset === undefined) return { blocks: blocksIn((yield all).stdout), notes: [] };
  const list: Answer = yield { program: 'busctl', args: listingOf([pattern]) };
  const listed = listedUnits(list.stdout);
  // Without a bus, or busctl.
  if (listed === undefined) return { blocks: list.isLast === true ? [] : blocksIn((yield all).stdout), notes: [] };
  const held = listed.flatMap(({ id }) => slowFileOf(id, slow) ?? []);
  const worth = listed.filter(({ id, load, active }) => (load !== 'not-found' || active !== 'inactive') && slowFileOf(id, slow) === undefined).map(({ id }) => id);
  const known = new Map<string, string>();
  let asked = 0;
  for (let isLast: boolean | undefined = false; asked < worth.length && isLast !== true; asked += AT_ONCE) {
    const answer: Answer = yield { program: 'systemctl', args: [...show, ...worth.slice(asked, asked + AT_ONCE)] };
    for (const block of blocksIn(answer.stdout)) known.set(/^Id=(.*)$/m.exec(block)?.[1] ?? '', block);
    isLast = answer.isLast;
  }
  const unknown = worth.filter((id) => !known.has(id));
  return {
    blocks: listed.map((unit) => known.get(unit.id) ?? blockOf(unit)),
    notes: [
      ...(held.length === 0 ? [] : [`of ${held.length} of ${listed.length} units only their state is asked, or systemd would read files anew and answer nobody for that long: ${someOf([...new Set(held)])}`]),
      ...(unknown.length === 0 ? [] : [`of ${unknown.length} of ${listed.length} units only their state is known, for more of them the manager did not answer in time: ${someOf(unknown)}`]),
    ],
  };
}

/** In ms, but whole seconds, as they are told of: what is left until a moment of `performance.now()`. */
export function secondsUntil(end: number): number {
  return Math.max(Math.ceil((end - performance.now()) / 1_000), 1) * 1_000;
}

function blocksIn(text: string): string[] {
  return text.split('\n\n').filter((block) => block.trim() !== '');
}

/** As `systemctl show` has it. */
export function blockOf({ id, description, load, active, sub, following }: ListedUnit): string {
  const values = { Id: id, Description: description, LoadState: load, ActiveState: active, SubState: sub, Following: following };
  return Object.entries(values).map(([name, value]) => `${name}=${value.includes('\n') ? '[unprintable]' : value}`).join('\n');
}
