/** Takes files away, also from someone who puts others in their place meanwhile. */
import { type FileState, look, openFile, type OpenFile, sameInode, sha256Of } from '../host/files.ts';
import { show } from '../host/paths.ts';
import { type Copy, copyToQuarantine, removeLink, unlinkFile } from '../host/quarantine.ts';
import { TickwardError } from '../model/errors.ts';
import { xattrsOf } from './attributes.ts';
import { ownedOf, pathToJson } from './journal-forms.ts';
import type { Operation, RemovalChange } from './removal.ts';

export type Announce = (change: RemovalChange) => void;

/** A file as it was before anything was done. */
export interface Original {
  copy: Copy;
  change: Extract<RemovalChange, { kind: 'file' }>;
  inode: Pick<FileState, 'dev' | 'ino' | 'size'>;
  hasXattrs: boolean;
}

/** By the path as latin1. */
export type Originals = ReadonlyMap<string, Original>;

type FileOperation = Extract<Operation, { kind: 'file' }>;

/** How often a name may be exchanged between a look at it and its removal. */
const MOST_EXCHANGES = 20;

export function alreadyGone(path: Buffer): string {
  return `${show(path)} was gone already`;
}

/** Copies all that will be taken away before anything is done: a full disk, or a file that is no longer what was planned, leaves the host as it was. What is gone by now has no copy. */
export function keepOriginals(operations: readonly Operation[], quarantine: string): Map<string, Original> {
  const files = operations.flatMap((each) => (each.kind === 'file' ? [each] : []));
  return new Map(files.flatMap((operation) => {
    using opened = openPlanned(operation);
    return opened === undefined ? [] : [[operation.path.toString('latin1'), originalOf(opened, operation, quarantine)] as const];
  }));
}

function originalOf(opened: OpenFile, { path, state }: FileOperation, quarantine: string): Original {
  const copy = copyToQuarantine(opened, quarantine);
  const xattrs = xattrsOf(opened.fd);
  const names = opened.state.nlink > 1 ? { names: opened.state.nlink } : {};
  return { copy, inode: state, hasXattrs: xattrs !== undefined, change: { kind: 'file', at: pathToJson(path), copy, owned: ownedOf(opened.state), xattrs: xattrs ?? {}, ...names } };
}

/** Undefined where it is gone; throws where it is another file than was planned. */
function openPlanned({ path, state, sha256 }: FileOperation): OpenFile | undefined {
  const file = openIfThere(path);
  if (file === undefined || (sameInode(file.state, state) && sha256Of(file.fd, state.size) === sha256)) return file;
  file[Symbol.dispose]();
  throw new TickwardError('REFUSED', `${show(path)} was changed since the plan was made`, { hint: 'plan again and look at what it is now' });
}

/** Only the name is taken away, so another one of the same file is no reason to let it stand. */
function openIfThere(path: Buffer): OpenFile | undefined {
  try {
    return openFile(path, 'any');
  } catch (error) {
    if (error instanceof TickwardError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

/** Frees the name. The undo gives back the original; what someone put in its place meanwhile is kept in the quarantine and said. */
export function takeFile(path: Buffer, originals: Originals, quarantine: string, announce: Announce): string | undefined {
  const original = originals.get(path.toString('latin1'));
  // What appeared since the copies were made: the verification finds it.
  if (original === undefined) return alreadyGone(path);
  let isAnnounced = false;
  const once = (): void => {
    if (!isAnnounced) announce(original.change);
    isAnnounced = true;
  };
  for (let exchanges = 0; ; exchanges += 1) {
    try {
      return takeOnce(path, original, quarantine, once);
    } catch (error) {
      if (!(error instanceof TickwardError) || error.code !== 'REFUSED' || exchanges >= MOST_EXCHANGES) throw error;
    }
  }
}

function takeOnce(path: Buffer, original: Original, quarantine: string, announce: () => void): string | undefined {
  const found = look(path);
  if (found?.target !== undefined) {
    removeLink(path, found.target, announce);
    return `${show(path)} was exchanged for a link to ${show(found.target)} meanwhile, which was removed`;
  }
  using opened = openIfThere(path);
  if (opened === undefined) return alreadyGone(path);
  const isOriginal = sameInode(opened.state, original.inode) && sha256Of(opened.fd, original.inode.size) === original.copy.sha256;
  const other = isOriginal ? undefined : copyToQuarantine(opened, quarantine);
  announce();
  // It is in the record by now, as in that of another run which does the same at once.
  if (!unlinkFile(opened)) return `${show(path)} was taken away by somebody else in the same moment; this run has a copy too`;
  if (other !== undefined && other.sha256 !== original.copy.sha256) return `${show(path)} was exchanged meanwhile; what was put there is in the quarantine as well: ${other.sha256}`;
  return original.hasXattrs ? undefined : `the extended attributes and ACLs of ${show(path)} could not be read and are not kept`;
}
