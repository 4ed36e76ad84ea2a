/** Options that every command has: from the command line, else the environment, else the configuration file. */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { Option, type Command } from 'commander';
import { z } from 'zod';
import { userOf } from '../host/passwd.ts';
import { errnoOf, messageOf, TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import { MOST_DAYS, retentionFrom, type Retention } from '../store/retention.ts';
import { defaultStateDirectory } from '../store/state-directory.ts';
import { parseYaml } from '../yaml.ts';

export interface Settings {
  /** Throws USAGE where none was given and there is no home to keep it in. */
  readonly stateDir: string;
  json: boolean;
  color: boolean;
  /** May a person be asked? */
  input: boolean;
  yes: boolean;
  verbose: boolean;
  engine: 'auto' | 'osqueryd' | 'osqueryi' | 'embedded';
  /** osquery's manager socket; osquery's own defaults are tried when it is not given. */
  socket?: string;
  /** Seconds a query may take. */
  timeout: number;
  lang: 'en' | 'zh-CN';
  sensor: 'auto' | 'fanotify' | 'inotify' | 'scan';
  /** Peers that keep access while the host is isolated: `ADDRESS` or `ADDRESS:PORT` of the service here. */
  management: string[];
  /** How long and how many events are kept. */
  retention: Retention;
}

export const DEFAULT_CONFIG = '/etc/tickward/config.yaml';

const FILE = z.strictObject({
  state_dir: z.string().optional(),
  engine: z.enum(['auto', 'osqueryd', 'osqueryi', 'embedded']).optional(),
  socket: z.string().optional(),
  timeout: z.number().positive().optional(),
  lang: z.enum(['en', 'zh-CN']).optional(),
  sensor: z.enum(['auto', 'fanotify', 'inotify', 'scan']).optional(),
  management: z.array(z.string()).optional(),
  retention: z.strictObject({ days: z.number().positive().max(MOST_DAYS).optional(), events: z.int().positive().optional() }).optional(),
});

type FileSettings = z.infer<typeof FILE>;

/** Who besides its owner may not write what root reads; a user's own group may be one of that user alone. */
const BY_OTHERS = 0o022;
const BY_ANYONE = 0o002;

/** commander takes a switch for on as soon as its variable is there. */
const SWITCHES = ['TICKWARD_JSON', 'TICKWARD_YES'];

/** Takes variables that say nothing out of the environment: empty ones, and switches that are off. */
export function dropUnset(environment: NodeJS.ProcessEnv): void {
  for (const [name, value] of Object.entries(environment)) if (name.startsWith('TICKWARD_') && (value === '' || (SWITCHES.includes(name) && !isOn(value)))) delete environment[name];
}

/** Adds the options to the program. commander reads them before and after the command, and from the environment. */
export function addGlobalOptions(program: Command): void {
  const options: [flags: string, description: string, environment?: string][] = [
    ['--json', 'data as JSON: one document, or one a line where it streams', 'TICKWARD_JSON'],
    ['--state-dir <dir>', 'where events, alerts, journal and quarantine are kept (default /var/lib/tickward as root, else $XDG_STATE_HOME/tickward)', 'TICKWARD_STATE_DIR'],
    ['--config <file>', `settings in YAML (default ${DEFAULT_CONFIG} where there is one)`, 'TICKWARD_CONFIG'],
    ['--no-color', 'no colours (NO_COLOR does the same)'],
    ['--no-input', 'never ask a person', 'TICKWARD_NO_INPUT'],
    ['--yes', 'answer every question with yes', 'TICKWARD_YES'],
    ['-v, --verbose', 'say more on stderr'],
  ];
  for (const [flags, description, environment] of options) {
    const option = new Option(flags, description);
    program.addOption(environment === undefined || flags.startsWith('--no-') ? option : option.env(environment));
  }
}

export function resolveSettings(given: Record<string, unknown>, environment: NodeJS.ProcessEnv, uid: number): Settings {
  const configPath = text(given['config']);
  const file = configPath === undefined ? readConfig(DEFAULT_CONFIG, false, uid) : readConfig(configPath, true, uid);
  const choice = <Name extends keyof FileSettings>(option: string, name: Name): FileSettings[Name] => {
    const value = given[option] ?? environment[`TICKWARD_${name.toUpperCase()}`];
    if (value === undefined) return file[name];
    const checked = FILE.shape[name].safeParse(name === 'timeout' ? Number(value) : name === 'management' ? String(value).split(',') : value);
    if (!checked.success) throw new TickwardError('USAGE', `${printable(String(value))} is no value for ${name}: ${checked.error.issues[0]?.message ?? ''}`, { hint: 'see tickward --help' });
    return checked.data as FileSettings[Name];
  };
  const socket = choice('socket', 'socket');
  return {
    // Only when it is asked for: a command that needs no state also runs for a user without a home.
    get stateDir() {
      return text(given['stateDir']) ?? file.state_dir ?? defaultStateDirectory(uid, { ...environment, HOME: environment['HOME'] || userOf(uid)?.home });
    },
    json: given['json'] === true || isOn(given['json']),
    color: given['color'] !== false && environment['NO_COLOR'] === undefined,
    input: given['input'] !== false && !isOn(environment['TICKWARD_NO_INPUT']),
    yes: given['yes'] === true || isOn(given['yes']),
    verbose: given['verbose'] === true,
    engine: choice('engine', 'engine') ?? 'auto',
    ...(socket === undefined ? {} : { socket }),
    timeout: choice('timeout', 'timeout') ?? 30,
    lang: choice('lang', 'lang') ?? (environment['LANG']?.startsWith('zh') ? 'zh-CN' : 'en'),
    sensor: choice('sensor', 'sensor') ?? 'auto',
    management: choice('management', 'management') ?? [],
    retention: retentionFrom(environment, file.retention),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function isOn(value: unknown): boolean {
  return typeof value === 'string' && !['', '0', 'false', 'no'].includes(value.toLowerCase());
}

/** Reads and checks the file. One that was named must be there; the default one may be missing. */
function readConfig(path: string, mustExist: boolean, uid: number): FileSettings {
  let content: string;
  try {
    content = readTrusted(path, uid);
  } catch (error) {
    if (error instanceof TickwardError) throw error;
    if (!mustExist && errnoOf(error) === 'ENOENT') return {};
    throw new TickwardError('BAD_INPUT', `the configuration ${printable(path)} cannot be read: ${messageOf(error)}`, { hint: 'check the path and its permissions' });
  }
  return parseYaml(content, { what: 'the configuration', file: path, hint: `known settings: ${Object.keys(FILE.shape).join(', ')}`, schema: z.preprocess((value) => value ?? {}, FILE) });
}

/** It says where state is kept and who is let through an isolated host: whoever may write it decides that. */
function readTrusted(path: string, uid: number): string {
  const fd = openSync(path, 'r');
  try {
    const stat = fstatSync(fd);
    const shown = printable(path);
    if (stat.uid !== 0 && stat.uid !== uid) throw new TickwardError('REFUSED', `the configuration ${shown} belongs to uid ${stat.uid}: it is not read`, { hint: `look at it, then: chown ${uid === 0 ? 'root:' : uid} ${shown}` });
    if ((stat.mode & (uid === 0 ? BY_OTHERS : BY_ANYONE)) !== 0) throw new TickwardError('REFUSED', `the configuration ${shown} can be written by others (mode ${(stat.mode & 0o7777).toString(8).padStart(4, '0')}): it is not read`, { hint: `look at it, then: chmod go-w ${shown}` });
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}
