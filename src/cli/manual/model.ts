/** The command line as data, taken from commander: what man page, reference and completions are written from. */
import type { Command, Option } from 'commander';
import { ENGINES, LANGUAGES, SENSORS } from '../settings.ts';

export interface OptionText {
  /** As --help shows them: `-v, --verbose`, `--state-dir <dir>`. */
  flags: string;
  /** `--verbose`, `-v`. */
  names: string[];
  description: string;
  takesValue: boolean;
  /** All that it takes; empty where it takes anything. */
  values: readonly string[];
  environment?: string;
}

/** A paragraph that --help shows below the options, as `Examples:` with lines. */
export interface Passage {
  title?: string;
  lines: string[];
}

export interface CommandText {
  /** `[]` for the program, `['alerts', 'show']`. */
  path: string[];
  summary: string;
  /** `tickward alerts show [options] <id>`. */
  usage: string;
  values: readonly string[];
  options: OptionText[];
  passages: Passage[];
  commands: CommandText[];
}

/** What settings take where commander does not check it, since the environment and the configuration say it too. */
const VALUES: Readonly<Record<string, readonly string[]>> = { engine: ENGINES, lang: LANGUAGES, sensor: SENSORS };

export function describe(command: Command, path: string[] = []): CommandText {
  const visible = command.createHelp().visibleCommands(command);
  return {
    path,
    summary: command.description(),
    usage: ['tickward', ...path, command.usage()].join(' ').trim(),
    values: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
    options: command.options.filter((option) => !option.hidden).map(optionText),
    passages: passagesOf(command),
    commands: command.commands.filter((each) => visible.includes(each)).map((each) => describe(each, [...path, each.name()])),
  };
}

/** The program and all below it, in the order of --help. */
export function flat(command: CommandText): CommandText[] {
  return [command, ...command.commands.flatMap(flat)];
}

function optionText(option: Option): OptionText {
  return {
    flags: option.flags,
    names: [option.long, option.short].filter((name) => name !== undefined),
    description: option.description,
    takesValue: option.required || option.optional,
    values: option.argChoices ?? VALUES[option.attributeName()] ?? [],
    ...(option.envVar === undefined ? {} : { environment: option.envVar }),
  };
}

/** commander gives what was added to --help only with the whole of it. */
function passagesOf(command: Command): Passage[] {
  let whole = '';
  const before = command.configureOutput();
  command.configureOutput({ ...before, writeOut: (text) => (whole += text), getOutHasColors: () => false });
  const own = command.helpInformation();
  command.outputHelp();
  command.configureOutput(before);
  return whole.slice(own.length).trim().split(/\n\n+/).filter(Boolean).map(passage);
}

function passage(text: string): Passage {
  const [first = '', ...rest] = text.split('\n');
  return first.endsWith(':') ? { title: first.slice(0, -1), lines: rest.map((line) => line.trim()) } : { lines: text.split('\n') };
}
