/** A program of its own: keeps beside each part in a directory what V8 makes of it. V8 gives the same bytes for the same source only as `SAME_BYTES` in bundle.ts says, and where little was loaded before. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { keep, scriptOf } from './v8-cache.ts';

const directory = process.argv[2] ?? '.';
for (const name of readdirSync(directory).sort()) {
  if (!name.endsWith('.cjs')) continue;
  // Functions too, which else are left until they are called.
  setFlagsFromString('--no-lazy');
  // By its name alone: whoever loads it says where it lies.
  const script = scriptOf(name, readFileSync(join(directory, name), 'utf8'));
  // As it is where it is read, or it is not taken.
  setFlagsFromString('--lazy');
  keep(join(directory, name), script.createCachedData());
}
