/** Which processes a query asks for, and what to say of those that are not ours to look at. */
import { processIds } from '../../host/proc.ts';
import { errnoOf } from '../../model/errors.ts';
import { equals, Operator, type QueryContext } from '../../model/table.ts';

/** Those of `pid = …` or `pid IN (…)`, else all. */
export function askedProcesses(context: QueryContext): number[] {
  return context.constraints('pid').some((constraint) => constraint.op === Operator.EQUALS) ? equals(context, 'pid').filter((pid) => /^\d+$/.test(pid)).map(Number) : processIds();
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

const REMEDY = process.getuid?.() === 0 ? 'root lacks CAP_SYS_PTRACE here, or they are protected even from root' : 'run as root';
