/** What speaks for or against an attack, as a report shows it. */
import type { Sign } from '../investigate/result.ts';
import { shown } from './shown.ts';
import type { Words } from './words.ts';

/** UTF-16 units of the text of one. */
export const MOST_OF_A_SIGN = 320;

export interface SignView {
  weight: string;
  word: string;
  /** In the report's language, where it has one; the text itself is English. */
  gloss: string | null;
  text: string;
  /** The step that it is from, where it does not stand there itself. */
  from: { anchor: string; title: string } | null;
}

export function signView({ id, weight, text }: Sign, words: Words, from: SignView['from'] = null): SignView {
  return { weight, word: words.weight[weight], gloss: Object.hasOwn(words.sign, id) ? (words.sign[id] ?? null) : null, text: shown(text, MOST_OF_A_SIGN), from };
}
