/** Every file that makes a unit: its fragments, drop-ins, aliases and the links that pull it in, over all directories of its scope. Found through descriptors, by what is on disk. */
import { readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { lookAt, openDirectory, openFile, openParent, sha256Of, type Directory, type FileState } from '../host/files.ts';
import { lastNameOf, pathIn, show, toBytes } from '../host/paths.ts';
import { MOST_COPY_BYTES } from '../host/quarantine.ts';
import { advisedMessageOf, messageOf, TickwardError } from '../model/errors.ts';
import { textOfBytes } from '../model/text.ts';

/** What stands in a directory of units. */
export interface UnitFile {
  path: Buffer;
  role: 'fragment' | 'alias' | 'enablement' | 'drop-in' | 'directory' | 'stamp' | 'generator';
  state: FileState;
  /** Of a link. */
  target?: Buffer;
  /** Of a file. */
  sha256?: string;
}

export interface Unread {
  path: string;
  reason: string;
}

export interface Findings {
  files: UnitFile[];
  /** Links to /dev/null: they keep the unit from being started and stay. */
  masks: Buffer[];
  /** What has the name of one of the units and is nothing that is taken away, with the reason. */
  refused: string[];
  /** Directories that could not be looked into, with the reason. */
  unread: Unread[];
  /** Files that also apply to other units. */
  shared: Buffer[];
  /** Links in place of such directories: systemd follows them. */
  linked: Buffer[];
}

const PULLS_IN = /\.(?:wants|requires|upholds)$/;
const DEV_NULL = '/dev/null';
/** An alias may have aliases; nobody needs more of a chain than this. */
const MOST_ROUNDS = 4;

/** Files of the units of these names. The instances of a template belong to it; an instance alone is only what has its own name. */
export function findUnitFiles(units: readonly string[], directories: readonly string[]): Findings {
  const findings: Findings = noFindings();
  const names = new Set(units);
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const before = names.size;
    Object.assign(findings, noFindings());
    forEachDirectory(directories, findings.unread, (directory) => search(directory, names, findings));
    if (names.size === before) break;
  }
  takeWhatIsNotShared(findings, names, directories);
  return findings;
}

function noFindings(): Findings {
  return { files: [], masks: [], refused: [], unread: [], shared: [], linked: [] };
}

/** Of `a-.timer.d`, whose content applies to every `a-….timer`, what applies to nothing else is of these units. */
function takeWhatIsNotShared(findings: Findings, names: ReadonlySet<string>, directories: readonly string[]): void {
  const shared = findings.shared.splice(0);
  if (shared.length === 0) return;
  const others = new Set<string>();
  forEachDirectory(directories, [], (directory) => {
    for (const { name } of entriesOf(directory)) if (!isOf(name, names)) others.add(name);
  });
  for (const path of shared) {
    const name = textOfBytes(lastNameOf(path));
    if (isSharedDirectory(name, others)) findings.shared.push(path);
    else withParent(path, (parent) => addOwnDirectory(parent, name, path, findings));
  }
}

function withParent(path: Buffer, use: (parent: Directory) => void): void {
  using parent = openParent(path).directory;
  use(parent);
}

/** Each directory once, also where it has two names (/lib and /usr/lib, /etc/xdg/systemd/user). What does not exist is passed over. */
export function forEachDirectory(paths: readonly string[], unread: Unread[], visit: (directory: Directory) => void): void {
  const seen = new Set<string>();
  for (const path of paths) {
    try {
      using directory = openDirectory(path);
      const id = `${directory.state.dev}:${directory.state.ino}`;
      if (seen.has(id)) continue;
      seen.add(id);
      visit(directory);
    } catch (error) {
      const isMissing = error instanceof TickwardError && error.code === 'NOT_FOUND';
      if (!isMissing && !isAnotherName(path, paths)) unread.push({ path, reason: messageOf(error) });
    }
  }
}

/** A link to a directory that is looked into under its own name. */
function isAnotherName(path: string, paths: readonly string[]): boolean {
  try {
    const real = realpathSync(path);
    return real !== path && paths.includes(real);
  } catch {
    return false;
  }
}

export interface Entry {
  name: string;
  kind: 'file' | 'link' | 'directory' | 'other';
}

/** Names as `textOfBytes`, with what they are. */
export function entriesOf(directory: Directory): Entry[] {
  const entries = readdirSync(`/proc/self/fd/${directory.fd}`, { encoding: 'buffer', withFileTypes: true });
  return entries.map((entry) => ({ name: textOfBytes(entry.name), kind: entry.isFile() ? 'file' as const : entry.isSymbolicLink() ? 'link' as const : entry.isDirectory() ? 'directory' as const : 'other' as const })).sort((one, other) => (one.name < other.name ? -1 : 1));
}

function search(directory: Directory, names: Set<string>, findings: Findings): void {
  for (const entry of entriesOf(directory)) {
    const path = pathIn(directory, entry.name);
    if (isOf(entry.name, names)) addFragment(directory, entry, path, findings);
    else if (entry.kind === 'link' && leadsTo(directory, entry.name, sameTypeAs(entry.name, names))) {
      names.add(entry.name);
      addLink(directory, entry.name, path, 'alias', findings);
    } else if (entry.kind === 'link' && isOwnDirectory(entry.name, names)) addLink(directory, entry.name, path, 'drop-in', findings);
    else if (entry.kind === 'directory' && PULLS_IN.test(entry.name) && !isOf(entry.name.replace(PULLS_IN, ''), names)) addEnablements(path, names, findings);
    else if (entry.kind === 'directory' && isOwnDirectory(entry.name, names)) addOwnDirectory(directory, entry.name, path, findings);
    else if (entry.kind === 'directory' && isSharedDirectory(entry.name, names)) findings.shared.push(path);
    else if (entry.kind === 'link' && (isSharedDirectory(entry.name, names) || (PULLS_IN.test(entry.name) && pullsIn(path, names)))) findings.linked.push(path);
  }
}

