/** What V8 makes of a part of the bundle, kept beside it: reading it takes a fraction of the time that compiling does. The same for who makes the package and for who runs it. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { constants, Script } from 'node:vm';
import { crc32 } from 'node:zlib';

/** At the end: V8 runs what it is given without a look at its bytes. */
const CHECKSUM_BYTES = 4;

/** Where it is kept of a part. */
export function cacheOf(part: string): string {
  return `${part}.v8`;
}

/** A function of what Node gives a CommonJS module. V8 takes nothing of another version of itself, of other flags or of a source of another length: then it compiles. */
export function scriptOf(part: string, source: string, cachedData?: Buffer): Script {
  return new Script(`(function (exports, require, module, __filename, __dirname) {${source}\n})`, { filename: part, cachedData, importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER });
}

export function keep(part: string, data: Buffer): void {
  const checksum = Buffer.alloc(CHECKSUM_BYTES);
  checksum.writeUInt32LE(crc32(data));
  writeFileSync(cacheOf(part), Buffer.concat([data, checksum]));
}

/** undefined where there is none, or none to be used: damaged, unreadable, or of a source that was edited since (in a package both have one time). */
export function kept(part: string): Buffer | undefined {
  try {
    if (statSync(cacheOf(part)).mtimeMs < statSync(part).mtimeMs) return undefined;
    const bytes = readFileSync(cacheOf(part));
    const data = bytes.subarray(0, -CHECKSUM_BYTES);
    return crc32(data) === bytes.readUInt32LE(data.length) ? data : undefined;
  } catch {
    return undefined;
  }
}
