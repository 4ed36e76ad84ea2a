/** How the programs of a bundle come by koffi: its binary alone, and only where it is needed. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { built, REPOSITORY } from '../helpers/program.ts';

const BINARY = `@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`;
const TELL = 'data:text/javascript,process.on("exit",()=>console.log(process.report.getReport().sharedObjects.some((name)=>name.endsWith("koffi.node"))))';

function loadsKoffi(...args: string[]): string | undefined {
  return execFileSync('/bin/sh', [join(REPOSITORY, 'src/node.sh'), '--import', TELL, ...args], { encoding: 'utf8', cwd: REPOSITORY }).trim().split('\n').at(-1);
}

test('the one part that loads it loads the binary', () => {
  const programs = ['src', 'extension'].flatMap((directory) => readdirSync(built(directory), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.cjs')).map((name) => readFileSync(join(built(directory), name), 'utf8')));
  expect(programs.flatMap((text) => [...text.matchAll(/\("([^"]*koffi[^"]*)"\)/g)].map(([, name]) => name))).toEqual([BINARY]);
});

test('a command that calls nothing of libc does not load it', () => {
  expect(loadsKoffi('--eval', `require(${JSON.stringify(BINARY)})`)).toBe('true');
  expect(loadsKoffi(built('src/cli/main.cjs'), '--version')).toBe('false');
});
