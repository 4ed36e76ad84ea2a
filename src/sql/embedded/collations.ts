/** The orders in which osquery compares versions of packages (COLLATE version, version_dpkg, version_rhel). */
import type { Memory, Pointer, Sqlite3 } from './memory.ts';

const UTF8 = 1;

/** deb-version(7): `epoch:upstream-revision`; runs of non-digits and digits in turn, `~` before everything, letters before other signs. */
export function compareDpkg(first: string, second: string): number {
  const [a, b] = [parted(first), parted(second)];
  return Number(a.epoch - b.epoch) || runs(a.upstream, b.upstream) || runs(a.revision, b.revision);
}

function parted(version: string): { epoch: bigint; upstream: string; revision: string } {
  const epoch = /^(\d+):/.exec(version)?.[1];
  const rest = epoch === undefined ? version : version.slice(epoch.length + 1);
  const dash = rest.lastIndexOf('-');
  return { epoch: BigInt(epoch ?? 0), upstream: dash < 0 ? rest : rest.slice(0, dash), revision: dash < 0 ? '' : rest.slice(dash + 1) };
}

function runs(first: string, second: string): number {
  const [a, b] = [partsOf(first), partsOf(second)];
  // Both begin with a run of non-digits, which may be empty.
  for (const list of [a, b]) if (!/^\D/.test(list[0] ?? '')) list.unshift('');
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const [left = '', right = ''] = [a[index], b[index]];
    const order = index % 2 === 0 ? signs(left, right) : numbers(left, right);
    if (order !== 0) return order;
  }
  return 0;
}

function partsOf(version: string): string[] {
  return version.match(/\d+|\D+/g) ?? [];
}

function numbers(first: string, second: string): number {
  const difference = BigInt(first || '0') - BigInt(second || '0');
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

function signs(first: string, second: string): number {
  for (let index = 0; index < Math.max(first.length, second.length); index += 1) {
    const difference = weight(first[index]) - weight(second[index]);
    if (difference !== 0) return Math.sign(difference);
  }
  return 0;
}

function weight(sign: string | undefined): number {
  if (sign === undefined) return 0;
  if (sign === '~') return -1;
  return sign.charCodeAt(0) + (/[a-z]/i.test(sign) ? 0 : 256);
}

/** rpm-version(7): runs of digits or of letters, all else only parts them; a number is newer than letters; `~` before, `^` behind the end. */
export function compareRhel(first: string, second: string): number {
  const [a, b] = [segments(first), segments(second)];
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const [left, right] = [a[index], b[index]];
    if (left === right) continue;
    if (left === '~' || right === '~') return left === '~' ? -1 : 1;
    if (left === '^' || right === '^') return left === '^' ? (right === undefined ? 1 : -1) : left === undefined ? -1 : 1;
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1;
    const [leftNumber, rightNumber] = [/^\d/.test(left), /^\d/.test(right)];
    if (leftNumber !== rightNumber) return leftNumber ? 1 : -1;
    const order = leftNumber ? numbers(left, right) : left < right ? -1 : 1;
    if (order !== 0) return order;
  }
  return 0;
}

function segments(version: string): string[] {
  return version.match(/\d+|[a-z]+|[~^]/gi) ?? [];
}

/** The one without a name of a packager parts versions like RPM. */
const COLLATIONS = { version: compareRhel, version_dpkg: compareDpkg, version_rhel: compareRhel } as const;

interface Api {
  sqlite3_create_collation_v2(db: Pointer, name: string, encoding: number, argument: number, compare: (...given: number[]) => number, destroy: number): number;
}

export function addCollations(sqlite3: Sqlite3, memory: Memory, database: Pointer): void {
  const api = sqlite3.capi as unknown as Api;
  for (const [name, compare] of Object.entries(COLLATIONS)) {
    const code = api.sqlite3_create_collation_v2(database, name, UTF8, 0, (_argument, firstLength = 0, first = 0, secondLength = 0, second = 0) => compare(memory.text(first, firstLength), memory.text(second, secondLength)), 0);
    if (code !== 0) throw new Error(`sqlite3_create_collation_v2(${name}): ${code}`);
  }
}
