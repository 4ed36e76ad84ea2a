/** Why the process that the kernel names for a change of a file need not be the one that did it. */
import type { Signature } from '../model/baseline.ts';
import type { Attributed } from './attributed.ts';
import { Did, type Change } from './backend.ts';

const TOUCHED = Did.WRITTEN | Did.CLOSED | Did.ATTRIBUTES;

/** Who wrote to a file need not have made it. */
const FIRST_WRITER = 'made before its directory was watched: the process is the first that was seen to write to it';
/** Who wrote through memory may have left the open file to a program of its choice. */
const CLOSER = 'changed through memory or by another name of the file: the process is the one that closed it, and need not be the one that wrote';

/** Another file may have got that name since. */
function byOtherName(path: string): string {
  return `changed by another name of the file, ${path}: the process is the one that changed what had that name`;
}

/** Why the process that was seen need not be the one that did it. */
export function doubtOf({ did, otherName }: Change, known: Signature | undefined): string | undefined {
  if (known === undefined) return FIRST_WRITER;
  if (otherName !== undefined) return byOtherName(otherName);
  return (did & TOUCHED) === Did.CLOSED ? CLOSER : undefined;
}

export function asSeen(by: Attributed, note: string | undefined): Attributed {
  return note === undefined || by.process?.executable === undefined ? by : { ...by, attribution: 'inferred', note };
}
