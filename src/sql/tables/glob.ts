/**
 * How osquery turns a LIKE on `file.path` into paths (its resolveFilePattern, as observed): `%` is one component, `%%` at the very end
 * every level below; the rest is glob(3) with braces, tilde and a mark behind directories.
 */
import { readdirSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isThere, unwritten } from '../../host/names.ts';
import { literally } from '../../model/pattern.ts';
import { bytesOfText, textOfBytes } from '../../model/text.ts';

const DEEPEST = 64;

/** Paths that match as `textOfBytes`, folders with a slash at their end. A byte that is no UTF-8 is written `\\xff`. `checkpoint` is called for everything that is looked at. */
export function resolvePattern(pattern: string, checkpoint: () => void): string[] {
  const glob = canonical(absolute(unwritten(pattern).replaceAll('%', '*')));
  if (!glob.endsWith('**')) return [...new Set(expand(glob, checkpoint))];
  const found = new Set<string>();
  const visited = new Set<string>();
  for (const path of expand(glob.slice(0, -1), checkpoint)) {
    found.add(path);
    if (path.endsWith('/')) descend(path, visited, found, 0, checkpoint);
  }
  return [...found];
}

function absolute(pattern: string): string {
  return pattern.startsWith('/') || pattern.startsWith('~') ? pattern : join(process.cwd(), pattern);
}

/** What stands before the first star is resolved, links included. */
function canonical(glob: string): string {
  const star = glob.indexOf('*');
  const base = star < 0 ? glob : glob.slice(0, star);
  try {
    const real = textOfBytes(realpathSync(bytesOfText(base), { encoding: 'buffer' }));
    return real === base ? glob : (isFolder(real) ? `${real.replace(/\/$/, '')}/` : real) + glob.slice(base.length);
  } catch {
    return glob;
  }
}

function descend(folder: string, visited: Set<string>, found: Set<string>, depth: number, checkpoint: () => void): void {
  const identity = identityOf(folder);
  if (depth >= DEEPEST || visited.has(identity)) return;
  visited.add(identity);
  for (const entry of entriesOf(folder)) {
    checkpoint();
    const path = `${folder}${entry.name}`;
    const isDirectory = entry.isDirectory() || (entry.isSymbolicLink() && isFolder(path));
    found.add(isDirectory ? `${path}/` : path);
    if (isDirectory) descend(`${path}/`, visited, found, depth + 1, checkpoint);
  }
}

function identityOf(path: string): string {
  const stat = statSync(bytesOfText(path), { throwIfNoEntry: false });
  return stat === undefined ? path : `${stat.dev}:${stat.ino}`;
}

function expand(glob: string, checkpoint: () => void): string[] {
  return braces(glob).flatMap((pattern) => {
    const resolved = tilde(pattern);
    return resolved === undefined ? [] : walk(resolved.split('/').slice(1), checkpoint);
  });
}

/** `~` is the home of whoever runs the query; `~name` is left out, and a user without a home. */
function tilde(pattern: string): string | undefined {
  if (!pattern.startsWith('~')) return pattern;
  if (pattern !== '~' && !pattern.startsWith('~/')) return undefined;
  try {
    return homedir() + pattern.slice(1);
  } catch {
    return undefined;
  }
}

function walk(components: readonly string[], checkpoint: () => void): string[] {
  let level = [''];
  for (const [index, component] of components.entries()) {
    const last = index === components.length - 1;
    level = level.flatMap((base) => step(base, component, last, checkpoint));
    if (level.length === 0) break;
  }
  return level.map((path) => (path.endsWith('/') || !isFolder(path === '' ? '/' : path) ? path : `${path}/`));
}

function step(base: string, component: string, last: boolean, checkpoint: () => void): string[] {
  checkpoint();
  if (component === '') return last ? (isFolder(`${base}/`) ? [`${base}/`] : []) : [base];
  if (!isMagic(component)) {
    const path = `${base}/${component.replace(/\\(.)/gs, '$1')}`;
    return !last || isThere(path) ? [path] : [];
  }
  const matches = componentPattern(component);
  const names = entriesOf(`${base}/`).map((entry) => entry.name).filter((name) => matches.test(name));
  return names.map((name) => `${base}/${name}`).filter((path) => last || isFolder(path));
}

