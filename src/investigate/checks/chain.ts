/** Every file that the service's commands lead to, with owner, times, hash, package. */
import { dirname } from 'node:path';
import { legible } from '../../model/text.ts';
import type { ChainFile } from '../chain.ts';
import type { Evidence } from '../evidence.ts';
import type { Moment, Sign } from '../result.ts';
import { ALL_PACKAGED } from '../verdict.ts';
import { FOR_EVERYONE, nameOfUser, type Check } from './check.ts';

const COLUMNS = ['path', 'how', 'from', 'kind', 'owner', 'mode', 'changed', 'made', 'package', 'size', 'sha256'] as const;

export const chain: Check = {
  id: 'chain',
  title: { en: 'What it runs: programs, scripts and what those call', 'zh-CN': '运行链:程序、脚本及其调用的内容' },
  look(evidence) {
    const { files, limits } = evidence.chain;
    if (files.length === 0) return { columns: COLUMNS, rows: [], skipped: 'no command of the unit is known' };
    return {
      columns: COLUMNS,
      rows: files.map((each) => rowOf(evidence, each)),
      warnings: [...limits, ...notRead(files), ...evidence.owners.warnings],
      signs: [...files.flatMap((each) => [...signsOf(evidence, each)]), ...packaged(evidence)],
      moments: files.flatMap((each) => momentsOf(evidence, each)),
      indicators: { paths: foreign(evidence, files).map(({ path }) => legible(path)), hashes: foreign(evidence, files).flatMap(({ file }) => file?.sha256 ?? []) },
    };
  },
};

const HOW: Record<ChainFile['via'], string> = { runs: 'run', interprets: 'script', sources: 'sourced', interpreter: 'interpreter', downloads: 'downloaded to' };

/** Units, drop-ins and files. */
function packaged({ units, chain: { files, limits }, owners }: Evidence): Sign[] {
  const made = [...units.timers.slice(0, 1), ...(units.service === undefined ? [] : [units.service])].flatMap((unit) => [unit.path, ...unit.dropIns]);
  const all = [...made, ...files.map(({ path, file }) => file?.real ?? path)];
  const isWhole = units.service !== undefined && units.note === undefined && limits.length === 0 && all.every((path) => owners.get(path)?.changed === false);
  return isWhole ? [{ id: ALL_PACKAGED, weight: 'harmless', text: `the unit and ${files.length === 1 ? 'the file' : `all ${files.length} files`} that it leads to belong to packages and are as they were installed` }] : [];
}

function rowOf(evidence: Evidence, { path, via, from, kind, file }: ChainFile): Record<string, string> {
  const isThere = file !== undefined && file.kind !== 'missing' && file.uid >= 0;
  return {
    path: legible(file === undefined || file.real === path ? path : `${path} → ${file.real}`),
    how: HOW[via],
    from: legible(from),
    kind,
    owner: isThere ? nameOfUser(evidence, file.uid) : '',
    mode: file?.mode ?? '',
    changed: file?.mtime ?? '',
    made: file?.btime ?? '',
    package: file?.kind === 'file' ? evidence.owners.textOf(file.real) : '',
    size: isThere ? String(file.size) : '',
    sha256: file?.sha256 ?? '',
  };
}

function notRead(files: readonly ChainFile[]): string[] {
  return files.flatMap(({ path, kind, file }) => {
    if (kind === 'unreadable') return [`${legible(path)} may not be read`];
    return file?.kind === 'file' && file.sha256 === null ? [`${legible(path)} is too large to be hashed (${file.size} bytes)`] : [];
  });
}

/** Regular files that no package has. */
function foreign({ owners }: Evidence, files: readonly ChainFile[]): ChainFile[] {
  return files.filter(({ file }) => file?.kind === 'file' && owners.isForeign(file.real));
}

function* signsOf(evidence: Evidence, { path, kind, via, file, depth }: ChainFile): Iterable<Sign> {
  const shown = legible(path);
  const owned = file === undefined ? undefined : evidence.owners.get(file.real);
  if (FOR_EVERYONE.test(path) || (file !== undefined && FOR_EVERYONE.test(file.real))) yield { id: 'runs-from-where-all-may-write', weight: 'strong', text: `it runs ${shown}, from a directory where everyone may write` };
  if (kind === 'missing' && via !== 'downloads' && depth === 0) yield { id: 'program-missing', weight: 'weak', text: `what it runs is not there: ${shown}` };
  if (kind === 'special') yield { id: 'runs-no-file', weight: 'strong', text: `it runs ${shown}, which is no regular file (${file?.kind ?? ''})` };
  if (owned?.changed === true) yield { id: 'package-file-changed', weight: file?.real.startsWith('/etc/') === true ? 'weak' : 'strong', text: `${shown} belongs to ${owned.package} and is not as it was installed` };
  if (file?.kind !== 'file' || owned !== undefined) return;
  if (/\/\.[^/]/.test(file.real) && !FOR_EVERYONE.test(file.real) && !/\/\.(?:config|local|cargo|nvm|npm|pyenv|rbenv|asdf)\//.test(file.real)) yield { id: 'hidden-file', weight: 'weak', text: `it runs a hidden file: ${shown}` };
  if (evidence.units.scope === 'system' && (evidence.runAs === 'root' || evidence.runAs === '0')) yield* writableByOthers(evidence, shown, file);
}

/** What root runs and another may exchange. */
function* writableByOthers(evidence: Evidence, shown: string, file: NonNullable<ChainFile['file']>): Iterable<Sign> {
  const directory = evidence.look(dirname(file.real));
  if (file.uid !== 0) yield { id: 'root-runs-anothers-file', weight: 'strong', text: `root runs ${shown}, which ${nameOfUser(evidence, file.uid)} may change` };
  else if (/[2367]$/.test(file.mode)) yield { id: 'root-runs-anothers-file', weight: 'strong', text: `root runs ${shown}, which anyone may change (mode ${file.mode})` };
  else if (directory.uid > 0 && !FOR_EVERYONE.test(file.real)) yield { id: 'root-runs-anothers-file', weight: 'weak', text: `root runs ${shown}, whose directory belongs to ${nameOfUser(evidence, directory.uid)}` };
}

function momentsOf({ owners }: Evidence, { path, file }: ChainFile): Moment[] {
  if (file?.kind !== 'file' || !owners.isForeign(file.real)) return [];
  const what = legible(path);
  return [...(file.btime === null ? [] : [{ time: file.btime, kind: 'file' as const, what: `${what} was made` }]), ...(file.mtime === null || file.mtime === file.btime ? [] : [{ time: file.mtime, kind: 'file' as const, what: `${what} was changed (as it says itself)` }])];
}
