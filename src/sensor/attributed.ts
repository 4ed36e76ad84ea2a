/** What is said of who made a change, and how less is said of it. */
import type { Attribution, EcsProcess, FileEvent } from '../model/event.ts';

/** What is said of the process in an event. One object for all changes of one process as one program. */
export interface Attributed {
  attribution: Attribution;
  note?: string;
  process?: EcsProcess;
  user?: NonNullable<FileEvent['user']>;
  auid?: string;
  cgroup?: string;
  container?: string;
  ancestry: FileEvent['tickward']['ancestry'];
  /** Several programs may have been it. */
  isOpen?: true;
  /** It is another user by now than the one that its program began as: which of them it was then, only the owner of a new file tells. */
  isUserOpen?: true;
}

export function unknown(note: string): Attributed {
  return { attribution: 'none', note, ancestry: [] };
}

/** Of what of it (`it`, `its program`) was too late to be read. The companion `systemd-unit-unattributed` leaves out those without a map, where every short-lived process is one. */
export function endedNote(pid: number, what: string, hasMap: boolean): string {
  return `process ${pid} had ended before ${what} could be read${hasMap ? ", and the kernel's map has nothing of it any more" : ''}`;
}

export const UNPROVEN = 'it may pass for any program (it was there before the sensor in a user namespace of its own, or another file was put in the place of its program): which one it is is not known';

/** Which process is certain, which of its programs is not. */
export function less(pid: number, note: string): Attributed {
  return { attribution: 'none', note, ancestry: [], process: { pid } };
}

export function withoutArguments({ process: maker, note, ...by }: Attributed): Attributed {
  const { args: _, command_line: __, ...rest } = maker ?? { pid: 0 };
  return { ...by, attribution: by.attribution === 'none' ? 'none' : 'bpf', note: [...(note === undefined ? [] : [note]), 'the process ran this program several times in that moment: with which arguments is not known'].join('; '), process: rest };
}

/** What is left to say where the user is not known. */
function withoutUser({ user: _, process: maker, note, ...rest }: Attributed, why: string): Attributed {
  const { user: __, group: ___, ...named } = maker ?? { pid: 0 };
  return { ...rest, note: note === undefined ? why : `${note}; ${why}`, process: named };
}

const CHANGED_USER = 'the process became another user since its program began: as which one it did this is not known';
const OTHER_USER = 'the file belongs to another user than the process: as which one it was made is not known';

/** A new file belongs to who made it, or to whom it was given since; and a process, or one of its threads, may have been another user then. Where both may be, no user is named. */
export function ofOwner(by: Attributed, owner: bigint): Attributed {
  return by.user === undefined || by.user.id === String(owner) ? by : withoutUser(by, OTHER_USER);
}

/** Where no new file tells. */
export function ofCertainUser(by: Attributed): Attributed {
  return by.isUserOpen === true && by.user !== undefined ? withoutUser(by, CHANGED_USER) : by;
}
