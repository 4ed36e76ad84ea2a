/**
 * A guide's query made ready to run: each placeholder becomes a literal by where it stands in the SQL, so no value can change the query's structure.
 * Kibana puts plain text there; most published queries do not parse after that.
 */
import { messageOf } from '../model/errors.ts';
import { literal, significant, tokenize, type Token } from '../model/sql.ts';
import { legible, textOfBytes } from '../model/text.ts';
import { repairPieces } from './repair.ts';
import { parseTemplate, valuesOf, type Piece } from './template.ts';

export type PlaceholderContext = 'literal' | 'string' | 'pattern';

export interface UsedPlaceholder {
  name: string;
  value?: string;
  context: PlaceholderContext;
}

export interface Rendered {
  /** Absent when the query could not be rendered at all. */
  sql?: string;
  placeholders: UsedPlaceholder[];
  /** What was mended, in words; empty when nothing had to be. */
  repairs: string[];
  /** Why it is not to be run. */
  skipped?: string;
  /** How this one differs from the query as written. */
  note?: string;
}

export interface RenderOptions {
  /** SQLite's error text for a query that does not prepare, undefined when it does. */
  parses: (sql: string) => string | undefined;
  /** The home of `user.name`: a query that assumes /home/NAME runs a second time with it. */
  home?: string;
}

/** Runs made of one query when a field has several values; more are said, not run. */
const MOST_RUNS = 20;

/** In osquery's `file`, LIKE becomes a glob: these widen or break the pattern. */
const PATTERN_CHARACTERS = /[%_*?[\]{}~\\]/;

/** Characters of a query: for each placeholder and each repair all before it is read again. */
const MOST_QUERY = 10_000;

const HOME_PLACEHOLDER = 'user.name';

/** One for each combination of values; always at least one. */
export function renderQuery(sql: string, given: object, options: RenderOptions): Rendered[] {
  if (sql.length > MOST_QUERY) return [{ placeholders: [], repairs: [], skipped: `the query has more than ${MOST_QUERY} characters` }];
  const document = exact(given);
  let pieces: Piece[];
  try {
    pieces = parseTemplate(sql);
  } catch (error) {
    return [{ placeholders: [], repairs: [], skipped: messageOf(error) }];
  }
  const mended = mend(pieces, options);
  const assignments = combine(names(pieces).map((name) => [name, usable(valuesOf(document, name))] as const));
  const rendered = assignments.slice(0, MOST_RUNS).map((values) => renderOne(mended, values));
  const left = assignments.length - MOST_RUNS;
  if (left > 0) rendered.push({ placeholders: [], repairs: [], skipped: `${left} more combinations of values are not run` });
  return [...rendered, ...homeVariants(mended, assignments[0] ?? new Map(), options)];
}

/** An event of a file whose name is no UTF-8 carries a sign for what is lost in `file`, and the bytes beside it: the query asks for those, `\\xff` for the byte 0xff. */
function exact(document: object): object {
  const [bytes] = valuesOf(document, 'tickward.path_bytes');
  const file: unknown = Reflect.get(document, 'file');
  if (bytes === undefined || typeof file !== 'object' || file === null) return document;
  const path = legible(textOfBytes(Buffer.from(bytes, 'base64')));
  const cut = path.lastIndexOf('/');
  return { ...document, file: { ...file, path, directory: path.slice(0, cut), name: path.slice(cut + 1) } };
}

function names(pieces: readonly Piece[]): string[] {
  return [...new Set(pieces.flatMap((piece) => (piece.kind === 'placeholder' ? [piece.name] : [])))];
}

/** An empty list of values still gives one run, in which the placeholder has none. */
function usable(values: readonly string[]): (string | undefined)[] {
  return values.length === 0 ? [undefined] : [...values];
}

function combine(fields: readonly (readonly [string, readonly (string | undefined)[]])[]): Map<string, string | undefined>[] {
  let all: Map<string, string | undefined>[] = [new Map()];
  for (const [name, values] of fields) {
    all = all.flatMap((known) => values.map((value) => new Map(known).set(name, value)));
    // Ten fields of ten values each would be 10^10.
    if (all.length > 10_000) all = all.slice(0, 10_000);
  }
  return all;
}

interface Mended {
  pieces: readonly Piece[];
  repairs: string[];
  /** Why it is not to be run, whatever the values. */
  skipped?: string;
}

/** As written where that parses, else mended: judged with a harmless value, so that no value decides whether a query is repaired. */
function mend(pieces: readonly Piece[], { parses }: RenderOptions): Mended {
  const harmless = new Map(names(pieces).map((name) => [name, 'x'] as const));
  const errorOf = (tried: readonly Piece[]): string | undefined => {
    const { sql, skipped } = fill(tried, harmless);
    const error = sql === undefined ? skipped : parses(sql);
    // osquery may have it, with its extensions: the engine that is asked shall say.
    return error !== undefined && /^no such (?:table|function): /.test(error) ? undefined : error;
  };
  const error = errorOf(pieces);
  if (error === undefined) return { pieces, repairs: [] };
  const repaired = repairPieces(pieces);
  if (repaired.repairs.length > 0 && errorOf(repaired.pieces) === undefined) return repaired;
  return { pieces, repairs: [], skipped: `the query does not parse: ${error}` };
}

function renderOne({ pieces, repairs, skipped }: Mended, values: ReadonlyMap<string, string | undefined>): Rendered {
  const filled = fill(pieces, values);
  return skipped === undefined ? { ...filled, repairs } : { ...filled, skipped };
}

