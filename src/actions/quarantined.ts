/** What is in the quarantine, and what is at the place that each was taken from by now. Changes nothing. */
import { lstatSync } from 'node:fs';
import { look, openFile, sha256Of, type FileState } from '../host/files.ts';
import { show, toBytes } from '../host/paths.ts';
import { MOST_COPY_BYTES } from '../host/quarantine.ts';
import type { Owned } from '../host/restore.ts';
import { textOfBytes } from '../model/text.ts';
import { pathFromJson } from './journal-forms.ts';
import { takenInto } from './quarantine-log.ts';
import type { RemovalChange } from './removal.ts';

/** A file or a link that can be given back. */
export interface Quarantined {
  /** ISO 8601: when it was taken. */
  time: string;
  run: string;
  step: string;
  /** As `show` gives it: the end of a line reads `\n`, a byte that is no UTF-8 `\xff`. */
  path: string;
  kind: 'file' | 'link';
  /** Of a file. */
  sha256: string | null;
  /** Bytes of the copy of a file. */
  size: number | null;
  /** Of a link, as it is shown. */
  target: string | null;
  /** `taken`: nothing has its name now; `back`: it is there as it was; `replaced`: something else has its name; `lost`: the copy is gone from the quarantine; `damaged`: the copy is no longer what was taken. */
  state: 'taken' | 'back' | 'replaced' | 'lost' | 'damaged';
}

/** With the path as it is, as `textOfBytes` has it: two paths may be shown alike. */
export interface Kept {
  exact: string;
  shown: Quarantined;
}

/** In the order in which it was taken. */
export function quarantinedIn(quarantine: string): Kept[] {
  return takenInto(quarantine).flatMap(({ time, run, step, change }) => {
    if (change.kind !== 'file' && change.kind !== 'link') return [];
    const size = change.kind === 'file' ? sizeOf(change.copy.file) : undefined;
    const path = pathFromJson(change.at);
    const shown: Quarantined = {
      time,
      run,
      step,
      path: show(path),
      kind: change.kind,
      sha256: change.kind === 'file' ? change.copy.sha256 : null,
      size: size ?? null,
      target: change.kind === 'link' ? show(pathFromJson(change.target)) : null,
      state: stateOf(change),
    };
    return [{ exact: textOfBytes(path), shown }];
  });
}

function stateOf(change: RemovalChange): Quarantined['state'] {
  const difference = differenceOf(change);
  return difference === undefined ? 'back' : (copyProblem(change) ?? (difference.isGone ? 'taken' : 'replaced'));
}

/** Why the copy of a taken file cannot be given back; undefined where it can, and for what is no file. */
export function copyProblem(change: RemovalChange): 'lost' | 'damaged' | undefined {
  if (change.kind !== 'file') return undefined;
  if (sizeOf(change.copy.file) === undefined) return 'lost';
  try {
    return differentFile(toBytes(change.copy.file), change.copy.sha256, MOST_COPY_BYTES) === undefined ? undefined : 'damaged';
  } catch {
    // What is in its place now cannot even be read.
    return 'damaged';
  }
}

function sizeOf(copy: string): number | undefined {
  try {
    const stat = lstatSync(copy);
    return stat.isFile() ? stat.size : undefined;
  } catch {
    return undefined;
  }
}

/** A file or a link that was taken. */
export type Placed = Extract<RemovalChange, { kind: 'file' | 'link' }>;

export interface Difference {
  text: string;
  /** The same without the path: `has another content`. */
  how: string;
  isGone: boolean;
}

/** In words, what of a taken file or link is not at its place as it was; undefined where it is, and for what is neither. */
export function differenceOf(change: RemovalChange): Difference | undefined {
  if (change.kind !== 'file' && change.kind !== 'link') return undefined;
  const path = pathFromJson(change.at);
  const found = look(path);
  const how = found === undefined ? 'is not there' : change.kind === 'link' ? differentLink(found.target, pathFromJson(change.target)) : found.state.kind === 'file' ? (differentFile(path, change.copy.sha256, sizeOf(change.copy.file) ?? MOST_COPY_BYTES) ?? differentOwner(found.state, change.owned)) : 'is not the file that it was';
  return how === undefined ? undefined : { text: `${show(path)} ${how}`, how, isGone: found === undefined };
}

function differentLink(now: Buffer | undefined, then: Buffer): string | undefined {
  return now?.equals(then) === true ? undefined : 'is not the link that it was';
}

export function differentFile(path: Buffer, sha256: string, most: number): string | undefined {
  using file = openFile(path, 'any');
  return sha256Of(file.fd, most) === sha256 ? undefined : 'has another content';
}

/** What a restore holds for another file, and does not give another owner or mode. */
function differentOwner(now: FileState, then: Owned): string | undefined {
  return now.mode === then.mode && now.uid === then.uid && now.gid === then.gid ? undefined : 'has another owner or mode';
}
