/** What a shell script calls, as far as can be read without running it. Pure, never throws, and takes time in proportion to the text. */
import { sumOf } from './arithmetic.ts';

/** One command of a script. */
export interface ShellCommand {
  /** Quotes taken away, variables that the script itself sets to a plain text put in. `$x` stays where its value is not known. */
  words: string[];
  /** Targets of `>` and `>>`. */
  writes: string[];
  /** The text of its here-document. */
  input?: string;
}

/** More than this is no script that anyone wrote. */
const MOST_COMMANDS = 2_000;
const MOST_NESTING = 8;
/** Values that contain each other would grow without end. Characters, and variables in one word. */
const MOST_VALUE = 256;
const MOST_FILLED = 16;

const KEYWORDS = new Set(['if', 'then', 'else', 'elif', 'fi', 'do', 'done', 'while', 'until', '!', '{', '}', 'time', 'in', 'esac', 'function', 'coproc']);
const ASSIGNMENT = /^([A-Za-z_]\w*)=(.*)$/s;
const NAME = /\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/g;

/** Commands in their order, those inside of `$(…)`, backquotes, `<(…)` and parentheses after the one they stand in. */
export function commandsOf(text: string, known: ReadonlyMap<string, string> = new Map()): ShellCommand[] {
  const reader = new Reader(text, new Map(known), 0);
  return reader.read();
}

class Reader {
  private readonly text: string;
  private readonly variables: Map<string, string>;
  private readonly depth: number;
  private readonly commands: ShellCommand[] = [];
  private nested: string[] = [];
  private words: string[] = [];
  private writes: string[] = [];
  private word: string | undefined;
  private redirects = false;
  private hereDocuments: { end: string; dashed: boolean; owner: ShellCommand | undefined }[] = [];
  private at = 0;
  /** Parentheses that are open, and the number of commands before the pipeline that is read. */
  private open = 0;
  private pipeline = 0;

  constructor(text: string, variables: Map<string, string>, depth: number) {
    this.text = text;
    this.variables = variables;
    this.depth = depth;
  }

  read(): ShellCommand[] {
    while (this.at < this.text.length && this.commands.length < MOST_COMMANDS) this.step();
    this.endCommand();
    return this.commands;
  }

  private step(): void {
    const letter = this.text[this.at] ?? '';
    switch (letter) {
      case '\\':
        if (this.text[this.at + 1] !== '\n') this.add(this.text[this.at + 1] ?? '');
        this.at += 2;
        return;
      case "'":
        this.singleQuoted();
        return;
      case '"':
        this.doubleQuoted();
        return;
      case '`':
        this.nest(this.upTo('`', this.at + 1));
        return;
      case '$':
        if (this.text[this.at + 1] === '(') this.dollar();
        else this.add(this.take(1));
        return;
      case '#':
        if (this.word === undefined) this.at = this.lineEnd();
        else this.add(this.take(1));
        return;
      case '<':
      case '>':
        this.redirection(letter);
        return;
      case ' ':
      case '\t':
      case '\r':
        this.endWord();
        this.at += 1;
        return;
      case '\n':
        this.endCommand();
        this.at += 1;
        this.hereBodies();
        return;
      case '(':
        this.open += 1;
        this.endCommand();
        this.at += 1;
        return;
      case ')':
        if (this.open === 0) this.dropPattern();
        else this.open -= 1;
        this.endCommand();
        this.at += 1;
        return;
      case '|':
        this.endCommand(true);
        this.at += 1;
        return;
      case ';':
      case '&':
        this.endCommand();
        this.at += 1;
        return;
      default:
        this.add(this.plain());
    }
  }

  /** What a parenthesis ends that none began is a pattern of `case`: `a|b)`. Only plain words are: `${x:-)}` has one too. */
  private dropPattern(): void {
    this.endWord();
    const pieces = [...this.commands.slice(this.pipeline), { words: this.words, writes: this.writes }];
    if (this.nested.length > 0 || !pieces.every(({ words, writes }) => words.length === 1 && writes.length === 0 && !words[0]?.includes('$'))) return;
    this.commands.length = this.pipeline;
    this.words = [];
  }

