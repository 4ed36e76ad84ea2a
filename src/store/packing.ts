/** Objects as short arrays: what is packed must come back exactly. */
import { TickwardError } from '../model/errors.ts';

export function has(value: unknown): 0 | 1 {
  return value === undefined ? 0 : 1;
}

/** Without a list of them: for each row they would be as much garbage as the row itself. */
export function keysOf(object: object): number {
  let count = 0;
  for (const _ in object) count += 1;
  return count;
}

/** A word that is kept as its place in a list. */
export function wordOf<Word extends string>(words: readonly Word[], place: number): Word {
  const word = words[place];
  if (word === undefined) throw new TickwardError('STATE', 'an event in the store was written by another Tickward: it has a word that this one does not know', { hint: 'use that version, or another --state-dir' });
  return word;
}

export function damaged(): TickwardError {
  return new TickwardError('STATE', 'the store of events is damaged: an event does not read as it was written', { hint: 'move events.db of the state directory away to start anew' });
}
