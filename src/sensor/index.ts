/** The sensor: every change of a unit file as an event, by the best way that this kernel and these rights allow. */
import type { Place } from '../host/directories.ts';
import type { PasswdEntry } from '../host/passwd.ts';
import type { KnownEntry, KnownFolders } from '../model/baseline.ts';
import { messageOf, TickwardError } from '../model/errors.ts';
import type { Attribution, FileEvent, SensorSource } from '../model/event.ts';
import { someOf } from '../model/text.ts';
import type { Backend } from './backend.ts';
import { openImages, type Images, type Memory } from './bpf/images.ts';
import { openFanotify } from './fanotify.ts';
import { Handles, MountChanges } from './filesystems.ts';
import { openInotify } from './inotify.ts';
import { openScan } from './scan.ts';
import { Watcher } from './watcher.ts';

export type SensorMode = 'auto' | 'fanotify' | 'inotify' | 'scan';

export interface SensorOptions {
  /** Default auto: fanotify, else inotify, else comparing. A mode that is asked for by name is used or fails. */
  mode?: SensorMode;
  /** Where unit files may appear; asked again when the users have changed. */
  places: (users: readonly PasswdEntry[]) => Place;
  /** What the directories held when they were last watched; what is different now becomes events. Without any, what is there at the start is no news. */
  baseline?: () => KnownFolders | undefined;
  /** Called in the order things happened; when it returns the events are taken. `known` is what the directories hold by now, as far as it changed. */
  onEvents: (events: FileEvent[], known: KnownEntry[]) => void;
  onNotice: (notice: { level: 'info' | 'warn'; message: string }) => void;
  host: FileEvent['host'];
  /** What was found out about the kernel, for the next start. */
  kernel?: Memory;
  /** Default 30, and 5 where only comparing is left. */
  rescanSeconds?: number;
}

export interface Sensor {
  readonly source: SensorSource;
  /** The best attribution that an event can have here. */
  readonly attribution: Attribution;
  /** What it cannot see, in words. */
  readonly blind: readonly string[];
  stop(): Promise<void>;
}

const RESCAN_SECONDS: Record<SensorSource, number> = { fanotify: 30, inotify: 30, scan: 5 };

/** A hundred thousand homes are not waited for. Milliseconds. */
const READY_MS = 500;

/** How long those who make many files are left alone. Milliseconds. */
const BUSY_MS = 2_000;

/** A burst of mounts (a container that starts) is looked at once. Milliseconds. */
const MOUNTS_SETTLE_MS = 50;

/** Resolves when the marks are set: what happens afterwards is seen. Throws UNSUPPORTED when a named mode is not possible here. */
export async function startSensor(options: SensorOptions): Promise<Sensor> {
  const sources = openSources(options.mode ?? 'auto', options.kernel);
  const { backend, images } = sources;
  const { watcher, mounts } = await startWatcher(sources, options);
  let keeping: NodeJS.Timeout | undefined;
  const keep = (): void => void images?.keepDirectories(() => {
    keeping = setTimeout(keep, BUSY_MS);
  });
  // Not before: it takes some ms, and only what is made from now on can be told of with it.
  keeping = setTimeout(keep, 0);
  const timer = setInterval(() => watcher.rescan(), (options.rescanSeconds ?? RESCAN_SECONDS[backend.source]) * 1000);
  let settling: NodeJS.Timeout | undefined;
  mounts.start(() => {
    watcher.programsChanged();
    settling ??= setTimeout(() => {
      settling = undefined;
      watcher.mountsChanged();
    }, MOUNTS_SETTLE_MS);
  });
  return {
    source: backend.source,
    attribution: bestAttribution(sources),
    get blind() {
      return [...limitsOf(sources), ...watcher.tree.blind];
    },
    async stop() {
      clearTimeout(keeping);
      clearInterval(timer);
      clearTimeout(settling);
      mounts.close();
      watcher.stop();
      images?.close();
    },
  };
}

