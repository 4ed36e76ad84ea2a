/** What V8 makes of a part of the bundle, kept beside it: reading it takes a fraction of the time that compiling does. The same for who makes the package and for who runs it. */
import { statSync } from 'node:fs';
import { constants, Script } from 'node:vm';

/** Where it is kept of a part. */
export function cacheOf(part: string): string {
  return `${part}.v8`;
}

/** A function of what Node gives a CommonJS module. V8 takes nothing of another version of itself, of other flags or of a source of another length: then it compiles. */
export function scriptOf(part: string, source: string, cachedData?: Buffer): Script {
  return new Script(`(function (exports, require, module, __filename, __dirname) {${source}\n})`, { filename: part, cachedData, importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER });
}

/** Both files have one time in a package. A source that was edited since is compiled anew. */
export function isCurrent(part: string): boolean {
  const kept = statSync(cacheOf(part), { throwIfNoEntry: false });
  return kept !== undefined && kept.mtimeMs >= statSync(part).mtimeMs;
}
