/** Values as an attacker would choose them, put into queries of guides: whatever they are, the structure of the query stays that of its template. */
import { renderQuery } from '../../src/guide/placeholders.ts';
import { tokenize } from '../../src/model/sql.ts';
import { osqueryLike } from './sqlite.ts';

const TEMPLATES = [
  'SELECT * FROM file WHERE path = {{file.path}} AND uid = 5',
  "SELECT * FROM file WHERE path = '/x/{{file.path}}/y' OR path IN ({{file.path}})",
  "SELECT * FROM file WHERE path LIKE '/home/{{file.path}}/%' OR path LIKE /home/{{file.path}}/.config/% OR filename = {{file.path}}",
  'SELECT * FROM file WHERE path LIKE /home/{{file.path}}/a/% OR path = /etc/{{file.path}} OR datetime(mtime, unixepoch) > 1',
  'SELECT pid FROM processes WHERE uid = {{file.path}} OR name = {{file.path}}--{{x',
  "SELECT 'a' || {{file.path}} || 'b', concat({{file.path}},{{file.path}}) FROM users WHERE username GLOB {{file.path}}",
].map((template) => template.replace('--{{x', ' -- {'));

const PARTS = ["'", "''", '"', '`', '[', ']', '--', '/*', '*/', ';', '\n', '\r', '\t', '\\', '$&', "$'", '$`', '{{x}}', '{{file.path}}', '}}', '||', ')', '(', ',', '%', '_', '*', "' OR 1=1 --", "' UNION SELECT * FROM curl WHERE url='http://a' --", "x'00'", "X'", '\u2019', '\u02bc', '\uff07', '\ud800', '\udc00', '\ue0000\ue001', '\u202e', '\ufeff', '\0', 'a', '/', ' ', '0', '5', 'unixepoch', ', unixepoch)', '?1', ':x', '@x', '#', '漢', '\u0085'];

/** xorshift32: the same values for the same seed. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function hostileValue(random: (below: number) => number): string {
  let value = '';
  for (let left = random(8) + 1; left > 0; left -= 1) value += random(4) === 0 ? String.fromCharCode(random(0x1_0000)) : (PARTS[random(PARTS.length)] ?? '');
  return value;
}

/** What the tokens of a query are, with the text of strings left out. */
function structureOf(sql: string): string {
  return tokenize(sql).map((token) => (token.kind === 'string' ? 'string' : token.text)).join('\u0001');
}

/** As many as one query is rendered with at once. */
const AT_ONCE = 20;

/** Those of `count` values that change the structure of a query, with the query; and how many were put in rather than left out. */
export function structureBreakers(count: number, seed = 1): { broken: string[]; rendered: number } {
  const random = randomNumbers(seed);
  const { parses } = osqueryLike();
  const sqlOf = (template: string, values: readonly string[]): string[] => renderQuery(template, { file: { path: values } }, { parses }).flatMap(({ sql }) => sql ?? []);
  const harmless = TEMPLATES.map((template) => structureOf(sqlOf(template, ['x'])[0] ?? ''));
  const broken: string[] = [];
  let rendered = 0;
  for (let index = 0; index * AT_ONCE < count; index += 1) {
    const which = index % TEMPLATES.length;
    const queries = sqlOf(TEMPLATES[which] ?? '', Array.from({ length: AT_ONCE }, () => hostileValue(random)));
    rendered += queries.length;
    broken.push(...queries.filter((sql) => structureOf(sql) !== harmless[which]));
  }
  return { broken, rendered };
}
