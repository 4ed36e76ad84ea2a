/** What is gathered of a host before it is changed. Only reads; each part that fails says why in its place, and the others go on. */
import { run } from '../exec.ts';
import { executablePathOf } from '../host/executable.ts';
import { readOpen, readRegular } from '../host/files.ts';
import { socketsAround } from '../host/held-sockets.ts';
import { openImage } from '../host/image.ts';
import { modifiedFiles, packagesOf } from '../host/packages.ts';
import { lastNameOf } from '../host/paths.ts';
import { argumentsOf, cgroupOf, descriptorsOf, linkOf, ownerOf, processIds, startedAt, statOf, toldExecutableOf, workingDirectoryOf } from '../host/proc.ts';
import { readStart } from '../host/read.ts';
import { slowPreset } from '../host/slow-units.ts';
import { ifLoaded, isSlowToRead } from '../host/units.ts';
import { advisedMessageOf } from '../model/errors.ts';
import { legible, textOfBytes } from '../model/text.ts';
import type { ActionContext, Target } from './action.ts';
import type { Item } from './archive.ts';
import { isLoadable } from './manager.ts';

export interface Subjects {
  units: string[];
  /** Unit files, and other files that are asked for. */
  files: Buffer[];
  suspects: { pid: number; startTicks: string }[];
  executables: boolean;
}

const MOST_TEXT = 8 * 1024 ** 2;
const MOST_FILE = 64 * 1024 ** 2;
const MOST_LINES = 5_000;
const TIMEOUT_MS = 20_000;

export async function* evidenceOf(subjects: Subjects, context: ActionContext): AsyncGenerator<Item> {
  // What is gone soonest comes first.
  yield table('processes.json', '/proc', () => processIds().flatMap(processRow));
  for (const { pid, startTicks } of subjects.suspects) if (String(statOf(pid)?.startTicks) === startTicks) yield* suspect(pid, subjects.executables);
  for (const { namespace, pid, sockets } of socketsAround([process.pid, ...subjects.suspects.map((each) => each.pid)])) yield table(`sockets-${plain(namespace)}.json`, `/proc/${pid}/net`, () => sockets.map((socket) => ({ ...socket, path: legible(socket.path) })));
  for (const [index, path] of subjects.files.entries()) yield fileItem(`files/${index}-${plain(lastNameOf(path).toString())}`, path);
  if (context.systemd === 'running') yield* units(subjects, context.target, context.uid);
  yield await packages(subjects);
}

/** A name that is safe in any archive and on any system. */
export function plain(name: string): string {
  return name.replace(/[^A-Za-z0-9._@-]/g, '_').replace(/^[.-]/, '_').slice(0, 60);
}

function table(name: string, source: string, rows: () => unknown): Item {
  return item(name, source, () => Buffer.from(`${JSON.stringify(rows(), null, 1)}\n`));
}

function item(name: string, source: string, read: () => Buffer): Item {
  try {
    return { name, source, content: read() };
  } catch (error) {
    return { name, source, content: Buffer.alloc(0), cut: advisedMessageOf(error) };
  }
}

function processRow(pid: number): object[] {
  const stat = statOf(pid);
  if (stat === undefined) return [];
  const path = (text: string | undefined): string | null => (text === undefined ? null : legible(text));
  return [{ pid, ppid: stat.ppid, name: stat.comm, state: stat.state, uid: ownerOf(pid) ?? null, start: startedAt(stat), executable: path(toldExecutableOf(pid)), args: argumentsOf(pid) ?? null, cwd: path(workingDirectoryOf(pid)), cgroup: path(cgroupOf(pid)) }];
}

function* suspect(pid: number, executables: boolean): Generator<Item> {
  for (const name of ['status', 'maps', 'cgroup', 'limits', 'mountinfo', 'environ', 'cmdline']) {
    const source = `/proc/${pid}/${name}`;
    const content = readStart(source, MOST_TEXT);
    yield { name: `processes/${pid}/${name}`, source, content: content ?? Buffer.alloc(0), ...(content === undefined ? { cut: 'it may not be read, or the process is gone' } : content.length === MOST_TEXT ? { cut: `only the first ${MOST_TEXT} bytes` } : {}) };
  }
  yield table(`processes/${pid}/descriptors.json`, `/proc/${pid}/fd`, () => descriptorsOf(pid).map(({ fd, target }) => ({ fd, target: legible(target) })));
  // The image that runs, also where its file is deleted.
  if (executables) yield imageOf(pid);
}