/** Puts the values in. */
function fill(pieces: readonly Piece[], values: ReadonlyMap<string, string | undefined>): Rendered {
  let sql = '';
  const placeholders: UsedPlaceholder[] = [];
  const problems: string[] = [];
  for (const piece of pieces) {
    if (piece.kind === 'text') {
      sql += piece.text;
      continue;
    }
    const place = contextAt(sql);
    const value = values.get(piece.name);
    if (typeof place === 'object') {
      problems.push(`{{${piece.name}}} stands ${place.where}, where no value can go`);
      continue;
    }
    placeholders.push({ name: piece.name, context: place.includes('pattern') ? 'pattern' : place === 'literal' ? 'literal' : 'string', ...(value === undefined ? {} : { value }) });
    const problem = problemOf(piece.name, value, place);
    if (problem !== undefined) problems.push(problem);
    else sql += place === 'literal' || place === 'bare pattern' ? literal(value ?? '') : (value ?? '').replaceAll("'", "''");
  }
  const problem = [...new Set(problems)].join('; ');
  return problem === '' ? { sql, placeholders, repairs: [] } : { placeholders, repairs: [], skipped: problem };
}

function problemOf(name: string, value: string | undefined, place: Place): string | undefined {
  if (value === undefined) return `the event has no ${name}`;
  if (value === '') return `${name} is empty`;
  if (value.includes('\0')) return `${name} holds a NUL byte`;
  if (place.includes('pattern') && PATTERN_CHARACTERS.test(value)) return `${name} is unsafe in a pattern: it holds ${[...new Set(value.match(new RegExp(PATTERN_CHARACTERS, 'g')))].join(' ')}`;
  return undefined;
}

type Place = 'literal' | 'string' | 'pattern' | 'bare pattern';

/** Where the text after this SQL stands: inside a string, in a pattern, bare, or where no value may go. */
function contextAt(before: string): Place | { where: string } {
  const tokens = tokenize(before);
  const last = tokens.at(-1);
  if (last !== undefined && last.kind === 'string' && !last.closed) return isPattern(significant(tokens.slice(0, -1))) ? 'pattern' : 'string';
  if (last?.kind === 'quoted' && !last.closed) return { where: 'inside a quoted name' };
  // A line comment runs on until its line ends, and tokenize calls it closed.
  if (last?.kind === 'comment' && (!last.closed || last.text.startsWith('--'))) return { where: 'inside a comment' };
  // Right behind a word or a string a literal would melt with it or be an alias.
  if (last !== undefined && ['identifier', 'string', 'number', 'quoted', 'blob', 'variable'].includes(last.kind)) return { where: 'right behind another word' };
  const previous = significant(tokens).at(-1);
  // SQLite takes a string for a name there, and the value would choose the table.
  if (previous?.kind === 'identifier' && NAME_EXPECTED.has(previous.text.toUpperCase())) return { where: 'where a name belongs' };
  return isPattern(significant(tokens)) ? 'bare pattern' : 'literal';
}

const NAME_EXPECTED = new Set(['FROM', 'JOIN', 'AS', 'INTO', 'TABLE', 'UPDATE', 'COLLATE']);

const PATTERN_WORDS = new Set(['LIKE', 'GLOB', 'MATCH', 'REGEXP']);

/** After LIKE, also where the pattern is put together: LIKE 'a' || … and LIKE (…. */
function isPattern(tokens: readonly Token[]): boolean {
  for (let index = tokens.length - 1; index >= 0; index -= 1) {
    const token = tokens[index];
    if (token?.kind === 'identifier') return PATTERN_WORDS.has(token.text.toUpperCase());
    if (token?.kind === 'string' || (token?.kind === 'operator' && (token.text === '||' || token.text === '('))) continue;
    return false;
  }
  return false;
}

/** The same query with the user's real home where it says /home/{{user.name}}. */
function homeVariants(mended: Mended, values: ReadonlyMap<string, string | undefined>, options: RenderOptions): Rendered[] {
  const { home } = options;
  const user = values.get(HOME_PLACEHOLDER);
  if (home === undefined || user === undefined || home === `/home/${user}`) return [];
  // After the repair: a path without its beginning would not be seen as one.
  const replaced = withHome(mended.pieces);
  if (replaced === undefined) return [];
  const variant = renderOne({ ...mended, pieces: replaced }, new Map(values).set(HOME_PLACEHOLDER, home.replace(/\/+$/, '')));
  // The published queries name /root beside /home/NAME: asking that once more for root would say everything twice.
  const named = new Set(stringsOf(renderOne(mended, values).sql ?? ''));
  if (variant.sql !== undefined && stringsOf(variant.sql).every((text) => named.has(text))) return [];
  return [{ ...variant, note: `with the home ${home}` }];
}

function stringsOf(sql: string): string[] {
  return tokenize(sql).flatMap((token) => (token.kind === 'string' ? [token.text] : []));
}

/** `…/home/` before the placeholder is cut, so that the home itself can stand there. */
function withHome(pieces: readonly Piece[]): Piece[] | undefined {
  let found = false;
  const changed = pieces.map((piece, index): Piece => {
    const next = pieces[index + 1];
    const after = pieces[index + 2];
    const isHome = piece.kind === 'text' && piece.text.endsWith('/home/') && next?.kind === 'placeholder' && next.name === HOME_PLACEHOLDER && after?.kind === 'text' && after.text.startsWith('/');
    if (!isHome) return piece;
    found = true;
    return { kind: 'text', text: piece.text.slice(0, -'/home/'.length) };
  });
  return found ? changed : undefined;
}
