/** Mending queries that lost their quotes on the way through a web page: bare paths, and bare words that can only be date modifiers. */
import { tokenize } from '../model/sql.ts';
import type { Piece } from './template.ts';

const DATE_MODIFIERS = /(,\s*)(unixepoch|localtime|utc|auto)(?=\s*[,)])/gi;

/** After these a value has to come, and a path is none without quotes. */
const VALUE_EXPECTED = /(?:=|<>|!=|\bLIKE|\bGLOB|\bIN\s*\(|,)\s*$/i;

/** What a bare path goes on with: everything up to white space, a closing parenthesis, a comma or a quote. */
const PATH_CHARACTERS = /^[^\s'"`(),;]+/;

/** Puts the quotes back. A placeholder inside a path is kept inside the quotes. */
export function repairPieces(pieces: readonly Piece[]): { pieces: Piece[]; repairs: string[] } {
  const repairer = new Repairer();
  for (const piece of pieces) {
    if (piece.kind === 'text') repairer.text(piece.text);
    else repairer.placeholder(piece);
  }
  return repairer.finish();
}

/** Walks over the pieces; `open` says that a path's opening quote was put in and its end is yet to come. */
class Repairer {
  private readonly done: Piece[] = [];
  private sql = '';
  private open = false;
  private paths = 0;
  private modifiers = 0;

  text(text: string): void {
    let rest = text;
    if (this.open) {
      const more = PATH_CHARACTERS.exec(rest)?.[0] ?? '';
      rest = rest.slice(more.length);
      this.write(more);
      // The text ended inside the path: the next placeholder still belongs to it.
      if (rest === '') return;
      this.close();
    }
    this.bare(rest);
  }

  placeholder(piece: Piece): void {
    this.done.push(piece);
    this.sql += 'x';
  }

  finish(): { pieces: Piece[]; repairs: string[] } {
    if (this.open) this.close();
    const repairs: string[] = [];
    if (this.paths > 0) repairs.push(`${this.paths} path${this.paths === 1 ? '' : 's'} put in quotes`);
    if (this.modifiers > 0) repairs.push(`${this.modifiers} date modifier${this.modifiers === 1 ? '' : 's'} put in quotes`);
    return { pieces: this.done, repairs };
  }

  /** Text outside a repaired path: looks for the next bare path in it. */
  private bare(text: string): void {
    let rest = text;
    for (let slash = this.nextPath(rest); slash >= 0; slash = this.nextPath(rest)) {
      this.write(this.quoteModifiers(rest.slice(0, slash)));
      const path = PATH_CHARACTERS.exec(rest.slice(slash))?.[0] ?? '/';
      rest = rest.slice(slash + path.length);
      this.paths += 1;
      this.write(`'${path}`);
      this.open = true;
      if (rest === '') return;
      this.close();
    }
    this.write(this.quoteModifiers(rest));
  }

  /** Where the next `/` stands at which a value has to begin; -1 when there is none. */
  private nextPath(text: string): number {
    for (const token of tokenize(this.sql + text)) {
      const at = token.start - this.sql.length;
      if (at < 0 || token.text !== '/') continue;
      if (VALUE_EXPECTED.test((this.sql + text).slice(0, token.start))) return at;
    }
    return -1;
  }

  private quoteModifiers(text: string): string {
    return text.replace(DATE_MODIFIERS, (_, before: string, word: string) => {
      this.modifiers += 1;
      return `${before}'${word}'`;
    });
  }

  private close(): void {
    this.write("'");
    this.open = false;
  }

  private write(text: string): void {
    if (text === '') return;
    this.sql += text;
    const last = this.done.at(-1);
    if (last?.kind === 'text') last.text += text;
    else this.done.push({ kind: 'text', text });
  }
}
