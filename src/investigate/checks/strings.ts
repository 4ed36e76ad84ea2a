/** What the commands, scripts and foreign programs of the unit say: addresses, domains, URLs, encoded texts, ways of working. */
import { readStart } from '../../host/read.ts';
import { defang } from '../../model/defang.ts';
import { legible } from '../../model/text.ts';
import type { Evidence } from '../evidence.ts';
import { observablesOf, printableRuns, techniquesIn, type Observable } from '../observables.ts';
import type { Sign } from '../result.ts';
import type { Check } from './check.ts';

const COLUMNS = ['kind', 'value', 'where'] as const;
const MOST_VALUE = 500;
/** Of a program that no package has. */
const BINARY_BYTES = 4 * 1024 ** 2;

export const strings: Check = {
  id: 'strings',
  title: { en: 'Addresses and other strings in what it runs', 'zh-CN': '运行内容中的地址及其他可疑字符串' },
  look(evidence) {
    const texts = textsOf(evidence);
    if (texts.length === 0) return { columns: COLUMNS, rows: [], skipped: 'there is nothing to look into' };
    const found = new Map<string, Observable & { where: string }>();
    for (const { where, text } of texts) for (const each of observablesOf(text)) if (!found.has(`${each.kind} ${each.value}`)) found.set(`${each.kind} ${each.value}`, { ...each, where });
    const all = [...found.values()];
    const of = (kind: Observable['kind']): string[] => all.filter((each) => each.kind === kind).map(({ value }) => value);
    return {
      columns: COLUMNS,
      rows: all.map(({ kind, value, where }) => ({ kind, value: legible(defang(value)).slice(0, MOST_VALUE), where: legible(where) })),
      signs: [...signsOf(texts), ...(of('url').length + of('address').length + of('domain').length === 0 ? [] : [{ id: 'names-the-network', weight: 'weak' as const, text: 'what it runs names addresses of the network' }])],
      indicators: { urls: of('url'), domains: of('domain'), addresses: of('address') },
    };
  },
};

interface Text {
  where: string;
  text: string;
}

/** Of what packages installed nothing is said: it is known what that does. */
function textsOf({ chain, units, owners, event }: Evidence): Text[] {
  const isForeign = (path: string): boolean => owners.get(path)?.changed !== false;
  const ofUnit = units.service !== undefined && isForeign(units.service.path) ? units.service : undefined;
  const commands = (ofUnit?.entries ?? []).filter(({ section, key }) => section === 'Service' && /^(?:Exec|Environment)/.test(key)).map(({ key, value }) => ({ where: `${units.serviceName ?? ''} ${key}=`, text: value }));
  const real = new Map(chain.files.flatMap(({ path, file }) => (file === undefined ? [] : [[path, file.real] as const])));
  const scripts = chain.texts.filter(({ where }) => (where.startsWith('/') ? isForeign(real.get(where) ?? where) : ofUnit !== undefined));
  const binaries = chain.files.flatMap(({ path, kind, file }) => (kind === 'binary' && file !== undefined && isForeign(file.real) ? [{ where: path, text: printableRuns(readStart(file.real, BINARY_BYTES) ?? file.head) }] : []));
  const downloads = chain.downloads.map(({ from, url }) => ({ where: from, text: url.includes('://') ? url : `http://${url}` }));
  const maker = event.process?.command_line === undefined ? [] : [{ where: 'the command line of the maker', text: event.process.command_line }];
  return [...commands, ...scripts, ...downloads, ...binaries, ...maker];
}

/** Each way of working once, with where it was first seen. */
function signsOf(texts: readonly Text[]): Sign[] {
  const signs = new Map<string, Sign>();
  for (const { where, text } of texts) for (const { id, weight, text: said } of techniquesIn(text)) if (!signs.has(id)) signs.set(id, { id, weight, text: `${legible(where)} ${said}` });
  return [...signs.values()];
}
