/** The program `tickward`: reads the command line, runs one command, turns errors into one line and an exit code. */
import { Command, CommanderError } from 'commander';
import { messageOf, TickwardError } from '../model/errors.ts';
import { printableJson } from '../model/text.ts';
import { loadCommands } from './commands/index.ts';
import { createContext, Exit, type Act } from './context.ts';
import { onLostReader } from './lost-reader.ts';
import { errorDocument, errorText } from './output.ts';
import { addGlobalOptions, dropUnset } from './settings.ts';
import { isHelpInstead, refuseAsOurs } from './usage.ts';
import { leaveLostDirectory } from './working-directory.ts';
import { VERSION } from '../version.ts';

const EXAMPLES = `
Examples:
  tickward drill                               a harmless timer, from planting to removal
  sudo tickward watch                          alerts as they come
  tickward query "SELECT path, mtime FROM file WHERE path LIKE '/etc/systemd/system/%.timer'"
  tickward investigate --file /etc/systemd/system/x.timer
  sudo tickward respond --file /etc/systemd/system/x.timer --dry-run

Exit codes: 0 done, nothing found · 1 failed, or would in a dry run · 2 wrong usage · 3 findings · 130 interrupted`;

export async function createProgram(given: readonly string[]): Promise<Command> {
  const program = new Command('tickward')
    .description('Watches a Linux host for systemd timers made by someone who should not, says which process made them, investigates, and takes them out again.')
    .version(VERSION)
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', EXAMPLES);
  addGlobalOptions(program);
  const act: Act = (run) => async (...values) => {
    // commander gives the options and the command last: those of the command and of the program count alike.
    const command = values.at(-1);
    const context = await createContext(command instanceof Command ? command.optsWithGlobals() : program.opts());
    try {
      process.exitCode = await run(context, ...values);
    } finally {
      await context.end();
    }
  };
  for (const register of await loadCommands(given)) register(program, act);
  refuseAsOurs(program);
  return program;
}

async function main(): Promise<void> {
  // A reader that went away (`| head`) is no failure.
  process.stdout.on('error', onLostReader);
  process.stderr.on('error', onLostReader);
  dropUnset(process.env);
  leaveLostDirectory();
  const program = await createProgram(process.argv.slice(2));
  try {
    await program.parseAsync(process.argv);
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      process.exitCode = isHelpInstead(thrown) ? Exit.USAGE : Exit.DONE;
      if (isHelpInstead(thrown) && wantsJson(program)) writeError(new TickwardError('USAGE', 'no command was given', { hint: 'tickward --help shows them' }));
      return;
    }
    report(thrown, program);
  }
}

function report(thrown: unknown, program: Command): void {
  const error = thrown instanceof TickwardError ? thrown : new TickwardError('FAILED', `something unforeseen: ${messageOf(thrown)}`, { hint: 'run it again with --verbose and report what it says', cause: thrown });
  if (wantsJson(program)) writeError(error);
  process.stderr.write(`${errorText(error)}\n`);
  if (program.opts()['verbose'] === true && error.stack !== undefined) process.stderr.write(`${error.stack}\n${error.cause instanceof Error ? `caused by: ${error.cause.stack ?? ''}\n` : ''}`);
  process.exitCode = exitCodeOf(error);
}

/** Also where reading the command line failed before --json was reached. */
function wantsJson(program: Command): boolean {
  return program.opts()['json'] === true || process.argv.includes('--json');
}

function writeError(error: TickwardError): void {
  process.stdout.write(`${printableJson(errorDocument(error))}\n`);
}

function exitCodeOf(error: TickwardError): number {
  if (error.code === 'USAGE') return Exit.USAGE;
  if (error.code === 'INTERRUPTED') return Exit.INTERRUPTED;
  return Exit.FAILED;
}

// Not awaited: in a package this is CommonJS.
if (import.meta.main) void main();
