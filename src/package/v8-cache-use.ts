/** Loaded before all else by the programs of a bundle: from here on their parts come from what V8 made of them. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { kept, scriptOf } from './v8-cache.ts';

const { extensions } = createRequire(import.meta.filename);
const compile = extensions['.js'];

extensions['.cjs'] = (module, file) => {
  const data = kept(file);
  if (data === undefined) return compile(module, file);
  const run = scriptOf(file, readFileSync(file, 'utf8'), data).runInThisContext();
  run(module.exports, (name: string) => module.require(name), module, file, dirname(file));
};
