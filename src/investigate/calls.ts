/** What one command runs: the program, the script or the text behind an interpreter, what it sources or downloads. Pure. */
import { shellWord } from '../model/text.ts';
import type { ShellCommand } from './shell.ts';

export type Call =
  /** A program by path or by name, a script that an interpreter reads, a file that the shell reads into itself. */
  | { kind: 'program' | 'script' | 'source'; path: string; interpreter?: string }
  /** A text that an interpreter is given. */
  | { kind: 'inline'; text: string; interpreter: string }
  /** Where it puts what it fetches; empty for standard output. */
  | { kind: 'download'; url: string; to: string };

const SHELL = /^(?:ba|da|z|k|mk|a|fi)?sh$/;
const INTERPRETER = /^(?:(?:ba|da|z|k|mk|a|fi)?sh|python[\d.]*|perl[\d.]*|ruby[\d.]*|php[\d.]*|node|lua[\d.]*|awk|gawk|mawk|tclsh|expect|osascript|pwsh)$/;

/** Programs that run the command behind them: their options that take a value, and how many plain words stand before the command. */
const WRAPPERS: Record<string, { valued?: RegExp; before?: number }> = {
  env: { valued: /^-[uC]$/ },
  nohup: {},
  setsid: {},
  exec: { valued: /^-a$/ },
  command: {},
  builtin: {},
  eval: {},
  nice: { valued: /^-n$/ },
  ionice: { valued: /^-[cnp]$/ },
  chrt: { before: 1 },
  taskset: { before: 1 },
  timeout: { valued: /^-[ks]$/, before: 1 },
  sudo: { valued: /^-[ugCDhprTtU]$/ },
  doas: { valued: /^-[uC]$/ },
  pkexec: { valued: /^--user$/ },
  runuser: { valued: /^-[ugG]$/ },
  setpriv: { valued: /^--(?:re|r|e)?[ug]id$/ },
  stdbuf: { valued: /^-[ioe]$/ },
  flock: { valued: /^-[wE]$/, before: 1 },
  chroot: { before: 1 },
  unshare: {},
  nsenter: { valued: /^-[tSGr]$/ },
  xargs: { valued: /^-[IniPLsdEa]$/ },
  busybox: {},
  'systemd-run': { valued: /^-[pEuMH]$/ },
  'systemd-inhibit': {},
  'systemd-cat': { valued: /^-[tp]$/ },
  'start-stop-daemon': { valued: /^-[pxnusaNkgcdmrCT]$/ },
  trap: {},
};

const FETCHERS = /^(?:curl|wget|fetch|aria2c|http|https|lwp-download|GET)$/;
const MOST_WRAPPERS = 8;

export function callsOf({ words, input }: Pick<ShellCommand, 'words' | 'input'>, left = MOST_WRAPPERS): Call[] {
  const [program, ...rest] = words;
  if (program === undefined || program === '') return [];
  const name = program.slice(program.lastIndexOf('/') + 1);
  if (program === '.' || program === 'source') return rest[0] === undefined ? [] : [{ kind: 'source', path: rest[0] }];
  const own: Call[] = [{ kind: 'program', path: program }];
  if (FETCHERS.test(name)) return [...own, ...downloadsOf(name, rest)];
  if (INTERPRETER.test(name)) return [...own, ...interpreted(name, rest, input)];
  if (name === 'su') return [...own, ...afterCommandOption(rest)];
  const wrapper = Object.hasOwn(WRAPPERS, name) ? WRAPPERS[name] : undefined;
  if (wrapper === undefined || left === 0) return own;
  if ((name === 'eval' || name === 'trap') && rest[0] !== undefined) return [{ kind: 'inline', text: name === 'trap' ? rest[0] : rest.join(' '), interpreter: 'sh' }];
  const split = name === 'env' ? splitString(rest) : undefined;
  if (split !== undefined) return [...own, { kind: 'inline', text: split, interpreter: 'sh' }];
  const isBuiltin = name === 'exec' || name === 'command' || name === 'builtin';
  if (name === 'flock' && rest.includes('-c')) return [...own, ...afterCommandOption(rest)];
  return [...(isBuiltin ? [] : own), ...callsOf({ words: behindWrapper(rest, wrapper), ...(input === undefined ? {} : { input }) }, left - 1)];
}

