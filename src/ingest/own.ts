/** What only Tickward says of an event, read back. */
import { TickwardError } from '../model/errors.ts';
import type { Attribution, FileEvent } from '../model/event.ts';
import { isObject } from '../model/object.ts';
import { needed, present, textField } from './field.ts';

const ATTRIBUTIONS = new Set<string>(['exact', 'bpf', 'proc', 'inferred', 'none'] satisfies Attribution[]);

export function attributionOf(word: string | undefined): Attribution {
  const sure = needed(word, 'attribution');
  if (!ATTRIBUTIONS.has(sure)) throw new TickwardError('BAD_INPUT', `the attribution ${JSON.stringify(sure.slice(0, 40))} is none of Tickward's`);
  return sure as Attribution;
}

/** Processes above the one that did it: more than any shell has, few enough to keep. */
const MOST_ANCESTORS = 64;

const words = ['name', 'executable', 'command_line'].map((name) => [name, textField(name)] as const);

export function ancestryOf(list: unknown): FileEvent['tickward']['ancestry'] {
  if (list === undefined) return [];
  if (!Array.isArray(list) || list.length > MOST_ANCESTORS) throw new TickwardError('BAD_INPUT', `the ancestry should be a list of at most ${MOST_ANCESTORS} processes`);
  return list.map((entry: unknown) => {
    const pid = isObject(entry) ? entry['pid'] : undefined;
    if (!isObject(entry) || typeof pid !== 'number' || !Number.isSafeInteger(pid)) throw new TickwardError('BAD_INPUT', 'the ancestry has an entry without a process number');
    return { pid, ...present(Object.fromEntries(words.map(([name, read]) => [name, read(entry)]))) };
  });
}
