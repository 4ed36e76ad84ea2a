/** Options that every command has: from the command line, else the environment, else the configuration file. */
import { readFileSync } from 'node:fs';
import { Option, type Command } from 'commander';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { errnoOf, excerptOf, messageOf, TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import { MOST_DAYS, retentionFrom, type Retention } from '../store/retention.ts';
import { defaultStateDirectory } from '../store/state-directory.ts';

export interface Settings {
  stateDir: string;
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
  const file = configPath === undefined ? readConfig(DEFAULT_CONFIG, false) : readConfig(configPath, true);
  const choice = <Name extends keyof FileSettings>(option: string, name: Name): FileSettings[Name] => {
    const value = given[option] ?? environment[`TICKWARD_${name.toUpperCase()}`];
    if (value === undefined) return file[name];
    const checked = FILE.shape[name].safeParse(name === 'timeout' ? Number(value) : name === 'management' ? String(value).split(',') : value);
    if (!checked.success) throw new TickwardError('USAGE', `${printable(String(value))} is no value for ${name}: ${checked.error.issues[0]?.message ?? ''}`, { hint: 'see tickward --help' });
    return checked.data as FileSettings[Name];
  };
  const socket = choice('socket', 'socket');
  return {
    stateDir: text(given['stateDir']) ?? file.state_dir ?? defaultStateDirectory(uid, environment),
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
function readConfig(path: string, mustExist: boolean): FileSettings {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    if (!mustExist && errnoOf(error) === 'ENOENT') return {};
    throw new TickwardError('BAD_INPUT', `the configuration ${printable(path)} cannot be read: ${messageOf(error)}`, { hint: 'check the path and its permissions' });
  }
  const lines = new LineCounter();
  const document = parseDocument(content, { lineCounter: lines });
  const broken = document.errors[0];
  const at = (offset: number): { line: number; column: number; excerpt: string; file: string } => {
    const { line, col } = lines.linePos(offset);
    return { file: path, line, column: col, excerpt: excerptOf(content.split('\n')[line - 1] ?? '', col) };
  };
  if (broken !== undefined) throw new TickwardError('BAD_INPUT', `the configuration ${printable(path)} is no YAML: ${broken.message.split('\n')[0] ?? ''}`, { place: at(broken.pos[0]) });
  const checked = FILE.safeParse(document.toJS() ?? {});
  if (checked.success) return checked.data;
  const issue = checked.error.issues[0];
  throw new TickwardError('BAD_INPUT', `the configuration ${printable(path)}: ${(issue?.path ?? []).join('.')} ${issue?.message ?? 'is wrong'}`, { hint: `known settings: ${Object.keys(FILE.shape).join(', ')}` });
}