function isMagic(component: string): boolean {
  const plain = component.replace(/\\./gs, '');
  return /[*?]/.test(plain) || /\[.+\]/s.test(plain);
}

const CLASSES: Record<string, string> = { alpha: 'A-Za-z', digit: '0-9', alnum: 'A-Za-z0-9', upper: 'A-Z', lower: 'a-z', space: '\\s', punct: '!-\\/:-@\\[-`{-~', xdigit: '0-9A-Fa-f' };

/** fnmatch(3) with FNM_PERIOD: a wildcard does not match a leading dot. Runs of stars are one, so that matching stays linear in practice. */
function componentPattern(component: string): RegExp {
  let source = /^\\?\./.test(component) ? '' : '(?!\\.)';
  for (let index = 0; index < component.length; index += 1) {
    const character = component[index] ?? '';
    if (character === '*') {
      while (component[index + 1] === '*') index += 1;
      source += '[^]*';
    } else if (character === '?') source += '[^]';
    else if (character === '\\' && index + 1 < component.length) source += literally(component[(index += 1)] ?? '');
    else if (character === '[') {
      const end = bracketEnd(component, index);
      if (end < 0) source += '\\[';
      else {
        source += bracket(component.slice(index + 1, end));
        index = end;
      }
    } else source += literally(character);
  }
  try {
    return new RegExp(`^${source}$`);
  } catch {
    return /(?!)/;
  }
}

/** A `]` right behind the opening, or behind `!` or `^`, is a member. */
function bracketEnd(component: string, open: number): number {
  const first = open + (/[!^]/.test(component[open + 1] ?? '') ? 2 : 1);
  return component.indexOf(']', first + (component[first] === ']' ? 1 : 0));
}

function bracket(content: string): string {
  const negated = /^[!^]/.test(content);
  const members = (negated ? content.slice(1) : content).replace(/\[:(\w+):\]|[\\\]^]/g, (match, name: string | undefined) => (name === undefined ? `\\${match}` : (CLASSES[name] ?? '')));
  return `[${negated ? '^' : ''}${members}]`;
}

/** GLOB_BRACE: the first pair at the outermost level, then again; `{}` stands for itself. */
function braces(pattern: string): string[] {
  let depth = 0;
  let start = -1;
  for (let index = 0; index < pattern.length; index += 1) {
    const character = pattern[index];
    if (character === '\\') index += 1;
    else if (character === '{' && depth === 0 && pattern[index + 1] === '}') index += 1;
    else if (character === '{') {
      if (depth === 0) start = index;
      depth += 1;
    } else if (character === '}' && depth > 0) {
      depth -= 1;
      if (depth === 0) return alternatives(pattern.slice(start + 1, index)).flatMap((each) => braces(pattern.slice(0, start) + each + pattern.slice(index + 1)));
    }
  }
  return [pattern];
}

function alternatives(text: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let from = 0;
  for (let index = 0; index < text.length; index += 1) {
    if (text[index] === '{') depth += 1;
    else if (text[index] === '}') depth -= 1;
    else if (text[index] === ',' && depth === 0) {
      found.push(text.slice(from, index));
      from = index + 1;
    }
  }
  return [...found, text.slice(from)];
}

function entriesOf(folder: string): ReturnType<typeof readFolder> {
  try {
    return readFolder(folder);
  } catch {
    return [];
  }
}

function readFolder(folder: string): { name: string; isDirectory(): boolean; isSymbolicLink(): boolean }[] {
  return readdirSync(bytesOfText(folder), { withFileTypes: true, encoding: 'buffer' }).map((entry) => ({ name: textOfBytes(entry.name), isDirectory: () => entry.isDirectory(), isSymbolicLink: () => entry.isSymbolicLink() }));
}

function isFolder(path: string): boolean {
  try {
    return statSync(bytesOfText(path), { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    return false;
  }
}
