/** What files were before a step and are after it, for the record. Nothing is followed, nothing is changed. */
import { look, openFile, sha256Of } from '../host/files.ts';
import { show } from '../host/paths.ts';
import { messageOf } from '../model/errors.ts';
import type { JsonObject } from '../model/journal.ts';
import type { PlanStep } from '../actions/index.ts';

/** Larger files are described without their hash. */
const MOST_HASHED_BYTES = 16 * 1024 * 1024;
/** More of one step are left out: the changes themselves are in the journal all the same. */
const MOST_FILES = 200;

/** The paths among the targets of a plan, each with `absent`, or what it is: mode in octal, times in ns since the epoch. */
export function fileStates(steps: readonly PlanStep[]): JsonObject {
  const paths = [...new Set(steps.map((step) => step.target))].filter((target) => target.startsWith('/') && !target.includes('\\'));
  return Object.fromEntries(paths.slice(0, MOST_FILES).map((path) => [path, stateAt(path)]));
}

function stateAt(path: string): string | JsonObject {
  try {
    const found = look(path);
    if (found === undefined) return 'absent';
    const { kind, mode, uid, gid, size, mtime_ns } = found.state;
    const target = found.target === undefined ? {} : { target: show(found.target) };
    return { kind, mode: mode.toString(8).padStart(4, '0'), uid, gid, size, mtime_ns, ...target, ...(kind === 'file' && size <= MOST_HASHED_BYTES ? hashOf(path) : {}) };
  } catch (error) {
    return `not readable: ${messageOf(error)}`;
  }
}

function hashOf(path: string): { sha256?: string } {
  using file = openFile(path, 'any');
  const sha256 = sha256Of(file.fd, MOST_HASHED_BYTES);
  return sha256 === undefined ? {} : { sha256 };
}
