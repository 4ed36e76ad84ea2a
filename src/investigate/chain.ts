/** The files that a unit's commands lead to: programs, scripts, what those call, source and download. Bounded in depth, files, bytes; a circle ends where it closes. */
import { COMMAND_DIRECTORIES } from '../host/command-line.ts';
import type { Inspected } from '../host/inspect.ts';
import { textOfBytes } from '../model/text.ts';
import { callsOf, type Call } from './calls.ts';
import { commandsOf } from './shell.ts';

export type ChainKind = 'binary' | 'script' | 'text' | 'missing' | 'unreadable' | 'directory' | 'special' | 'unknown';

export interface ChainFile {
  /** As it is called, made absolute; in the form of `textOfBytes`. */
  path: string;
  kind: ChainKind;
  /** 0 for what the unit itself names. */
  depth: number;
  /** What led here: `ExecStart`, or the path of the script. */
  from: string;
  via: Via;
  /** undefined for names that could not be resolved. */
  file: Inspected | undefined;
}

/** `runs` starts it, `interprets` hands it to an interpreter, `sources` reads it into itself, `interpreter` is named by a first line, `downloads` is where something that was fetched is put. */
export type Via = 'runs' | 'interprets' | 'sources' | 'interpreter' | 'downloads';

/** A text that was read: where it stands and what it says. */
export interface ChainText {
  where: string;
  text: string;
}

export interface Chain {
  files: ChainFile[];
  /** Scripts and commands, to look for strings in. Those of binaries are not here. */
  texts: ChainText[];
  downloads: { from: string; url: string; to: string }[];
  /** What was left out, in words. */
  limits: string[];
}

export interface ChainOptions {
  /** For commands that do not begin with a slash; the places where systemd and shells look. */
  inspect: (path: string) => Inspected;
  /** Of the unit, else `/`. */
  workingDirectory: string;
  /** What `~` and `$HOME` mean; undefined where it is not known. */
  home: string | undefined;
}

export interface Start {
  /** `ExecStart` and so on, or the path of a generator. */
  from: string;
  words: string[];
}

export const SCRIPT_BYTES = 256 * 1024;
const MOST_DEPTH = 6;
const MOST_FILES = 64;
const MOST_TEXT = 1024 ** 2;
/** Of the shell itself: no file of that name is run. */
const BUILTINS = new Set(':|[|[[|alias|bg|break|case|cd|continue|declare|dirs|echo|esac|exit|export|false|fg|for|getopts|hash|jobs|kill|let|local|popd|printf|pushd|pwd|read|readonly|return|select|set|shift|shopt|test|times|true|type|typeset|ulimit|umask|unalias|unset|wait'.split('|'));
const FUNCTION = /^[ \t]{0,40}(?:function[ \t]{1,9})?([A-Za-z_][\w-]{0,99})[ \t]{0,9}\(\)/gm;
const NO_SHELL = /^(?:python|perl|ruby|php|node|lua|tclsh|expect|pwsh|awk|gawk|mawk)/;

export function followChain(starts: readonly Start[], options: ChainOptions): Chain {
  const follower = new Follower(options);
  for (const { from, words } of starts) follower.command({ words }, from, 0);
  return follower.finish();
}

interface Waiting {
  text: string;
  where: string;
  depth: number;
}

class Follower {
  private readonly options: ChainOptions;
  private readonly files = new Map<string, ChainFile>();
  private readonly texts: ChainText[] = [];
  private readonly downloads: Chain['downloads'] = [];
  private readonly limits = new Set<string>();
  private readonly waiting: Waiting[] = [];
  private readonly functions = new Set<string>();
  private textLeft = MOST_TEXT;

  constructor(options: ChainOptions) {
    this.options = options;
  }

