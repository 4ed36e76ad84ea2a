/** The program as the packages of a host carry it, and programs of the tests' own made the same way, once for the sources as they are: what runs on hosts, started in half of the time that hundreds of files in TypeScript take. */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';

export const REPOSITORY = join(import.meta.dirname, '../..');
/** Beside the packages: delete what is in it to have it made anew. */
export const CACHE = join(REPOSITORY, 'node_modules/.cache/tickward');
const SOURCES = ['src', 'extension', 'playbooks', 'package.json', 'package-lock.json'];
/** Started often. */
const OF_TESTS = ['test/helpers/act', 'test/helpers/act-there', 'test/helpers/as-osqueryi', 'test/helpers/sensor-process', 'test/helpers/tree', 'test/respond/cut-off', 'test/system/cut-off', 'test/system/cut-off-at'] as const;
/** What a run of tests that began before the sources were changed may still use. */
const KEPT_MS = 3_600_000;

const BUILT = join(relative(REPOSITORY, CACHE), await made());

/** Where a file of it is, in the checkout as it is mounted somewhere. The paths are those of the sources: `src/cli/tickward` in the checkout itself starts the same from TypeScript. */
export function built(path: string, checkout = REPOSITORY): string {
  return join(checkout, BUILT, path);
}

export function programOf(name: (typeof OF_TESTS)[number], checkout = REPOSITORY): string {
  return built(`${name}.js`, checkout);
}

/** The name of its directory. */
async function made(): Promise<string> {
  const name = `program-${digest()}`;
  if (existsSync(join(CACHE, name))) return name;
  mkdirSync(CACHE, { recursive: true });
  removeOld();
  const part = mkdtempSync(join(CACHE, 'program-part-'));
  await make(part);
  // As users of the tests' own read it too.
  chmodSync(part, 0o755);
  try {
    renameSync(part, join(CACHE, name));
  } catch (error) {
    rmSync(part, { recursive: true });
    // Another file of tests came first.
    if (!existsSync(join(CACHE, name))) throw error;
  }
  return name;
}

/** Several files of tests may do that at once: what one has renamed no other takes. */
function removeOld(): void {
  const before = Date.now() - KEPT_MS;
  for (const old of readdirSync(CACHE).filter((name) => name.startsWith('program-') && (statSync(join(CACHE, name), { throwIfNoEntry: false })?.mtimeMs ?? before) < before)) {
    const mine = join(CACHE, `program-old-${process.pid}-${old}`);
    try {
      renameSync(join(CACHE, old), mine);
    } catch {
      continue;
    }
    rmSync(mine, { recursive: true, force: true });
  }
}

async function make(into: string): Promise<void> {
  const [{ bundle }, { layOut }] = await Promise.all([import('../../src/package/bundle.ts'), import('../../src/package/compile.ts')]);
  layOut(into);
  await bundle(into, [{ format: 'esm', files: OF_TESTS }]);
  symlinkSync('../../..', join(into, 'node_modules'));
}

function digest(): string {
  const hash = createHash('sha256');
  for (const path of [...SOURCES, 'test/helpers', ...OF_TESTS.map((name) => `${name}.ts`)].flatMap((source) => filesOf(join(REPOSITORY, source)))) hash.update(`${path}\0`).update(readFileSync(path));
  return hash.digest('hex').slice(0, 16);
}

function filesOf(source: string): string[] {
  if (statSync(source).isFile()) return [source];
  return readdirSync(source, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort();
}