function imageOf(pid: number): Item {
  const name = `processes/${pid}/executable`;
  try {
    using image = openImage(pid);
    const source = legible(linkOf(pid, 'exe'));
    if (image.size > MOST_FILE) return { name, source, content: Buffer.alloc(0), cut: `left out: it has ${image.size} bytes` };
    return { name, source, content: readOpen(image.fd) };
  } catch (error) {
    return { name, source: `/proc/${pid}/exe`, content: Buffer.alloc(0), cut: advisedMessageOf(error) };
  }
}

function fileItem(name: string, path: Buffer): Item {
  const source = legible(textOfBytes(path));
  try {
    const { content, truncated } = readRegular(path, MOST_FILE);
    return { name, source, content, ...(truncated ? { cut: `only the first ${MOST_FILE} bytes` } : {}) };
  } catch (error) {
    return { name, source, content: Buffer.alloc(0), cut: advisedMessageOf(error) };
  }
}

async function* units({ units: names, files }: Subjects, target: Target, uid: number): AsyncGenerator<Item> {
  const isOfUser = target.scope === 'user' && target.user !== undefined;
  const manager = !isOfUser ? [] : uid === 0 ? ['--user', '-M', `${target.user}@`] : ['--user'];
  yield await said('units/timers.txt', 'systemctl', [...manager, '--no-pager', '--all', 'list-timers']);
  // To look must not make the manager read what holds it up.
  const isSlow = isSlowToRead(files) || slowPreset(isOfUser ? 'user' : 'system') !== undefined;
  for (const unit of names.filter(isLoadable)) {
    const name = `units/${plain(unit)}`;
    const asked = isSlow ? ifLoaded(unit) : unit;
    // It reads them also of a unit that it has loaded, for its properties.
    yield await said(`${name}.show.txt`, 'systemctl', [...manager, '--no-pager', '--all', ...(isSlow ? ['--full', '--plain', 'list-units'] : ['show']), '--', asked]);
    yield await said(`${name}.cat.txt`, 'systemctl', [...manager, '--no-pager', 'cat', '--', asked]);
    const match = isOfUser ? [`_SYSTEMD_USER_UNIT=${unit}`, '+', `USER_UNIT=${unit}`] : [`--unit=${unit}`];
    yield await said(`${name}.journal.txt`, 'journalctl', ['--no-pager', '--output=short-iso-precise', '--utc', `--lines=${MOST_LINES}`, ...match]);
  }
}

/** What a program says, its complaints included. */
async function said(name: string, program: string, args: readonly string[]): Promise<Item> {
  const source = [program, ...args].join(' ');
  try {
    const { stdout, stderr } = await run(program, args, { timeout: TIMEOUT_MS, maxBuffer: MOST_TEXT });
    return { name, source, content: Buffer.from(stdout), ...(stderr.trim() === '' ? {} : { cut: stderr.trim().slice(0, 500) }) };
  } catch (error) {
    return { name, source, content: Buffer.alloc(0), cut: advisedMessageOf(error) };
  }
}

/** Whose package each file and each suspect's program is, and whether it is as the package has it. */
async function packages({ files, suspects }: Subjects): Promise<Item> {
  const paths = [...files.map(textOfBytes), ...suspects.flatMap(({ pid }) => executablePathOf(pid) ?? [])].filter((path) => path.isWellFormed());
  const source = 'dpkg --verify, or rpm --verify';
  try {
    const owners = await packagesOf([...new Set(paths)]);
    const modified = await modifiedFiles(owners);
    return table('packages.json', source, () => [...new Set(paths)].map((path) => ({ path, package: owners.get(path) ?? null, modified: modified.has(path) })));
  } catch (error) {
    return { name: 'packages.json', source, content: Buffer.alloc(0), cut: advisedMessageOf(error) };
  }
}
