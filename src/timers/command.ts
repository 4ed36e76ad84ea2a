/** What the words of a unit's command lead to: its program, and the script behind it. */
import { realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import { COMMAND_DIRECTORIES } from '../host/command-line.ts';
import { readStart } from '../host/read.ts';
import { bytesOfText, textOfBytes } from '../model/text.ts';

export interface ScriptLink {
  path: string;
  kind: 'binary' | 'script' | 'inline' | 'missing';
  /** Of a script: what its first line names. */
  interpreter?: string;
  /** Of `sh -c TEXT`. */
  text?: string;
}

const INTERPRETER = /^(?:(?:ba|da|z|k|mk|a)?sh|busybox|env|python[\d.]*|perl[\d.]*|ruby[\d.]*|php[\d.]*|node|lua[\d.]*)$/;
/** Options of those that are followed by a text instead of a file. */
const INLINE = /^-[a-z]*[ce]$/;
const MOST_LINKS = 8;
const HEAD = 256;

/** The program, then the script behind an interpreter, then what that script's first line names. Bounded, also where they lead in a circle. */
export function chainOf(words: readonly string[]): ScriptLink[] {
  const chain: ScriptLink[] = [];
  for (let rest = [...words]; rest.length > 0 && chain.length < MOST_LINKS; ) {
    const [program = '', ...given] = rest;
    const path = program.startsWith('/') ? program : COMMAND_DIRECTORIES.map((directory) => join(directory, program)).find((each) => readStart(each, 1) !== undefined) ?? program;
    const link = linkOf(path);
    if (chain.some((each) => each.path === link.path)) break;
    chain.push(link);
    if (link.kind !== 'binary' || !INTERPRETER.test(basename(path))) break;
    const inline = given.findIndex((word) => INLINE.test(word));
    const next = given.findIndex((word) => !word.startsWith('-') && !/^\w+=/.test(word));
    if (inline >= 0 && (next < 0 || inline < next)) {
      chain.push({ path: link.path, kind: 'inline', text: given[inline + 1] ?? '' });
      break;
    }
    rest = next < 0 ? [] : given.slice(next);
  }
  return chain;
}

function linkOf(path: string): ScriptLink {
  const head = readStart(path, HEAD);
  if (head === undefined) return { path, kind: 'missing' };
  const interpreter = /^#![ \t]*([^\n]*)/.exec(textOfBytes(head))?.[1]?.trim();
  if (interpreter !== undefined) return { path: real(path), kind: 'script', interpreter };
  return { path: real(path), kind: 'binary' };
}

/** Where the links of a path lead in the end. */
function real(path: string): string {
  try {
    return textOfBytes(realpathSync(bytesOfText(path), { encoding: 'buffer' }));
  } catch {
    return path;
  }
}
