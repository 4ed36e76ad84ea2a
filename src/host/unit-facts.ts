/** What a unit file says, as texts that rules compare. Whoever wrote the file chose all of it, so everything is bounded, and what was left out is said. */
import { wordsOf } from './command-line.ts';
import { parseUnit } from './units.ts';

export interface UnitFacts {
  /** `Section.Key=value` in the order of the file. An empty value, which takes back those before it, is kept. */
  directives: string[];
  /** What the unit runs (Exec…= of any section): without the prefixes `@-:+!|`, quotes and escapes resolved, words parted by one blank. */
  commands: string[];
  /** Not all of it is here. */
  isCut: boolean;
}

/** Ten times the largest unit that Debian ships. Bytes. */
const MOST_BYTES = 32 * 1024;
/** How many, and how many characters in all of them together. */
const MOST_DIRECTIVES = { count: 64, characters: 8_192 };
const MOST_COMMANDS = { count: 16, characters: 4_096 };

/** systemd.service(5), systemd.socket(5). */
const RUNS = /^Exec(?:Condition|Start|StartPre|StartPost|Reload|Stop|StopPre|StopPost)$/;

export function factsOfUnit(content: Buffer): UnitFacts {
  const said: string[] = [];
  const run: string[] = [];
  for (const { section, key, value } of parseUnit(content.toString('utf8', 0, MOST_BYTES))) {
    said.push(`${section}.${key}=${value}`);
    if (RUNS.test(key)) run.push(...commandsOf(value));
  }
  const directives = bounded(said, MOST_DIRECTIVES);
  const commands = bounded(run, MOST_COMMANDS);
  return { directives: directives.texts, commands: commands.texts, isCut: content.length > MOST_BYTES || directives.isCut || commands.isCut };
}

/** A word `;` parts one command from the next (systemd.service(5), "Command lines"). */
function commandsOf(line: string): string[] {
  const words = wordsOf(line);
  if (words.length > 0 && !words.includes(';')) return [words.join(' ')];
  const commands: string[][] = [[]];
  for (const word of words) {
    if (word === ';') commands.push([]);
    else commands.at(-1)?.push(word);
  }
  return commands.filter((each) => each.length > 0).map((each) => each.join(' '));
}

function bounded(all: readonly string[], { count, characters }: { count: number; characters: number }): { texts: string[]; isCut: boolean } {
  const texts: string[] = [];
  let room = characters;
  for (const text of all) {
    if (texts.length >= count || room === 0) return { texts, isCut: true };
    texts.push(text.slice(0, room));
    if (text.length > room) return { texts, isCut: true };
    room -= text.length;
  }
  return { texts, isCut: false };
}
