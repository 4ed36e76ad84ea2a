/** osquery's order of versions: as a function, and as collations for `COLLATE version` and columns of versions. */
import { SqlError, type SqlFunction, type SqlValue } from './function.ts';

interface Rules {
  /** A version with an epoch (`1:2.0`) comes after one without. */
  epoch: boolean;
  /** Delimiters have an order among themselves: `~ - ^ . :`. */
  delimiters: boolean;
  /** What one has more counts: `~` is earlier, `^` is later, `-` is the same. */
  rest: boolean;
  /** Of what one has more, only the length counts where the other ends with a digit. */
  digits: boolean;
}

const DELIMITERS = '~-^.:';

/** The names of the collations; the function takes the last part in any case. */
export const RULES: Readonly<Record<string, Rules>> = {
  version: { epoch: false, delimiters: false, rest: false, digits: false },
  version_arch: { epoch: true, delimiters: false, rest: true, digits: true },
  version_dpkg: { epoch: true, delimiters: true, rest: false, digits: false },
  version_rhel: { epoch: true, delimiters: true, rest: true, digits: false },
};

/** Negative, 0 or positive. Segments between delimiters: the longer run is the larger, else the first character that differs decides. */
export function compareVersions(left: string, right: string, rules: Rules): number {
  if (left === right) return 0;
  if (left === '' || right === '') return left === '' ? -1 : 1;
  if (rules.epoch) {
    const [a, b] = [left.indexOf(':'), right.indexOf(':')];
    if (a !== b) return a - b;
  }
  const shared = Math.min(left.length, right.length);
  let first = 0;
  for (let index = 0; index < shared; index += 1) {
    const [a, b] = [DELIMITERS.indexOf(left.charAt(index)), DELIMITERS.indexOf(right.charAt(index))];
    if (a < 0 && b < 0) first ||= left.charCodeAt(index) - right.charCodeAt(index);
    else if (a < 0 || b < 0) return a < 0 ? 1 : -1;
    else if (first !== 0) return first;
    else if (rules.delimiters && a !== b) return a - b;
  }
  if (left.length === right.length) return first;
  return left.length > right.length ? compareRest(left, right, first, rules) : -compareRest(right, left, -first, rules);
}

/** `longer` begins as long as `shorter` is, and `first` says how they differ so far. */
function compareRest(longer: string, shorter: string, first: number, rules: Rules): number {
  const next = longer.charAt(shorter.length);
  if (rules.rest) {
    if (next === '~') return -1;
    if (next === '-') return 0;
    if (next === '^') return 1;
    if (first !== 0 && (!rules.digits || !/\d$/.test(shorter))) return first;
  }
  if (first !== 0 && DELIMITERS.includes(next)) return first;
  return longer.length - shorter.length;
}

const COMPARISONS: Readonly<Record<string, (order: number) => boolean>> = { '<': (order) => order < 0, '<=': (order) => order <= 0, '=': (order) => order === 0, '>=': (order) => order >= 0, '>': (order) => order > 0 };

/** osquery's source knows two forms: `(left, right[, flavor])` gives -1, 0 or 1, `(left, operator, right[, options])` gives 1 or 0. The operator tells them apart. */
function versionCompare(...given: SqlValue[]): number {
  const texts = given.slice(0, 3).map((value) => (typeof value === 'string' ? value : undefined));
  const [left, second, third] = texts;
  if (left === undefined || second === undefined) throw new SqlError('Must provide two version strings to compare.');
  const holds = given.length > 2 ? COMPARISONS[second] : undefined;
  if (holds !== undefined) {
    if (third === undefined) throw new SqlError('Must provide two version strings and an operator to compare.');
    const [epoch = false, delimiters = false, rest = false, digits = false] = given.slice(3).map(Boolean);
    return holds(compareVersions(left, third, { epoch, delimiters, rest, digits })) ? 1 : 0;
  }
  const rules = RULES[given.length > 2 ? `version_${third?.toLowerCase()}` : 'version'];
  if (rules === undefined) throw new SqlError('Unknown version flavor. Must be one of the following: (ARCH, DPKG, RHEL)');
  return Math.sign(compareVersions(left, second, rules));
}

export const versionFunctions: readonly SqlFunction[] = [{ name: 'version_compare', arity: [-1], apply: versionCompare }];