  /** A run of letters that mean nothing to the shell. */
  private plain(): string {
    const pattern = /[^\\'"`$#<> \t\r\n;&|()]+/y;
    pattern.lastIndex = this.at;
    return this.take(pattern.exec(this.text)?.[0].length ?? 1);
  }

  private take(length: number): string {
    const taken = this.text.slice(this.at, this.at + length);
    this.at += length;
    return taken;
  }

  private add(text: string): void {
    this.word = (this.word ?? '') + text;
  }

  private singleQuoted(): void {
    this.add(this.upTo("'", this.at + 1));
  }

  private doubleQuoted(): void {
    this.at += 1;
    this.add('');
    while (this.at < this.text.length && this.text[this.at] !== '"') {
      if (this.text[this.at] === '\\') {
        this.add(this.text[this.at + 1] ?? '');
        this.at += 2;
      } else if (this.text.startsWith('$(', this.at)) this.dollar();
      else if (this.text[this.at] === '`') this.nest(this.upTo('`', this.at + 1));
      else {
        const pattern = /[^\\"`$]+/y;
        pattern.lastIndex = this.at;
        this.add(this.take(pattern.exec(this.text)?.[0].length ?? 1));
      }
    }
    this.at += 1;
  }

  /** The text up to a sign, and past it. */
  private upTo(sign: string, start: number): string {
    const end = this.text.indexOf(sign, start);
    this.at = end < 0 ? this.text.length : end + 1;
    return this.text.slice(start, end < 0 ? this.text.length : end);
  }

  /** What stands between a parenthesis and the one that closes it; quotes inside are passed over. */
  private parenthesised(open: number): string {
    let depth = 0;
    let quote = '';
    for (let at = open; at < this.text.length; at += 1) {
      const letter = this.text[at] ?? '';
      if (letter === '\\' && quote !== "'") at += 1;
      else if (quote !== '') quote = letter === quote ? '' : quote;
      else if (letter === "'" || letter === '"') quote = letter;
      else if (letter === '(') depth += 1;
      else if (letter === ')') {
        depth -= 1;
        if (depth > 0) continue;
        this.at = at + 1;
        return this.text.slice(open + 1, at);
      }
    }
    this.at = this.text.length;
    return this.text.slice(open + 1);
  }

  /** `$(…)`; of what is only counted the commands in it. */
  private dollar(): void {
    const text = this.parenthesised(this.at + 1);
    const sum = sumOf(text);
    this.nest(sum === undefined ? text : /\$\(|`/.test(sum) ? `: "${sum}"` : '');
  }

  private nest(text: string): void {
    this.nested.push(text);
    this.add('$(…)');
  }

  private redirection(letter: string): void {
    if (this.text[this.at + 1] === '(') {
      this.nest(this.parenthesised(this.at + 1));
      return;
    }
    const here = /<<(-?)[ \t]*(["']?)([A-Za-z_]\w*)\2/y;
    here.lastIndex = this.at;
    const found = here.exec(this.text);
    if (/^\d+$/.test(this.word ?? '')) this.word = undefined;
    this.endWord();
    if (found !== null) {
      this.hereDocuments.push({ end: found[3] ?? '', dashed: found[1] === '-', owner: undefined });
      this.at += found[0].length;
      return;
    }
    while (/[<>&]/.test(this.text[this.at] ?? '')) this.at += 1;
    this.redirects = letter === '>';
    if (letter === '<') this.skipWord();
  }

  /** What is read from is no argument. */
  private skipWord(): void {
    const pattern = /[ \t]*[^\s;&|()'"<>]*/y;
    pattern.lastIndex = this.at;
    this.at += pattern.exec(this.text)?.[0].length ?? 0;
  }

  private hereBodies(): void {
    for (const { end, dashed, owner } of this.hereDocuments) {
      const start = this.at;
      let last = start;
      for (; this.at < this.text.length; ) {
        const lineEnd = this.lineEnd();
        const line = this.text.slice(this.at, lineEnd);
        last = this.at;
        this.at = Math.min(lineEnd + 1, this.text.length);
        if ((dashed ? line.replace(/^\t+/, '') : line) === end) break;
        last = this.at;
      }
      if (owner !== undefined) owner.input = this.text.slice(start, last);
    }
    this.hereDocuments = [];
  }

  private lineEnd(): number {
    const end = this.text.indexOf('\n', this.at);
    return end < 0 ? this.text.length : end;
  }

  private endWord(): void {
    if (this.word === undefined) return;
    const word = this.filled(this.word);
    this.word = undefined;
    if (this.redirects) this.writes.push(word);
    else this.words.push(word);
    this.redirects = false;
  }

  private filled(word: string): string {
    let left = MOST_FILLED;
    return word.includes('$') ? word.replace(NAME, (whole, braced?: string, bare?: string) => ((left -= 1) < 0 ? whole : (this.variables.get(braced ?? bare ?? '') ?? whole))) : word;
  }

  private endCommand(goesOn = false): void {
    this.endWord();
    const words = this.withoutPreamble();
    const command: ShellCommand = { words, writes: this.writes };
    if (words.length > 0 || this.writes.length > 0) this.commands.push(command);
    for (const document of this.hereDocuments) document.owner ??= command;
    const { nested } = this;
    [this.words, this.writes, this.nested] = [[], [], []];
    if (this.depth < MOST_NESTING) for (const text of nested) this.commands.push(...new Reader(text, this.variables, this.depth + 1).read());
    if (!goesOn) this.pipeline = this.commands.length;
  }

  /** Keywords and assignments before the command; the latter are kept. */
  private withoutPreamble(): string[] {
    let start = 0;
    for (; start < this.words.length; start += 1) {
      const word = this.words[start] ?? '';
      const [, name, value] = ASSIGNMENT.exec(word) ?? [];
      if (name !== undefined && value !== undefined && value.length <= MOST_VALUE && !value.includes('$')) this.variables.set(name, value);
      else if (name === undefined && !KEYWORDS.has(word)) break;
    }
    return this.words.slice(start);
  }
}