function addFragment(directory: Directory, entry: Entry, path: Buffer, findings: Findings): void {
  if (entry.kind === 'link') addLink(directory, entry.name, path, 'fragment', findings);
  else if (entry.kind === 'file') addFile(path, 'fragment', findings);
  else findings.refused.push(`${show(path)} is not touched: it is neither a file nor a link`);
}

function addLink(directory: Directory, name: string, path: Buffer, role: UnitFile['role'], findings: Findings): void {
  const found = lookAt(directory, toBytes(name));
  if (found?.target === undefined) return;
  if (found.target.toString() === DEV_NULL) findings.masks.push(path);
  else findings.files.push({ path, role, state: found.state, target: found.target });
}

function addFile(path: Buffer, role: UnitFile['role'], findings: Findings): void {
  try {
    using file = openFile(path, 'any');
    // What is too large to be taken is not read to its end either.
    const sha256 = file.state.size > MOST_COPY_BYTES ? '' : (sha256Of(file.fd, MOST_COPY_BYTES) ?? '');
    findings.files.push({ path, role, state: file.state, sha256 });
  } catch (error) {
    if (!(error instanceof TickwardError) || error.code !== 'NOT_FOUND') findings.refused.push(advisedMessageOf(error));
  }
}

function addEnablements(path: Buffer, names: ReadonlySet<string>, findings: Findings): void {
  forEachEntry(path, findings, (directory, entry, entryPath) => {
    if (entry.kind === 'link' && (isOf(entry.name, names) || leadsTo(directory, entry.name, names))) addLink(directory, entry.name, entryPath, 'enablement', findings);
    else if (entry.kind === 'file' && isOf(entry.name, names)) addFile(entryPath, 'enablement', findings);
  });
}

/** `x.timer.d` and `x.timer.wants`: all that is in it, then the directory itself. */
function addOwnDirectory(parent: Directory, name: string, path: Buffer, findings: Findings): void {
  forEachEntry(path, findings, (directory, entry, entryPath) => {
    if (entry.kind === 'link') addLink(directory, entry.name, entryPath, 'drop-in', findings);
    else if (entry.kind === 'file') addFile(entryPath, 'drop-in', findings);
    else findings.refused.push(`${show(entryPath)} is not touched: it is neither a file nor a link`);
  });
  const found = lookAt(parent, toBytes(name));
  if (found !== undefined) findings.files.push({ path, role: 'directory', state: found.state });
}

function forEachEntry(path: Buffer, findings: Findings, visit: (directory: Directory, entry: Entry, path: Buffer) => void): void {
  try {
    using directory = openDirectory(path);
    for (const entry of entriesOf(directory)) visit(directory, entry, pathIn(directory, entry.name));
  } catch (error) {
    findings.refused.push(advisedMessageOf(error));
  }
}

function leadsTo(directory: Directory, name: string, names: ReadonlySet<string>): boolean {
  try {
    const target = textOfBytes(readlinkSync(directory.at(name), { encoding: 'buffer' }));
    return isOf(target.slice(target.lastIndexOf('/') + 1), names);
  } catch {
    return false;
  }
}

/** systemd passes over an alias of another type. */
function sameTypeAs(name: string, names: ReadonlySet<string>): ReadonlySet<string> {
  const type = name.slice(name.lastIndexOf('.'));
  return new Set([...names].filter((each) => each.endsWith(type)));
}

/** Whether a name is one of these units, or an instance of one that is a template. */
function isOf(name: string, names: ReadonlySet<string>): boolean {
  if (names.has(name)) return true;
  const template = templateOf(name);
  return template !== undefined && names.has(template);
}

/** `x@.timer` for `x@anything.timer`. */
export function templateOf(name: string): string | undefined {
  const parts = /^([^@]+@)[^/]*(\.[a-z]+)$/.exec(name);
  return parts === null ? undefined : `${parts[1]}${parts[2]}`;
}

/** Whether a directory that is reached through a link has a name of one of these units. */
function pullsIn(path: Buffer, names: ReadonlySet<string>): boolean {
  try {
    return readdirSync(path, { encoding: 'buffer' }).some((name) => isOf(textOfBytes(name), names));
  } catch {
    return false;
  }
}

function isOwnDirectory(name: string, names: ReadonlySet<string>): boolean {
  return isOf(name.replace(/\.d$/, ''), names) || isOf(name.replace(PULLS_IN, ''), names);
}

/** `timer.d` applies to every timer, `a-.timer.d` to every `a-….timer`, `a@.timer.d` to every instance (systemd.unit(5)). */
function isSharedDirectory(name: string, names: ReadonlySet<string>): boolean {
  const [, prefix, type] = /^(?:(.*[-@])\.)?([a-z]+)\.d$/.exec(name) ?? [];
  return type !== undefined && [...names].some((each) => each.endsWith(`.${type}`) && (prefix === undefined || each.startsWith(prefix)));
}
