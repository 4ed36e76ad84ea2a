/** What is named on the command line and is not there: what may have been meant is said, and never taken for it. */
import { realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { unitDirectories } from '../host/directories.ts';
import { isThere } from '../host/names.ts';
import { readUsers } from '../host/passwd.ts';
import { TickwardError } from '../model/errors.ts';
import type { Alert } from '../model/event.ts';
import { printable } from '../model/text.ts';
import type { Store } from '../store/index.ts';

/** Throws NOT_FOUND. `like`: ids that may have been meant. */
export function known<Item>(item: Item | undefined, what: 'alert' | 'event' | 'exception', id: string, like: readonly string[] = []): Item {
  if (item === undefined) throw new TickwardError('NOT_FOUND', `there is no ${what} ${printable(id)} in this store`, { hint: advice(like, `tickward ${what}${what === 'exception' ? '' : 's'} lists them`) });
  return item;
}

export function alertNamed({ alerts }: Store, id: string): Alert {
  const alert = alerts.get(id);
  return known(alert, 'alert', id, alert === undefined ? beginningWith(id, idsOf(alerts.list())) : []);
}

/** Throws NOT_FOUND where there is no such run. */
export function refuseUnknownRun({ journal }: Store, run: string): void {
  if (journal.entries(run).length > 0) return;
  throw new TickwardError('NOT_FOUND', `there is no run ${printable(run)}`, { hint: advice(beginningWith(run, journal.runs().map((each) => each.run)), 'tickward runs lists them; one of another state directory is found with --state-dir') });
}

/** Where it looks like a file or a unit: how that is given. */
export function asFile(word: string): string | undefined {
  const like = unitFilesLike(word);
  if (like.length === 0 && !word.includes('/') && !/\.(timer|service|path|socket|mount|target|conf)$/.test(word)) return undefined;
  return `a file is given with --file: --file ${printable(isThere(word) ? word : (like[0] ?? word))}`;
}

/** Unit files of this name, whatever directory and ending were typed. */
export function unitFilesLike(word: string): string[] {
  const name = basename(word);
  // Those of directories.
  if (['', '.', '..'].includes(name)) return [];
  const directories = new Set(unitDirectories(readUsers()).filter(({ kind }) => kind === 'units').flatMap(({ path }) => itself(path)));
  return [...directories].flatMap((path) => ['', '.timer', '.service'].map((ending) => `${path}/${name}${ending}`)).filter(isThere);
}

/** `is it A or B? see LIST` */
export function advice(like: readonly string[], otherwise: string): string {
  return like.length === 0 ? otherwise : `is it ${like.slice(0, MOST_MEANT).map(printable).join(' or ')}${like.length > MOST_MEANT ? `, or one of ${like.length - MOST_MEANT} more` : ''}? ${otherwise}`;
}

const MOST_MEANT = 3;
/** Shorter ones begin nearly all ids: they are times. */
const LEAST_TYPED = 6;

/** Newest first: who types an id has an alarm at hand. */
function beginningWith(typed: string, ids: Iterable<string>): string[] {
  const start = typed.replace(/…$/, '');
  return start.length < LEAST_TYPED ? [] : [...ids].filter((id) => id.startsWith(start)).toReversed();
}

function* idsOf(items: Iterable<{ id: string }>): Generator<string> {
  for (const { id } of items) yield id;
}

/** /lib is /usr/lib on most hosts. */
function itself(directory: string): string[] {
  try {
    return [realpathSync(directory)];
  } catch {
    return [];
  }
}
