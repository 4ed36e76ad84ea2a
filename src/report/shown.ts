/** What a host says, as a report shows it: nothing in it moves, hides or reorders anything, and what is left out is said. HTML is escaped by the template. */
import { printable } from '../model/text.ts';

/** UTF-16 units of one value. */
const MOST_OF_A_VALUE = 600;

export function shown(text: string, most = MOST_OF_A_VALUE): string {
  if (text.length <= most) return printable(text);
  // A pair of surrogates is not cut in two.
  const cut = /[\ud800-\udbff]$/.test(text.slice(0, most)) ? most - 1 : most;
  return `${printable(text.slice(0, cut))}… (+${text.length - cut})`;
}

/** Part of a sentence: words of ours, or a value of the host. */
export interface Piece {
  text: string;
  value: boolean;
}

/** UTF-16 units of a value inside a sentence. */
const MOST_IN_A_SENTENCE = 160;

/** `{name}` in a sentence becomes the value of that name; the sentence is ours, the values are the host's. */
export function fill(sentence: string, values: Readonly<Record<string, string | number>>): Piece[] {
  return sentence
    .split(/(\{\w+\})/)
    .filter((part) => part !== '')
    .map((part) => {
      const name = /^\{(\w+)\}$/.exec(part)?.[1];
      const value = name === undefined ? undefined : values[name];
      return value === undefined ? { text: part, value: false } : { text: shown(String(value), MOST_IN_A_SENTENCE), value: true };
    });
}

/** The text of a sentence whose values are numbers of ours. */
export function say(sentence: string, values: Readonly<Record<string, string | number>>): string {
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** `2026-11-24 22:46:26.208 UTC`; what is no time stays as it is. */
export function clock(iso: string): string {
  const [, day, time] = /^(\d{4}-\d\d-\d\d)T([\d:.]+)Z$/.exec(iso) ?? [];
  return day === undefined ? shown(iso, 40) : `${day} ${time} UTC`;
}