/** env(1) takes the text of -S apart as a shell would, and puts what stands behind it after that. */
function splitString(words: readonly string[]): string | undefined {
  const at = words.findIndex((word) => !/^(?:-[iv0]*|--(?!split-string)\S*|[A-Za-z_]\w*=.*)$/s.test(word));
  const [, joined] = /^(?:-[iv0]*S|--split-string(?:=|$))(.*)$/s.exec(words[at] ?? '') ?? [];
  if (joined === undefined) return undefined;
  const [text = '', ...rest] = joined === '' ? words.slice(at + 1) : [joined, ...words.slice(at + 1)];
  return [text, ...rest.map(shellWord)].join(' ');
}

/** Options and assignments of a wrapper are passed over. */
function behindWrapper(words: readonly string[], { valued, before = 0 }: { valued?: RegExp; before?: number }): string[] {
  let at = 0;
  for (let plain = before; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word === '--') {
      at += 1;
      break;
    }
    if (valued?.test(word) === true) at += 1;
    else if (word.startsWith('-') || /^[A-Za-z_]\w*=/.test(word)) continue;
    else if (plain > 0) plain -= 1;
    else break;
  }
  return words.slice(at);
}

/** `su user -c TEXT`, `flock FILE -c TEXT`. */
function afterCommandOption(words: readonly string[]): Call[] {
  const at = words.findIndex((word) => word === '-c' || word === '--command');
  const text = at < 0 ? undefined : words[at + 1];
  return text === undefined ? [] : [{ kind: 'inline', text, interpreter: 'sh' }];
}

/** Options of interpreters that are followed by a text. */
const INLINE = /^-[A-Za-z]*[ceE]$|^--(?:eval|command)$/;
/** Those whose next word belongs to them. */
const VALUED = /^(?:-[WXIMmro]|-o|\+o|--rcfile|--init-file|--require)$/;

function interpreted(name: string, words: readonly string[], input: string | undefined): Call[] {
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (INLINE.test(word) && (SHELL.test(name) ? word.endsWith('c') : true)) return words[at + 1] === undefined ? [] : [{ kind: 'inline', text: words[at + 1] ?? '', interpreter: name }];
    if (/^[am]?[gn]?awk$/.test(name) && !word.startsWith('-')) return [{ kind: 'inline', text: word, interpreter: name }];
    if (VALUED.test(word)) at += 1;
    else if (word === '-s' || word === '-') break;
    else if (!word.startsWith('-') && !word.startsWith('+')) return [{ kind: 'script', path: word, interpreter: name }];
  }
  return input === undefined ? [] : [{ kind: 'inline', text: input, interpreter: name }];
}

const TO_FILE = /^(?:-o|--output|-O|--output-document|--out|-d)$/;

function downloadsOf(name: string, words: readonly string[]): Call[] {
  const urls = words.filter((word, at) => /^[a-z][a-z+.-]*:\/\//i.test(word) || (!word.startsWith('-') && /^[\w-]+(?:\.[\w-]+)+(?:[:/]|$)/.test(word) && !TO_FILE.test(words[at - 1] ?? '')));
  const option = words.findIndex((word) => TO_FILE.test(word) && !(name === 'curl' && word === '-O'));
  const joined = words.find((word) => /^(?:-o|-O|--output=|--output-document=)\S+$/.test(word));
  const to = option >= 0 ? (words[option + 1] ?? '') : (joined?.replace(/^(?:-o|-O|--output=|--output-document=)/, '') ?? '');
  return urls.map((url): Call => ({ kind: 'download', url, to: to === '-' ? '' : to }));
}
