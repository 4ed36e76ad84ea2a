/** The sensor: every change of a unit file as an event, by the best way that this kernel and these rights allow. */
import type { UnitDirectory } from '../host/directories.ts';
import { messageOf, TickwardError } from '../model/errors.ts';
import type { Attribution, EventSource, FileEvent } from '../model/event.ts';
import type { Backend } from './backend.ts';
import { openFanotify } from './fanotify.ts';
import { openInotify } from './inotify.ts';
import { openScan } from './scan.ts';
import { Watcher } from './watcher.ts';

export type SensorMode = 'auto' | 'fanotify' | 'inotify' | 'scan';

export interface SensorOptions {
  /** Default auto: fanotify, else inotify, else comparing. A mode that is asked for by name is used or fails. */
  mode?: SensorMode;
  /** Asked again at every rescan: users may be added. */
  directories: () => readonly UnitDirectory[];
  /** Called in the order things happened; when it returns the events are taken. */
  onEvents: (events: FileEvent[]) => void;
  onNotice: (notice: { level: 'info' | 'warn'; message: string }) => void;
  host: FileEvent['host'];
  /** Default 30, and 5 where only comparing is left. */
  rescanSeconds?: number;
}

export interface Sensor {
  readonly source: EventSource;
  /** What it cannot see, in words. */
  readonly blind: readonly string[];
  stop(): Promise<void>;
}

const RESCAN_SECONDS: Record<EventSource, number> = { fanotify: 30, inotify: 30, scan: 5 };

/** Resolves when the marks are set: what happens afterwards is seen. Throws UNSUPPORTED when a named mode is not possible here. */
export async function startSensor(options: SensorOptions): Promise<Sensor> {
  const { backend, reasons } = openBackend(options.mode ?? 'auto');
  const watcher = new Watcher(backend, options);
  watcher.start();
  const timer = setInterval(() => watcher.rescan(), (options.rescanSeconds ?? RESCAN_SECONDS[backend.source]) * 1000);
  const limits = limitsOf(backend, reasons);
  return {
    source: backend.source,
    get blind() {
      return [...limits, ...watcher.tree.blind];
    },
    async stop() {
      clearInterval(timer);
      watcher.stop();
    },
  };
}

/** What would be chosen here and why nothing better, for `doctor`. Leaves nothing behind. */
export function sensorSupport(): { mode: EventSource; attribution: Attribution; reasons: string[] } {
  const { backend, reasons } = openBackend('auto');
  backend.close();
  return { mode: backend.source, attribution: backend.namesProcesses ? 'proc' : backend.source === 'scan' ? 'none' : 'inferred', reasons: limitsOf(backend, reasons) };
}

function limitsOf(backend: Backend, reasons: readonly string[]): string[] {
  const limits = [...reasons];
  if (backend.source === 'scan') limits.push('no kernel events: changes are found by comparing every few seconds, and nobody is named');
  else if (!backend.namesProcesses) limits.push('the kernel names no process (CAP_SYS_ADMIN is missing or fanotify is not there): a process is named only when it still has the file open, as inferred');
  return limits;
}

const WAYS: readonly { mode: EventSource; open: () => Backend }[] = [
  { mode: 'fanotify', open: openFanotify },
  { mode: 'inotify', open: openInotify },
  { mode: 'scan', open: openScan },
];

function openBackend(mode: SensorMode): { backend: Backend; reasons: string[] } {
  const reasons: string[] = [];
  for (const way of WAYS) {
    if (mode !== 'auto' && mode !== way.mode) continue;
    try {
      return { backend: way.open(), reasons };
    } catch (error) {
      reasons.push(`${way.mode} is not possible here: ${messageOf(error)}`);
    }
  }
  throw new TickwardError('UNSUPPORTED', `the sensor cannot start: ${reasons.join('; ')}`, { hint: 'let it choose by itself (auto)' });
}
