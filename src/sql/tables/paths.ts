/** What `file` and `hash` share: the paths that a query asks for, by path or by directory, exact or as a pattern. */
import { listNames, namesakesOf } from '../../host/names.ts';
import { errnoOf } from '../../model/errors.ts';
import { equals, Operator, type Column, type QueryContext } from '../../model/table.ts';
import { bytesOfText, legible } from '../../model/text.ts';
import { resolvePattern } from './glob.ts';

/** Bytes that are no UTF-8 read `\\xff` in all but `bytes`. */
export interface AskedPath {
  /** For system calls. */
  bytes: Buffer;
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
    // Two names may read alike.
    const exact = asked.bytes.toString('latin1');
    if (done.has(exact)) continue;
    done.add(exact);
    yield asked;
  }
}

function* candidates(context: QueryContext): Generator<AskedPath> {
  for (const path of equals(context, 'path')) for (const each of meant(path, context)) yield split(each);
  for (const pattern of patterns(context, 'path')) for (const path of resolvePattern(pattern, context.checkpoint)) yield split(path);
  for (const folder of equals(context, 'directory')) for (const each of meant(folder, context)) yield* contents(each, context);
  for (const pattern of patterns(context, 'directory')) for (const folder of resolvePattern(pattern, context.checkpoint)) if (folder.endsWith('/')) yield* contents(folder, context);
}

/** The path as it stands, and what is there under a name of other bytes that reads the same. */
function meant(path: string, context: QueryContext): string[] {
  return [path, ...namesakesOf(path, context.checkpoint)];
}

function patterns(context: QueryContext, column: string): string[] {
  return context.constraints(column).filter((constraint) => constraint.op === Operator.LIKE).map((constraint) => constraint.value);
}

/** As boost::filesystem splits: behind a trailing slash the name is `.`. */
function split(path: string): AskedPath {
  const slash = path.lastIndexOf('/');
  if (slash === path.length - 1 && path.length > 1) return askedPath(path, path.slice(0, slash), '.');
  return askedPath(path, slash === 0 ? '/' : path.slice(0, slash), path.slice(slash + 1));
}

function askedPath(path: string, directory: string, filename: string): AskedPath {
  return { bytes: bytesOfText(path), path: legible(path), directory: legible(directory), filename: legible(filename) };
}

function* contents(folder: string, context: QueryContext): Generator<AskedPath> {
  let names: string[];
  try {
    names = listNames(folder);
  } catch (error) {
    if (errnoOf(error) === 'EACCES') context.warn(`no permission to list ${legible(folder)}`);
    return;
  }
  for (const filename of names) yield askedPath(`${folder.replace(/\/$/, '')}/${filename}`, folder, filename);
}
