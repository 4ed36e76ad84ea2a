/**
 * EQL's functions (Elasticsearch's EQL function reference and its tests). Each gives undefined, EQL's null, where an argument
 * that it needs is missing or of another type. Positions and lengths are UTF-16 units, as in Java.
 */
import type { Literal } from './ast.ts';
import { contains, parseAddress, parseNetwork } from './cidr.ts';
import { compileRegexes } from './regex.ts';
import { compileAny, foldAscii } from './wildcard.ts';

export type Type = 'string' | 'number' | 'boolean' | 'value';

export type Apply = (given: readonly unknown[]) => unknown;

export interface EqlFunction {
  name: string;
  takes: readonly Type[];
  /** How many of them have to be there. */
  least: number;
  /** The last one may be repeated. */
  repeats?: true;
  /** Exists with a trailing `~` too. */
  folds?: true;
  /** The arguments from this one on have to be literals. */
  literalsFrom?: number;
  /** `literals`: the arguments from `literalsFrom` on. Throws ArgumentError or RegexError, which say what is wrong with them. */
  compile(caseInsensitive: boolean, literals: readonly Literal[]): Apply;
}

/** Of a literal; the caller knows the place. */
export class ArgumentError extends Error {
  override readonly name = 'ArgumentError';
}

const SOURCE_AND_TEXT = ['string', 'string'] as const;

function comparing(name: string, test: (text: string, part: string) => boolean): EqlFunction {
  return { name, takes: SOURCE_AND_TEXT, least: 2, folds: true, compile: (caseInsensitive) => ofTexts(caseInsensitive, test) };
}

function ofTexts(caseInsensitive: boolean, work: (text: string, part: string, rest: readonly unknown[]) => unknown): Apply {
  return ([text, part, ...rest]) => {
    if (typeof text !== 'string' || typeof part !== 'string') return undefined;
    return caseInsensitive ? work(foldAscii(text), foldAscii(part), rest) : work(text, part, rest);
  };
}

/** A text against patterns that are compiled once. */
function matching(name: string, compilePatterns: (patterns: readonly string[], caseInsensitive: boolean) => (text: string) => boolean): EqlFunction {
  return {
    name,
    takes: SOURCE_AND_TEXT,
    least: 2,
    repeats: true,
    folds: true,
    literalsFrom: 1,
    compile(caseInsensitive, literals) {
      const matches = compilePatterns(literals.filter((each) => typeof each === 'string'), caseInsensitive);
      return ([text]) => (typeof text === 'string' ? matches(text) : undefined);
    },
  };
}

const length: EqlFunction = { name: 'length', takes: ['string'], least: 1, compile: () => ([text]) => (typeof text === 'string' ? text.length : undefined) };

/** From `start` on (below 0 is 0); undefined where there is none, and for a start beyond the end. */
const indexOf: EqlFunction = {
  name: 'indexOf',
  takes: ['string', 'string', 'number'],
  least: 2,
  folds: true,
  compile: (caseInsensitive) =>
    ofTexts(caseInsensitive, (text, part, [start = 0]) => {
      if (typeof start !== 'number' || start > text.length) return undefined;
      const found = text.indexOf(part, start);
      return found < 0 ? undefined : found;
    }),
};

/** As slices of Python: positions below 0 count from the end. */
const substring: EqlFunction = {
  name: 'substring',
  takes: ['string', 'number', 'number'],
  least: 2,
  compile: () => ([text, start = 0, end = undefined]) => (typeof text === 'string' && typeof start === 'number' && (end === undefined || typeof end === 'number') ? text.slice(start, end) : undefined),
};

/** The text between the first `left` and the next `right`, the last `right` when greedy; undefined where one is not there. */
const between: EqlFunction = {
  name: 'between',
  takes: ['string', 'string', 'string', 'boolean'],
  least: 3,
  folds: true,
  compile: (caseInsensitive) => ([source, left, right, greedy]) => {
    if (typeof source !== 'string' || typeof left !== 'string' || typeof right !== 'string') return undefined;
    const fold = (text: string): string => (caseInsensitive ? foldAscii(text) : text);
    const text = fold(source);
    const found = text.indexOf(fold(left));
    const start = found + left.length;
    const end = greedy === true ? text.lastIndexOf(fold(right)) : text.indexOf(fold(right), start);
    return found < 0 || end < start ? undefined : source.slice(start, end);
  },
};

const concat: EqlFunction = { name: 'concat', takes: ['value'], least: 1, repeats: true, compile: () => (given) => (given.includes(undefined) ? undefined : given.map(String).join('')) };

const string: EqlFunction = { name: 'string', takes: ['value'], least: 1, compile: () => ([value]) => (value === undefined ? undefined : String(value)) };

const cidrMatch: EqlFunction = {
  name: 'cidrMatch',
  takes: SOURCE_AND_TEXT,
  least: 2,
  repeats: true,
  literalsFrom: 1,
  compile(_, literals) {
    const networks = literals.map((literal) => {
      const network = typeof literal === 'string' ? parseNetwork(literal) : undefined;
      if (network === undefined) throw new ArgumentError(`cidrMatch takes networks such as "10.0.0.0/8", not ${JSON.stringify(literal)}`);
      return network;
    });
    return ([text]) => {
      const address = typeof text === 'string' ? parseAddress(text) : undefined;
      return address === undefined ? undefined : networks.some((network) => contains(network, address));
    };
  },
};

/** In the order in which an error lists them. */
export const FUNCTIONS: readonly EqlFunction[] = [
  cidrMatch,
  length,
  comparing('startsWith', (text, part) => text.startsWith(part)),
  comparing('endsWith', (text, part) => text.endsWith(part)),
  // Elasticsearch finds the empty text in none.
  comparing('stringContains', (text, part) => part !== '' && text.includes(part)),
  indexOf,
  substring,
  between,
  concat,
  string,
  matching('wildcard', compileAny),
  matching('match', compileRegexes),
];

const byName = new Map(FUNCTIONS.map((each) => [each.name.toLowerCase(), each]));

/** Names of functions have no case in Elasticsearch: startswith is startsWith. */
export function functionNamed(name: string): EqlFunction | undefined {
  return byName.get(name.toLowerCase());
}
