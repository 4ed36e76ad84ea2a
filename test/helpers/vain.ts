/** A program that is opened and not run. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from './events.ts';

/** Linux runs a script that is the interpreter of a script, but only so deep (exec_binprm in fs/exec.c): ELOOP. */
const TOO_DEEP = 6;

/** Path of a script: whoever executes it opens the program, on every kernel, and stays what it was. */
export function inVain(program: string): string {
  const directory = temporaryDirectory();
  const script = (depth: number): string => join(directory, `script${depth}`);
  for (let depth = 1; depth <= TOO_DEEP; depth += 1) writeFileSync(script(depth), `#!${depth === TOO_DEEP ? program : script(depth + 1)}\n`, { mode: 0o755 });
  return script(1);
}
