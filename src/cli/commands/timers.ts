/** `tickward timers`: every timer of every manager. */
import { readUsers } from '../../host/passwd.ts';
import { messageOf, TickwardError } from '../../model/errors.ts';
import { listTimers } from '../../timers/index.ts';
import { Exit, type Context, type Register } from '../context.ts';
import { makerOf, pathMeant } from '../subject.ts';

export const timers: Register = (program, act) => {
  program
    .command('timers')
    .description('every timer of every manager with service, command chain, owner, package, next and last run')
    .addHelpText('after', `
Examples:
  tickward timers
  sudo tickward timers --json | jq '.[] | select(.package == null) | {unit, exec, created_by, package_known}'

"package" is null where no package has the file, and where that is not known: then "package_known" is false, the table
has ? there, and no package manager that is read here (dpkg, rpm) answered.`)
    .action(act(async (context) => {
      const { timers: found, warnings } = await listTimers({ uid: context.uid, users: readUsers() });
      for (const warning of warnings) context.notice({ level: 'warn', message: warning });
      const creatorOf = creators(context);
      const rows = found.map((timer) => ({ ...timer, created_by: timer.path === null ? null : creatorOf(timer.path) }));
      if (context.out.json) context.out.document(rows);
      else if (rows.length === 0) context.out.progress('no timers');
      else context.out.table(['unit', 'scope', 'state', 'schedule', 'next', 'last', 'package', 'exec', 'path'], rows.map((row) => [row.unit, row.user ?? row.scope, row.state, row.schedule, row.next_run, row.last_run, row.package_known ? row.package : '?', row.exec, row.path]), ['unit']);
      return Exit.DONE;
    }));
};

/** The program that made a file, as the sensor saw it; null when it was made before Tickward watched. Without a store the timers are still what they are. */
function creators(context: Context): (path: string) => string | null {
  try {
    context.store();
  } catch (error) {
    if (!(error instanceof TickwardError)) throw error;
    void context.notice({ level: 'warn', message: `created_by is not known: ${messageOf(error)}` });
    return () => null;
  }
  return (path) => makerOf(context, pathMeant(context, path))?.process?.executable ?? null;
}
