/** What V8 made of the parts of a bundle: taken by the Node that the launchers start, and only as long as the part is what it was. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeCaches } from '../../src/package/bundle.ts';
import { cacheOf } from '../../src/package/v8-cache.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { built, REPOSITORY } from '../helpers/program.ts';

const PARTS = built('src/parts');
/** As `tickward` is started, and as the extension. */
const STARTED = [[], ['--max-semi-space-size=2']];

const REFUSED = `
import { readdirSync, readFileSync } from 'node:fs';
import { kept, scriptOf } from ${JSON.stringify(join(REPOSITORY, 'src/package/v8-cache.ts'))};
const parts = readdirSync(process.argv[1]).filter((name) => name.endsWith('.cjs')).map((name) => process.argv[1] + '/' + name);
const refused = parts.filter((part) => scriptOf(part, readFileSync(part, 'utf8'), kept(part)).cachedDataRejected !== false);
console.log(JSON.stringify({ parts: parts.length, refused }));
`;

function node(...args: string[]): string {
  return execFileSync('/bin/sh', [join(REPOSITORY, 'src/node.sh'), ...args], { encoding: 'utf8' });
}

/** What a part gives to who requires it. */
function given(part: string): string {
  return node('--eval', `require(${JSON.stringify(built('src/package/v8-cache-use.cjs'))}); console.log(require(${JSON.stringify(part)}).value())`).trim();
}

test.each(STARTED)('every part has one, and it is taken %s', (...flags: string[]) => {
  const { parts, refused } = JSON.parse(node(...flags, '--input-type=module', '--eval', REFUSED, PARTS)) as { parts: number; refused: string[] };
  expect(refused).toEqual([]);
  expect(parts).toBe(readdirSync(PARTS).filter((name) => name.endsWith('.cjs')).length);
  expect(parts).toBeGreaterThan(50);
});

test('the same sources give the same bytes, wherever they lie', async () => {
  const caches = async (directory: string): Promise<string[]> => {
    for (const part of readdirSync(PARTS).filter((name) => name.endsWith('.cjs'))) copyFileSync(join(PARTS, part), join(directory, part));
    await makeCaches(directory);
    return readdirSync(directory).filter((name) => name.endsWith('.v8')).map((name) => `${name} ${createHash('sha256').update(readFileSync(join(directory, name))).digest('hex')}`);
  };
  expect(await caches(temporaryDirectory(temporaryDirectory()))).toEqual(await caches(temporaryDirectory()));
});

test('what was edited is compiled anew', async () => {
  const directory = temporaryDirectory();
  const part = join(directory, 'part.cjs');
  const write = (value: number): void => writeFileSync(part, `module.exports = { value: () => ${value} };`);
  write(1);
  await makeCaches(directory);
  expect(given(part)).toBe('1');

  // Of the same length and time it cannot be told from what V8 made its own of: that is how one sees that it is used.
  const { atime, mtime } = statSync(part);
  write(2);
  utimesSync(part, atime, mtime);
  expect(given(part)).toBe('1');

  utimesSync(part, atime, new Date(Date.now() + 1000));
  expect(given(part)).toBe('2');
});

test.each<[string, (cache: string) => void]>([
  ['no cache of V8', (cache) => writeFileSync(cache, 'something else')],
  ['empty', (cache) => writeFileSync(cache, '')],
  ['cut off', (cache) => truncateSync(cache, 200)],
  // V8 would run it, and end at the first byte that means nothing.
  ['damaged', (cache) => writeFileSync(cache, readFileSync(cache).fill(0x55, 200, 300))],
  ['no file', (cache) => {
    rmSync(cache);
    mkdirSync(cache);
  }],
])('one that is %s is not taken', async (_, damage) => {
  const directory = temporaryDirectory();
  const part = join(directory, 'part.cjs');
  writeFileSync(part, 'module.exports = { value: () => __filename };');
  await makeCaches(directory);
  damage(cacheOf(part));
  expect(given(part)).toBe(part);
});

test('a part may load modules', async () => {
  const directory = temporaryDirectory();
  const part = join(directory, 'part.cjs');
  writeFileSync(part, "import('./other.mjs').then(({ said }) => console.log(said)); module.exports = { value: () => 'and' };");
  writeFileSync(join(directory, 'other.mjs'), "export const said = 'loaded';");
  await makeCaches(directory);
  expect(given(part)).toBe('and\nloaded');
});
