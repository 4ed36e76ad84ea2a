/** Which processes a query asks for, and what to say of those that are not ours to look at. */
import { readMounts, type Mount } from '../../host/mounts.ts';
import { processIds } from '../../host/proc.ts';
import { errnoOf } from '../../model/errors.ts';
import { equals, Operator, type QueryContext } from '../../model/table.ts';

/** Those of `pid = …` or `pid IN (…)`, else all that there are for us to see. */
export function askedProcesses(context: QueryContext): number[] {
  if (context.constraints('pid').some((constraint) => constraint.op === Operator.EQUALS)) return equals(context, 'pid').filter((pid) => /^\d+$/.test(pid)).map(Number);
  if (!isRoot && hidesProcesses(readMounts())) context.warn('/proc hides the processes of other users (hidepid): run as root');
  return processIds();
}

const isRoot = process.getuid?.() === 0;

/** proc(5): `hidepid=0` or `off` hides nothing. Of several file systems on /proc the last counts. */
export function hidesProcesses(mounts: readonly Mount[]): boolean {
  return /(?:^|,)hidepid=(?!0|off)/.test(mounts.findLast((mount) => mount.path === '/proc')?.options ?? '');
}

/** Undefined where the process is gone meanwhile, or where it may not be read: then `what` of others is missing, and that is said. */
export function attempt<Result>(context: QueryContext, what: string, read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'EACCES' || code === 'EPERM') context.warn(`${what} of some processes cannot be read: ${REMEDY}`);
    return undefined;
  }
}

const REMEDY = isRoot ? 'root lacks CAP_SYS_PTRACE here, or they are protected even from root' : 'run as root';