/** Closes the sources where it fails: who tries again and again must not run out of descriptors. */
async function startWatcher({ backend, images, handles }: Sources, options: SensorOptions): Promise<{ watcher: Watcher; mounts: MountChanges }> {
  let mounts: MountChanges | undefined;
  let watcher: Watcher | undefined;
  try {
    mounts = new MountChanges();
    watcher = new Watcher(backend, images, handles, options);
    watcher.start();
    await watcher.ready(READY_MS);
    return { watcher, mounts };
  } catch (error) {
    mounts?.close();
    if (watcher === undefined) backend.close();
    else watcher.stop();
    images?.close();
    throw error;
  }
}

/** What would be chosen here and why nothing better, for `doctor`. Leaves nothing behind. */
export function sensorSupport(): { mode: SensorSource; attribution: Attribution; reasons: string[] } {
  const sources = openSources('auto');
  const limit = sources.images?.keepDirectories(() => undefined);
  if (limit !== undefined) sources.reasons.push(`who made the first files of a directory that was just made is often only inferred: ${limit}`);
  sources.backend.close();
  sources.images?.close();
  return { mode: sources.backend.source, attribution: bestAttribution(sources), reasons: limitsOf(sources) };
}

interface Sources {
  backend: Backend;
  images?: Images;
  handles: Handles;
  /** Why nothing better, in words. */
  reasons: string[];
}

function bestAttribution({ backend, images }: Sources): Attribution {
  if (images !== undefined) return 'exact';
  if (backend.source === 'scan') return 'none';
  return backend.namesProcesses ? 'proc' : 'inferred';
}

function limitsOf({ backend, reasons }: Sources): string[] {
  const limits = [...reasons];
  if (backend.source === 'scan') limits.push('no kernel events: changes are found by comparing every few seconds, and nobody is named: most rules give no alert then');
  else if (backend.namesProcesses && backend.nameless !== undefined && backend.nameless.size > 0) limits.push(`nobody is named for ${backend.nameless.size} director${backend.nameless.size === 1 ? 'y' : 'ies'} on a file system that fanotify cannot mark (a subvolume of btrfs beside others, FUSE, a copy of another one), which inotify watches: ${someOf([...backend.nameless])}`);
  else if (!backend.namesProcesses) limits.push('the kernel names no process (CAP_SYS_ADMIN is missing or fanotify is not there): a process is named only when it still has the file open, as inferred, and most rules give no alert where none is');
  return limits;
}

const WAYS: readonly { mode: SensorSource; open: (handles: Handles) => Backend }[] = [
  { mode: 'fanotify', open: openFanotify },
  { mode: 'inotify', open: openInotify },
  { mode: 'scan', open: openScan },
];

function openSources(mode: SensorMode, kernel?: Memory): Sources {
  const reasons: string[] = [];
  const handles = new Handles();
  for (const way of WAYS) {
    if (mode !== 'auto' && mode !== way.mode) continue;
    try {
      const backend = way.open(handles);
      return { backend, handles, reasons, ...(backend.namesProcesses ? imagesOr(reasons, kernel) : {}) };
    } catch (error) {
      reasons.push(`${way.mode} is not possible here: ${messageOf(error)}`);
    }
  }
  throw new TickwardError('UNSUPPORTED', `the sensor cannot start: ${reasons.join('; ')}`, { hint: 'let it choose by itself (auto)' });
}

function imagesOr(reasons: string[], kernel: Memory | undefined): { images?: Images } {
  try {
    const images = openImages({}, kernel);
    if (images.limit !== undefined) reasons.push(`a program that a process opened and did not run may be taken for one that it ran: ${images.limit}`);
    return { images };
  } catch (error) {
    reasons.push(`short-lived processes are named less often, since the kernel's map of programs cannot be used: ${messageOf(error)}`);
    return {};
  }
}