  /** Texts are read in the order in which they were met: breadth first. */
  finish(): Chain {
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) {
      const known = new Map(this.options.home === undefined ? [] : [['HOME', this.options.home]]);
      for (const command of commandsOf(next.text, known)) this.command(command, next.where, next.depth);
    }
    // A function may be called before the file that has it is read.
    const files = [...this.files.values()].filter(({ path }) => !this.functions.has(path));
    return { files, texts: this.texts, downloads: this.downloads, limits: [...this.limits] };
  }

  command(command: { words: string[]; input?: string }, from: string, depth: number): void {
    for (const call of callsOf(command)) this.call(call, from, depth);
  }

  private call(call: Call, from: string, depth: number): void {
    switch (call.kind) {
      case 'inline':
        this.keep(`${from} (${call.interpreter} text)`, call.text);
        if (!NO_SHELL.test(call.interpreter)) this.read(call.text, from, depth + 1);
        return;
      case 'download':
        this.downloads.push({ from, url: call.url, to: call.to });
        if (call.to !== '') this.file(call.to, from, 'downloads', depth, undefined);
        return;
      case 'program':
        if (depth > 0 && BUILTINS.has(call.path)) return;
        this.file(call.path, from, 'runs', depth, undefined);
        return;
      case 'script':
        this.file(call.path, from, 'interprets', depth, call.interpreter);
        return;
      case 'source':
        this.file(call.path, from, 'sources', depth, 'sh');
    }
  }

  private file(name: string, from: string, via: Via, depth: number, interpreter: string | undefined): void {
    const path = this.resolve(name, via);
    if (path !== undefined && this.files.has(path)) return;
    if (this.files.size >= MOST_FILES) {
      this.limits.add(`only the first ${MOST_FILES} files of the chain are looked at`);
      return;
    }
    if (path === undefined) {
      // What is no name of a file at all is a word of a script that was read wrongly.
      if (/^[\w./$@{}~+-]{1,256}$/.test(name)) this.files.set(name, { path: name, kind: name.includes('$') ? 'unknown' : 'missing', depth, from, via, file: undefined });
      return;
    }
    const file = this.options.inspect(path);
    const twin = file.real === path ? undefined : this.files.get(file.real);
    const { kind, first } = kindOf(file, interpreter);
    this.files.set(path, { path, kind, depth, from, via, file });
    if (twin !== undefined || (kind !== 'script' && kind !== 'text')) return;
    if (first !== undefined) this.interpreterOf(first, path, depth);
    this.script(file, path, depth, interpreter ?? first);
  }

  private interpreterOf(first: string, path: string, depth: number): void {
    for (const call of callsOf({ words: first.split(/\s+/).filter(Boolean) })) if (call.kind === 'program') this.file(call.path, path, 'interpreter', depth + 1, undefined);
  }

  private script(file: Inspected, path: string, depth: number, interpreter: string | undefined): void {
    const text = textOfBytes(file.head);
    if (file.size > file.head.length) this.limits.add(`only the first ${SCRIPT_BYTES / 1024} KiB of a script are read`);
    this.keep(path, text);
    const program = interpreter?.split(/[\s/]+/).findLast((word) => word !== '' && !word.startsWith('-')) ?? 'sh';
    if (!NO_SHELL.test(program)) this.read(text, path, depth + 1);
  }

  private keep(where: string, text: string): void {
    if (this.textLeft <= 0) {
      this.limits.add(`only the first ${MOST_TEXT / 1024 ** 2} MiB of scripts are looked into`);
      return;
    }
    this.texts.push({ where, text: text.slice(0, this.textLeft) });
    this.textLeft -= text.length;
  }

  private read(text: string, where: string, depth: number): void {
    for (const [, name = ''] of text.matchAll(FUNCTION)) this.functions.add(name);
    if (depth > MOST_DEPTH) this.limits.add(`calls are followed ${MOST_DEPTH} deep`);
    else if (this.textLeft > 0) this.waiting.push({ text, where, depth });
  }

  /** undefined for what cannot be told: a variable without a value, a name that is nowhere. */
  private resolve(name: string, via: Via): string | undefined {
    const { home, workingDirectory } = this.options;
    const expanded = home === undefined ? name : name.replace(/^~(?=\/|$)/, home);
    if (/[$…*?\0]/.test(expanded) || expanded === '' || expanded.startsWith('-') || expanded.startsWith('~')) return undefined;
    if (expanded.startsWith('/')) return normal(expanded);
    if (expanded.includes('/') || via === 'interprets' || via === 'downloads') return normal(`${workingDirectory}/${expanded}`);
    return COMMAND_DIRECTORIES.map((directory) => `${directory}/${expanded}`).find((path) => this.options.inspect(path).kind === 'file');
  }
}

/** Without `.`, `..` and doubled slashes. */
function normal(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** `first` is what the first line names behind `#!`. */
function kindOf(file: Inspected, interpreter: string | undefined): { kind: ChainKind; first?: string } {
  switch (file.kind) {
    case 'file':
      break;
    case 'missing':
    case 'unreadable':
    case 'directory':
      return { kind: file.kind };
    default:
      return { kind: 'special' };
  }
  const first = /^#![ \t]*([^\n\0]{1,256})/.exec(file.head.subarray(0, 300).toString('latin1'))?.[1]?.trim();
  if (first !== undefined) return { kind: 'script', first };
  // What an interpreter is given is a script whatever is in it; without `#!` the kernel refuses a text, and shells read it themselves.
  if (file.head.includes(0) || file.head.length === 0) return { kind: 'binary' };
  return { kind: interpreter === undefined ? 'text' : 'script' };
}
