/** EQL's functions (Elasticsearch's EQL function reference). Each gives undefined where an argument is missing or of another type. */
import { isIPv4, isIPv6, networks as cidr } from './cidr.ts';
import { compileAny, foldAscii } from './wildcard.ts';

export interface EqlFunction {
  least: number;
  most: number;
  /** Exists with a trailing `~` too. */
  folds: boolean;
  /** What is wrong with the arguments that are literals (undefined for the others), said when the query is compiled. */
  check?(literals: readonly unknown[]): string | undefined;
  apply(given: readonly unknown[], caseInsensitive: boolean): unknown;
}

const folded = (text: string, caseInsensitive: boolean): string => (caseInsensitive ? foldAscii(text) : text);

function ofStrings(test: (first: string, second: string) => unknown): EqlFunction['apply'] {
  return ([first, second], caseInsensitive) => (typeof first === 'string' && typeof second === 'string' ? test(folded(first, caseInsensitive), folded(second, caseInsensitive)) : undefined);
}

const matching: EqlFunction['apply'] = ([source, ...patterns]) => (typeof source === 'string' ? compileAny(patterns.filter((pattern) => typeof pattern === 'string'), true)(source) : undefined);

export const functions: Readonly<Record<string, EqlFunction>> = {
  length: { least: 1, most: 1, folds: false, apply: ([text]) => (typeof text === 'string' ? [...text].length : undefined) },
  startsWith: { least: 2, most: 2, folds: true, apply: ofStrings((text, start) => text.startsWith(start)) },
  endsWith: { least: 2, most: 2, folds: true, apply: ofStrings((text, end) => text.endsWith(end)) },
  stringContains: { least: 2, most: 2, folds: true, apply: ofStrings((text, part) => text.includes(part)) },
  indexOf: {
    least: 2,
    most: 3,
    folds: true,
    apply([text, part, from = 0], caseInsensitive) {
      if (typeof text !== 'string' || typeof part !== 'string' || typeof from !== 'number') return undefined;
      const found = folded(text, caseInsensitive).indexOf(folded(part, caseInsensitive), from);
      return found < 0 ? undefined : found;
    },
  },
  substring: { least: 2, most: 3, folds: false, apply: ([text, from, to]) => (typeof text === 'string' && typeof from === 'number' && (to === undefined || typeof to === 'number') ? text.slice(from, to) : undefined) },
  concat: { least: 1, most: 100, folds: false, apply: (given) => (given.some((each) => each === undefined || each === null) ? undefined : given.map(String).join('')) },
  string: { least: 1, most: 1, folds: false, apply: ([value]) => (value === undefined || value === null ? undefined : String(value)) },
  wildcard: { least: 2, most: 1000, folds: false, apply: matching },
  cidrMatch: {
    least: 2,
    most: 1000,
    folds: false,
    check([, ...networks]) {
      const wrong = networks.filter((network) => typeof network !== 'string' || !cidr.isNetwork(network));
      return wrong.length === 0 ? undefined : `cidrMatch takes networks such as "10.0.0.0/8", not ${JSON.stringify(wrong[0]) ?? 'a field'}`;
    },
    apply([address, ...networks]) {
      if (typeof address !== 'string' || !(isIPv4(address) || isIPv6(address))) return undefined;
      return networks.some((network) => typeof network === 'string' && cidr.contains(network, address));
    },
  },
};
