/** Others that may bring a timer back: units, scheduled jobs and all else that starts by itself and runs the same program or names the unit. They are told with what takes them out; nothing of them is touched. */
import { existsSync, statSync } from 'node:fs';
import { listNames, pathWord } from '../host/names.ts';
import { packagesIfKnown } from '../host/packages.ts';
import { pathIn, show, type HostPath } from '../host/paths.ts';
import { persistencePlaces } from '../host/persistence.ts';
import { readStart } from '../host/read.ts';
import { MOST_UNIT_BYTES } from '../host/units.ts';
import { bytesOfText, printable, textOfBytes } from '../model/text.ts';
import type { ActionContext } from './action.ts';
import { entriesOf, forEachDirectory } from './unit-files.ts';

/** A script of an administrator is some kilobytes; a table that was blown up is not read to its end. */
const MOST_BYTES = 256 * 1024;
const MOST_FILES = 5_000;
const MOST_TOLD = 10;

export async function siblingsOf(units: readonly string[], commands: readonly string[], own: readonly Buffer[], context: ActionContext): Promise<string[]> {
  const { programs, problem } = await programsOf(commands);
  const unsaid = problem === undefined ? [] : [`${printable(problem)}: what else runs the same programs is not looked for`];
  const traces = [...programs, ...units];
  if (traces.length === 0) return unsaid;
  const told: string[] = [];
  const tell = (path: Buffer, limit: number, advice: string): void => {
    const trace = own.some((each) => each.equals(path)) ? undefined : traceIn(path, traces, limit);
    if (trace !== undefined) told.push(`${show(path)} names ${printable(trace)} as well and may bring it back: ${advice}`);
  };
  for (const path of unitTexts(context)) tell(path, MOST_UNIT_BYTES, `tickward respond --file ${pathWord(textOfBytes(path))}`);
  for (const path of otherStarts(context)) tell(path, MOST_BYTES, 'look at it, and take it out there');
  const more = told.length - MOST_TOLD;
  return [...unsaid, ...(more > 0 ? [...told.slice(0, MOST_TOLD), `and ${more} more that name the same`] : told)];
}

/** Absolute paths in the commands that are known to be files of no package: shells and the tools of the system tell nothing. */
async function programsOf(commands: readonly string[]): Promise<{ programs: string[]; problem?: string }> {
  const paths = [...new Set(commands.flatMap((command) => command.match(/\/[^\s"'`;|&<>()$=:,*?]+/g) ?? []))].filter((path) => path.length > 4 && !/^\/(?:dev|proc|sys)\//.test(path) && !isDirectory(path));
  const { owners, ...unless } = await packagesIfKnown(paths);
  return { programs: unless.problem === undefined ? paths.filter((path) => !owners.has(path)) : [], ...unless };
}

function traceIn(path: Buffer, traces: readonly string[], limit: number): string | undefined {
  const content = readStart(path, limit);
  if (content === undefined) return undefined;
  const text = textOfBytes(content);
  return traces.find((trace) => isWordOf(trace, text));
}

/** As a word of its own: `/tmp/a` is not in `/tmp/ab`, `x.timer` not in `my-x.timer`. */
function isWordOf(word: string, text: string): boolean {
  const isPart = (character: string | undefined): boolean => character !== undefined && /[\w.@\\-]/.test(character);
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (!isPart(text[at - 1]) && !isPart(text[at + word.length])) return true;
  }
  return false;
}

function unitTexts(context: ActionContext): Buffer[] {
  const found: Buffer[] = [];
  const search = (paths: readonly HostPath[], deeper: boolean): void => forEachDirectory(paths.map((path) => (typeof path === 'string' ? path : textOfBytes(path))), [], (directory) => {
    for (const { name, kind } of entriesOf(directory)) {
      if (kind === 'file') found.push(pathIn(directory, name));
      else if (kind === 'directory' && deeper && name.endsWith('.d')) search([pathIn(directory, name)], false);
    }
  });
  search(context.directories.filter((each) => each.kind === 'units').map((each) => each.path), true);
  return found;
}

/** Whatever else starts programs by itself: schedules, logins, devices, boots, reloads, updates. */
function otherStarts({ users, directories }: ActionContext): Buffer[] {
  const places = persistencePlaces(users);
  const generators = directories.filter((each) => each.kind === 'generators').map((each) => each.path);
  const paths = new Set([...places.files, ...places.directories].map(({ path }) => path).concat(generators).flatMap(filesAt));
  return [...paths].slice(0, MOST_FILES).map(bytesOfText);
}

function filesAt(path: string): string[] {
  if (!isDirectory(path)) return [path];
  try {
    return listNames(path).map((name) => `${path}/${name}`);
  } catch {
    return [];
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** What keeps a user's timers running, or able to. */
export function userNotes(context: ActionContext): string[] {
  const { scope, user } = context.target;
  if (scope !== 'user' || user === undefined) return [];
  const shown = printable(user);
  return [
    ...(context.systemd === 'running' ? [`${shown} can lift the mask again, which lies in a directory of theirs: stop or lock the account if it is the attacker's`] : []),
    ...(existsSync(`/var/lib/systemd/linger/${user}`) ? [`${shown} lingers: their timers start at boot without a login (loginctl disable-linger ${shown})`] : []),
  ];
}
