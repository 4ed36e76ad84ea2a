/** What a unit runs: its Exec settings as words, with systemd's specifiers and the unit's own environment put in. Pure. */
import { wordsOf } from '../host/command-line.ts';
import { lastOf, listOf, type UnitEntry } from '../host/units.ts';
import type { Start } from './chain.ts';

export interface UnitCommands {
  starts: Start[];
  workingDirectory: string;
}

export interface Specifiers {
  unit: string;
  user: string | undefined;
  uid: number | undefined;
  home: string | undefined;
}

/** systemd.service(5), in the order in which they run. */
const EXEC = ['ExecCondition', 'ExecStartPre', 'ExecStart', 'ExecStartPost', 'ExecReload', 'ExecStop', 'ExecStopPost'];

export function commandsOfUnit(entries: readonly UnitEntry[], specifiers: Specifiers): UnitCommands {
  const environment = environmentOf(entries, specifiers);
  const starts = EXEC.flatMap((key) =>
    listOf(entries, 'Service', key).flatMap((line) => parted(wordsOf(line)).map((words) => ({ from: key, words: words.flatMap((word) => filled(word, environment, specifiers)) }))),
  ).filter(({ words }) => words.length > 0);
  const directory = lastOf(entries, 'Service', 'WorkingDirectory')?.replace(/^-/, '');
  const home = specifiers.home ?? '/';
  return { starts, workingDirectory: directory === undefined ? '/' : directory === '~' ? home : specified(directory, specifiers) };
}

/** A word `;` parts one command from the next (systemd.service(5), "Command lines"). */
function parted(words: readonly string[]): string[][] {
  const commands: string[][] = [[]];
  for (const word of words) {
    if (word === ';') commands.push([]);
    else commands.at(-1)?.push(word);
  }
  return commands;
}

function environmentOf(entries: readonly UnitEntry[], specifiers: Specifiers): Map<string, string> {
  const words = listOf(entries, 'Service', 'Environment').flatMap((line) => wordsOf(line));
  return new Map(words.flatMap((word): [string, string][] => {
    const cut = word.indexOf('=');
    return cut > 0 ? [[word.slice(0, cut), specified(word.slice(cut + 1), specifiers)]] : [];
  }));
}

const MOST_FILLED = 16;

/** `$NAME` alone is parted at blanks, `${NAME}` stays one word; what is not set stays as it is. */
function filled(word: string, environment: ReadonlyMap<string, string>, specifiers: Specifiers): string[] {
  const plain = specified(word, specifiers);
  const whole = /^\$(\w+)$/.exec(plain)?.[1];
  if (whole !== undefined) return environment.get(whole)?.split(/\s+/).filter(Boolean) ?? [plain];
  let left = MOST_FILLED;
  return [plain.replace(/\$\{(\w+)\}/g, (text, name: string) => ((left -= 1) < 0 ? text : (environment.get(name) ?? text))).replaceAll('$$', '$')];
}

/** systemd.unit(5), SPECIFIERS: those that a path can begin with. */
function specified(text: string, { unit, user, uid, home }: Specifiers): string {
  const stem = unit.replace(/\.[a-z]+$/, '');
  const at = stem.indexOf('@');
  const values: Record<string, string | undefined> = {
    '%': '%', n: unit, N: stem, p: at < 0 ? stem : stem.slice(0, at), i: at < 0 ? '' : stem.slice(at + 1), u: user, U: uid === undefined ? undefined : String(uid), h: home,
    t: uid === undefined || uid === 0 ? '/run' : `/run/user/${uid}`, T: '/tmp', V: '/var/tmp',
  };
  return text.includes('%') ? text.replace(/%(.)/g, (whole, letter: string) => (Object.hasOwn(values, letter) ? (values[letter] ?? whole) : whole)) : text;
}
