/** Options that every command has: from the command line, else the environment, else the configuration file. */
import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { userOf } from '../host/passwd.ts';
import { TickwardError } from '../model/errors.ts';
import { printable, shellLine } from '../model/text.ts';
import type { OutputOptions } from '../output/types.ts';
import { retentionFrom, type Retention } from '../store/retention.ts';
import { defaultStateDirectory } from '../store/state-directory.ts';
import { DEFAULT_CONFIG, readConfig } from './config-file.ts';
import type { FileSettings } from './config-schema.ts';
import { checkSwitches, isOff, isOn, SWITCHES } from './switches.ts';

export const ENGINES = ['auto', 'osqueryd', 'osqueryi', 'embedded'] as const;
export const LANGUAGES = ['en', 'zh-CN'] as const;
export const SENSORS = ['auto', 'fanotify', 'inotify', 'scan'] as const;

/** Seconds: a day. A timer takes no more than 24 of them, and makes a millisecond of what is beyond. */
export const LONGEST_TIMEOUT = 86_400;

export interface Settings {
  /** Throws USAGE where none was given and there is no home to keep it in. */
  readonly stateDir: string;
  /** By the command line, the environment or the file: whoever names one means one that is there. */
  isStateDirNamed: boolean;
  /** How a command is begun that goes on from this one. */
  program: string;
  json: boolean;
  color: boolean;
  /** May a person be asked? */
  input: boolean;
  yes: boolean;
  verbose: boolean;
  engine: (typeof ENGINES)[number];
  /** osquery's manager socket; osquery's own defaults are tried when it is not given. */
  socket?: string;
  /** Seconds a query may take. */
  timeout: number;
  lang: (typeof LANGUAGES)[number];
  sensor: (typeof SENSORS)[number];
  /** Peers that keep access while the host is isolated: `ADDRESS` or `ADDRESS:PORT` of the service here. */
  management: string[];
  /** How long and how many events are kept. */
  retention: Retention;
  /** Where alerts go besides the screen, as the file says it. */
  outputs: readonly OutputOptions[];
}

/** Takes variables that say nothing out of the environment: empty ones, and switches that are off, which commander takes for on as soon as they are there. */
export function dropUnset(environment: NodeJS.ProcessEnv): void {
  for (const [name, value] of Object.entries(environment)) if (name.startsWith('TICKWARD_') && (value === '' || (SWITCHES.includes(name) && isOff(value)))) delete environment[name];
}

/** Adds the options to the program. commander reads them before and after the command, and from the environment. */
export function addGlobalOptions(program: Command): void {
  const options: [flags: string, description: string, environment?: string][] = [
    ['--json', 'data as JSON: one document, or one a line where it streams', 'TICKWARD_JSON'],
    ['--state-dir <dir>', 'where events, alerts, journal and quarantine are kept (default /var/lib/tickward as root, else $XDG_STATE_HOME/tickward)', 'TICKWARD_STATE_DIR'],
    ['--config <file>', `settings in YAML (default ${DEFAULT_CONFIG} where there is one)`, 'TICKWARD_CONFIG'],
    ['--no-color', 'no colours (NO_COLOR and TERM=dumb do the same)'],
    ['--no-input', 'never ask a person', 'TICKWARD_NO_INPUT'],
    ['--yes', 'answer every question with yes', 'TICKWARD_YES'],
    ['-v, --verbose', 'say more on stderr'],
  ];
  for (const [flags, description, environment] of options) {
    const option = new Option(flags, description);
    program.addOption(environment === undefined || flags.startsWith('--no-') ? option : option.env(environment));
  }
}

export async function resolveSettings(given: Record<string, unknown>, environment: NodeJS.ProcessEnv, uid: number): Promise<Settings> {
  checkSwitches(environment);
  // Of a script whose variable is empty: it would be the directory in which it runs.
  if (given['stateDir'] === '') throw new TickwardError('USAGE', '--state-dir names no directory', { hint: 'give its path: --state-dir /var/lib/tickward' });
  if (given['config'] === '') throw new TickwardError('USAGE', '--config names no file', { hint: `give its path: --config ${DEFAULT_CONFIG}` });
  const configPath = text(given['config']);
  const file = configPath === undefined ? await readConfig(DEFAULT_CONFIG, false, uid) : await readConfig(configPath, true, uid);
  /** Of the command line, else the environment, else the file. */
  const choice = <Name extends keyof FileSettings, Value>(name: Name, read: (value: string) => Value | undefined, expected: string): Value | FileSettings[Name] => {
    const variable = `TICKWARD_${name.toUpperCase()}`;
    const value = given[name] ?? environment[variable];
    if (value === undefined) return file[name];
    const found = read(String(value));
    if (found !== undefined) return found;
    // What nobody typed is looked for in vain on the command line.
    const [what, hint] = given[name] === undefined ? [variable, `unset ${variable}, or give it such a value`] : [name, 'see tickward --help'];
    throw new TickwardError('USAGE', `${printable(String(value))} is no value for ${what}: it takes ${expected}`, { hint });
  };
  const among = <Name extends keyof FileSettings, Value extends string>(name: Name, values: readonly Value[]): Value | FileSettings[Name] => choice(name, (value) => values.find((each) => each === value), values.join(', '));
  const stateDir = text(given['stateDir']) ?? file.state_dir;
  const management = choice('management', (value) => value.split(','), 'addresses');
  // Those of the file are checked with it. Loaded only for those who name any.
  if (environment['TICKWARD_MANAGEMENT'] !== undefined) (await import('./peers.ts')).checkPeers(management ?? []);
  const socket = choice('socket', (value) => value || undefined, 'a path');
  return {
    // Only when it is asked for: a command that needs no state also runs for a user without a home.
    get stateDir() {
      return stateDir ?? defaultStateDirectory(uid, { ...environment, HOME: environment['HOME'] || userOf(uid)?.home });
    },
    isStateDirNamed: stateDir !== undefined,
    program: given['stateDir'] === undefined ? 'tickward' : `tickward --state-dir ${shellLine([printable(resolve(String(given['stateDir'])))])}`,
    json: given['json'] === true,
    color: given['color'] !== false && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb',
    input: given['input'] !== false && !isOn(environment['TICKWARD_NO_INPUT']),
    yes: given['yes'] === true,
    verbose: given['verbose'] === true,
    engine: among('engine', ENGINES) ?? 'auto',
    ...(socket === undefined ? {} : { socket }),
    timeout: choice('timeout', (value) => (Number(value) > 0 && Number(value) <= LONGEST_TIMEOUT ? Number(value) : undefined), `a number of seconds above 0, ${LONGEST_TIMEOUT} (a day) at most`) ?? 30,
    lang: among('lang', LANGUAGES) ?? (environment['LANG']?.startsWith('zh') ? 'zh-CN' : 'en'),
    sensor: among('sensor', SENSORS) ?? 'auto',
    management: management ?? [],
    retention: retentionFrom(environment, file.retention),
    outputs: file.outputs ?? [],
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
