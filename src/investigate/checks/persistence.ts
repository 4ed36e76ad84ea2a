/** Other ways to come back: cron, at, shells, keys, generators and so on. What changed within a day of the event, what names a file of the chain, and what is rarely there at all. */
import { Owners, type Ownership } from '../../host/ownership.ts';
import { persistentFiles, type PersistentFile } from '../../host/persistence.ts';
import type { PasswdEntry } from '../../host/passwd.ts';
import { defang } from '../../model/defang.ts';
import { legible, textOfBytes } from '../../model/text.ts';
import { foreignFiles, type Evidence } from '../evidence.ts';
import { observablesOf } from '../observables.ts';
import type { Moment, Sign } from '../result.ts';
import { DAY_MS, nameOfUser, NEAR_MS, type Check } from './check.ts';

const COLUMNS = ['kind', 'path', 'owner', 'changed', 'package', 'why', 'line'] as const;
const MOST_ROWS = 300;
const MOST_LINE = 300;
/** Users whose homes are looked into beside root and those of the event. */
const MOST_USERS = 200;

interface Found {
  file: PersistentFile;
  why: string[];
  line: string;
  mentions: boolean;
}

export const persistence: Check = {
  id: 'persistence',
  title: { en: 'Other ways to come back: cron, at, shells, keys, generators', 'zh-CN': '其他持久化方式:cron、at、shell、密钥、生成器' },
  async look(evidence) {
    const { host } = evidence;
    const { files, warnings } = persistentFiles(usersOf(evidence), host.root);
    const needles = [...foreignFiles(evidence.chain, evidence.owners), ...evidence.chain.texts.flatMap(({ text }) => observablesOf(text).filter(({ kind }) => kind !== 'decoded').map(({ value }) => value))];
    const found = files.flatMap((file) => lookInto(file, evidence.at, needles));
    const md5Of = ({ file, mentions }: Found): string | null => (mentions ? evidence.look(`${host.root ?? ''}${file.path}`).md5 : null);
    const owners = await Owners.of(new Map(found.map((each) => [each.file.path, md5Of(each)])));
    // What came with a package, and only changed when that was installed, is listed by `packages`.
    const kept = found.filter(({ file, mentions }) => mentions || owners.get(file.path) === undefined);
    const rows = kept.slice(0, MOST_ROWS).map(({ file, why, line }) => ({ kind: file.kind, path: legible(file.path), owner: nameOfUser(evidence, file.stat.uid), changed: file.stat.ctime.toISOString(), package: owners.get(file.path)?.package ?? owners.textOf(file.path), why: why.join(', '), line: legible(defang(line)).slice(0, MOST_LINE) }));
    return {
      columns: COLUMNS,
      rows,
      warnings: [...warnings, ...owners.warnings, ...(kept.length > MOST_ROWS ? [`only the first ${MOST_ROWS} of ${kept.length}`] : [])],
      signs: kept.flatMap((each) => [...signsOf(each, owners.get(each.file.path), evidence.at)]),
      moments: kept.filter(({ why }) => why.includes(CHANGED)).slice(0, MOST_ROWS).map(({ file }): Moment => ({ time: file.stat.ctime.toISOString(), kind: 'file', what: `${legible(file.path)} was changed` })),
    };
  },
};

/** Those of the event first; service accounts have homes without shells. */
function usersOf({ host, event, runAs }: Evidence): PasswdEntry[] {
  const first = host.users.filter(({ name, uid }) => uid === 0 || name === event.user?.name || name === runAs);
  return [...new Set([...first, ...host.users.filter(({ uid }) => uid >= 1_000).slice(0, MOST_USERS)])];
}

const CHANGED = 'changed within a day';
/** Installing a system or a package changes the others too, by scripts of packages that no package has. */
const TELLING = new Set(['ssh', 'cron', 'at', 'generator', 'autostart', 'udev']);

function lookInto(file: PersistentFile, at: number, needles: readonly string[]): Found[] {
  const lines = textOfBytes(file.head).split('\n');
  const named = needles.length === 0 ? undefined : lines.find((line) => needles.some((needle) => line.includes(needle)));
  const why = [
    ...(Math.abs(file.stat.ctimeMs - at) <= DAY_MS ? [CHANGED] : []),
    ...(named === undefined ? [] : ['names what the unit runs or speaks to']),
    ...(file.kind === 'at' ? ['a job of at(1) is waiting'] : []),
    ...(file.kind === 'preload' && file.stat.size > 0 ? ['loaded into every program'] : []),
  ];
  const first = lines.find((line) => line.trim() !== '' && !line.startsWith('#')) ?? '';
  return why.length === 0 ? [] : [{ file, why, line: named ?? (file.kind === 'ssh' ? first.replace(/^(.{0,40}).*?(\S*)$/s, '$1… $2') : first), mentions: named !== undefined }];
}

function* signsOf({ file, mentions }: Found, owned: Ownership | undefined, at: number): Iterable<Sign> {
  const path = legible(file.path);
  // A package that names /etc/default/locale did so before anybody came.
  if (mentions && owned?.changed === false) return;
  if (mentions) yield { id: 'persists-elsewhere', weight: 'strong', text: `${path} names what the unit runs or speaks to` };
  else if (file.kind === 'preload' && file.stat.size > 0) yield { id: 'preloads', weight: 'strong', text: `${path} loads something into every program` };
  else if (TELLING.has(file.kind) && Math.abs(file.stat.ctimeMs - at) <= NEAR_MS) yield { id: 'persistence-changed', weight: 'weak', text: `${path} (${file.kind}) was changed within an hour of the event` };
}
