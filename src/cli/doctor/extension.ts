/** Whether osqueryd would load the extension: each condition that it checks, of which it names none in its own log ("unsafe directory permissions"). */
import { closeSync, openSync, readFileSync, realpathSync, statSync, type Stats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { S_ISVTX } from '../../host/kernel.ts';
import { errnoOf, messageOf } from '../../model/errors.ts';
import { modeText } from '../../model/mode.ts';
import type { Finding } from './finding.ts';

/** Where osquery looks, and whom it trusts. */
export interface OsqueryHost {
  /** The extension of this installation. */
  extension: string;
  loadFile: string;
  flagFile: string;
  /** Who has to own the extension. */
  owner: number;
}

const OSQUERY_HOST: OsqueryHost = {
  extension: join(import.meta.dirname, '../../../extension/systemd_timer_events.ext'),
  loadFile: '/etc/osquery/extensions.load',
  flagFile: '/etc/osquery/osquery.flags',
  owner: 0,
};

const OTHERS_WRITE = 0o022;
const OWNER_RUNS = 0o100;

interface Problem {
  found: string;
  fix: string;
}

export function extensionFindings(host: OsqueryHost = OSQUERY_HOST): Finding[] {
  const flags = flagsOf(host.flagFile);
  const loadFile = flags.get('extensions_autoload') ?? host.loadFile;
  const listed = listedIn(loadFile).filter((path) => basename(path) === basename(host.extension) || isSame(path, host.extension));
  return [fileFinding(listed[0] ?? host.extension, listed.length > 0, host.owner), loadFinding(host, flags, loadFile, listed[0])];
}

/** The file itself. That osqueryd would refuse it is a fault only where it is told to load it: `osqueryi --extension` checks nothing. */
function fileFinding(path: string, isListed: boolean, owner: number): Finding {
  const check = 'osquery extension';
  const problem = problemOf(path, owner);
  if (problem === undefined) return { check, ok: true, found: `${path}: osquery may load it`, fix: null };
  return { check, ok: !isListed && problem.isLoadable, found: isListed ? `osqueryd refuses to load it: ${problem.found}` : `osqueryd would refuse to load it: ${problem.found}`, fix: problem.fix };
}

/** In osquery's order; `isLoadable` where `osqueryi --extension` would run it all the same. */
function problemOf(path: string, owner: number): (Problem & { isLoadable: boolean }) | undefined {
  const folder = dirname(path);
  const quoted = quote(path);
  let stat: Stats;
  let above: Stats;
  try {
    [stat, above] = [statSync(path), statSync(folder)];
    closeSync(openSync(path, 'r'));
  } catch (error) {
    return { found: `${path} cannot be read: ${errnoOf(error) ?? messageOf(error)}`, fix: 'install Tickward again, or mend the path in the load file', isLoadable: false };
  }
  const unsafe = (found: string, fix: string): Problem & { isLoadable: true } => ({ found, fix, isLoadable: true });
  if (stat.isDirectory()) return { found: `${path} is a directory`, fix: `name the file in it: ${join(path, 'systemd_timer_events.ext')}`, isLoadable: false };
  if ((above.mode & S_ISVTX) !== 0) return unsafe(`its folder ${folder} has the sticky bit, as /tmp has`, `keep it elsewhere: install -D -m 755 ${quoted} /usr/lib/osquery/extensions/${basename(path)}`);
  if ((stat.mode & OWNER_RUNS) === 0) return { found: `its owner may not run ${path} (mode ${modeText(stat.mode)})`, fix: `chmod 755 ${quoted}`, isLoadable: false };
  if (stat.uid !== owner) return unsafe(`${path} belongs to uid ${stat.uid}`, `chown ${ownerName(owner)} ${quoted}`);
  if ((stat.mode & OTHERS_WRITE) !== 0) return unsafe(`others than its owner may write ${path} (mode ${modeText(stat.mode)})`, `chmod go-w ${quoted}`);
  if (above.uid !== owner) return unsafe(`its folder ${folder} belongs to uid ${above.uid}`, `chown ${ownerName(owner)} ${quote(folder)}`);
  if ((above.mode & OTHERS_WRITE) !== 0) return unsafe(`others than its owner may write its folder ${folder} (mode ${modeText(above.mode)})`, `chmod go-w ${quote(folder)}`);
  if (!path.endsWith('.ext')) return unsafe(`${path} does not end in .ext`, `mv ${quoted} ${quote(`${path}.ext`)}`);
  return undefined;
}

/** Whether osqueryd is told of it. Nobody has to use osquery. */
function loadFinding({ extension, flagFile }: OsqueryHost, flags: ReadonlyMap<string, string>, loadFile: string, listed: string | undefined): Finding {
  const check = 'osquery autoload';
  const isRequired = (flags.get('extensions_require') ?? '').split(',').some((name) => name.trim() === NAME);
  if (listed === undefined && isRequired) return { check, ok: false, found: `${flagFile} has --extensions_require=${NAME} and ${loadFile} does not name it: osqueryd does not start`, fix: appending(extension, loadFile) };
  if (listed === undefined) return { check, ok: true, found: `${loadFile} does not name it: osqueryd runs without it`, fix: `to have its tables in osqueryd: ${appending(extension, loadFile)}, and in ${flagFile} the lines of ${join(dirname(extension), 'deploy/osquery.flags')}` };
  if (isOn(flags.get('disable_extensions'))) return { check, ok: false, found: `${flagFile} has --disable_extensions: osqueryd loads none`, fix: `sed -i '/^--disable_extensions/d' ${quote(flagFile)}` };
  const timeout = Number(flags.get('extensions_timeout') ?? DEFAULT_TIMEOUT);
  return { check, ok: true, found: `${loadFile} names ${listed}`, fix: timeout > DEFAULT_TIMEOUT ? null : `on a slow host osqueryd may not wait long enough: ${appending('--extensions_timeout=10', flagFile)}` };
}

/** As which the extension registers. */
const NAME = 'tickward';

/** osquery's, in seconds. */
const DEFAULT_TIMEOUT = 3;

/** A switch of gflags: without a value it is on. */
function isOn(value: string | undefined): boolean {
  return value !== undefined && !/^(?:false|0|f|no|n)$/i.test(value);
}

/** `--name=value` and `--name`, a line each; empty where there is no such file. */
function flagsOf(path: string): Map<string, string> {
  return new Map(linesOf(path).flatMap((line): [string, string][] => {
    const [, name, value = ''] = /^--?([a-z_]+)(?:[= ]+(.*))?$/.exec(line) ?? [];
    return name === undefined ? [] : [[name, value.trim().replace(/^"(.*)"$/, '$1')]];
  }));
}

/** One path a line; osquery passes over lines that begin with # or ;. */
function listedIn(path: string): string[] {
  return linesOf(path).filter((line) => !/^[#;]/.test(line));
}

/** A line more, also where the last one has no end. */
function appending(line: string, path: string): string {
  return `${/[^\n]$/.test(textOf(path)) ? `echo >> ${quote(path)} && ` : ''}echo ${quote(line)} >> ${quote(path)}`;
}

function linesOf(path: string): string[] {
  return textOf(path).split('\n').map((line) => line.trim()).filter(Boolean);
}

/** Empty where it cannot be read. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function isSame(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    return false;
  }
}

/** For a shell, where it needs that. */
function quote(path: string): string {
  return /^[\w./=-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}

function ownerName(owner: number): string {
  return owner === 0 ? 'root:' : String(owner);
}
