/** What is wrong with a command line, said as every other error: commander has a form of its own, and knows less of what to do. */
import { CommanderError, type Command } from 'commander';
import { TickwardError } from '../model/errors.ts';

/** Of a command, and of those below it, what commander refuses is thrown as an error of ours. What it does without a failure (--help, --version) stays its own. */
export function refuseAsOurs(command: Command): void {
  command.configureOutput({ outputError: () => undefined });
  command.exitOverride((refused) => {
    throw refused.exitCode === 0 || isHelpInstead(refused) ? refused : usageError(command, refused);
  });
  for (const each of command.commands) refuseAsOurs(each);
}

/** No command was given, and commander has shown on stderr which there are. */
export function isHelpInstead(thrown: unknown): boolean {
  return thrown instanceof CommanderError && thrown.code === 'commander.help';
}

function usageError(command: Command, refused: CommanderError): TickwardError {
  const { parent } = command;
  const first = parent?.args[0];
  // A group that lists when nothing else is said takes what it does not know for an argument of the list.
  if (refused.code === 'commander.excessArguments' && parent !== null && first !== undefined && first !== command.name()) return noCommand(parent, first);
  const message = refused.message.replace(/^error: /, '').replace(/\.$/, '').replaceAll('\n', ' ');
  return new TickwardError('USAGE', message, { hint: hintFor(command, refused), cause: refused });
}

function hintFor(command: Command, { code }: CommanderError): string {
  const name = nameOf(command);
  if (command.commands.length === 0) return `write ${name} ${command.usage()}; --help shows more`;
  return code === 'commander.unknownOption' ? `options of a command stand behind its name: ${name} COMMAND --help shows them` : `${name} --help shows its commands`;
}

function noCommand(group: Command, word: string): TickwardError {
  const names = group.commands.map((each) => each.name());
  const show = names.includes('show') ? `; for one by its id: ${nameOf(group)} show ${word}` : '';
  return new TickwardError('USAGE', `${group.name()} has no command ${word}`, { hint: `it has ${names.join(', ')}${show}` });
}

function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;
}
