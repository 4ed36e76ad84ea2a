/** What `file` and `hash` share: the paths that a query asks for, by path or by directory, exact or as a pattern. */
import { readdirSync } from 'node:fs';
import { errnoOf } from '../../model/errors.ts';
import { equals, Operator, type Column, type QueryContext } from '../../model/table.ts';
import { resolvePattern } from './glob.ts';

export interface AskedPath {
  path: string;
  directory: string;
  filename: string;
}

/** Columns with which osquery reaches into containers; here they only exist, so that queries which name them run. */
export const NAMESPACE_COLUMNS: readonly Column[] = [
  { name: 'pid_with_namespace', type: 'INTEGER', additional: true, hidden: true },
  { name: 'mount_namespace_id', type: 'TEXT', hidden: true },
];

export function* askedPaths(context: QueryContext): Generator<AskedPath> {
  const done = new Set<string>();
  for (const asked of candidates(context)) {
    context.checkpoint();
    if (done.has(asked.path)) continue;
    done.add(asked.path);
    yield asked;
  }
}

function* candidates(context: QueryContext): Generator<AskedPath> {
  for (const path of equals(context, 'path')) yield split(path);
  for (const pattern of patterns(context, 'path')) for (const path of resolvePattern(pattern, context.checkpoint)) yield split(path);
  for (const folder of equals(context, 'directory')) yield* contents(folder, context);
  for (const pattern of patterns(context, 'directory')) for (const folder of resolvePattern(pattern, context.checkpoint)) if (folder.endsWith('/')) yield* contents(folder, context);
}

function patterns(context: QueryContext, column: string): string[] {
  return context.constraints(column).filter((constraint) => constraint.op === Operator.LIKE).map((constraint) => constraint.value);
}

/** As boost::filesystem splits: behind a trailing slash the name is `.`. */
function split(path: string): AskedPath {
  const slash = path.lastIndexOf('/');
  if (slash === path.length - 1 && path.length > 1) return { path, directory: path.slice(0, slash), filename: '.' };
  return { path, directory: slash === 0 ? '/' : path.slice(0, slash), filename: path.slice(slash + 1) };
}

function* contents(folder: string, context: QueryContext): Generator<AskedPath> {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if (errnoOf(error) === 'EACCES') context.warn(`no permission to list ${folder}`);
    return;
  }
  for (const filename of names) yield { path: `${folder.replace(/\/$/, '')}/${filename}`, directory: folder, filename };
}
