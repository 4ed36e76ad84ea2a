/**
 * Sensor → store → rules, wired: the same for `tickward watch`, the drill and the osquery extension.
 * Of the processes that share a state directory one senses (it holds the lock); the others follow what it stores and take over when it dies.
 */
import { unitDirectories, type UnitDirectory } from '../host/directories.ts';
import { hostIdentity } from '../host/identity.ts';
import { readUsers } from '../host/passwd.ts';
import { messageOf } from '../model/errors.ts';
import type { Alert, FileEvent } from '../model/event.ts';
import { createDetector } from '../rule/detect.ts';
import type { Rule } from '../rule/load.ts';
import { startSensor, type Sensor, type SensorMode } from '../sensor/index.ts';
import type { Store } from '../store/index.ts';
import { acquireSensorLock, type SensorLock } from '../store/lock.ts';
import { createRecorder } from '../store/recorder.ts';

export interface Notice {
  level: 'info' | 'warn';
  message: string;
}

export interface WatchOptions {
  store: Store;
  rules: readonly Rule[];
  mode?: SensorMode;
  /** Default: every unit directory of the system and of all users, read anew at each rescan. */
  directories?: () => readonly UnitDirectory[];
  onEvents?: (events: readonly FileEvent[]) => void;
  onAlert?: (alert: Alert) => void;
  onNotice: (notice: Notice) => void;
}

export interface Watch {
  /** undefined while another process senses. */
  readonly sensor: Sensor | undefined;
  stop(): Promise<void>;
}

/** How often a follower looks for new alerts and for a lock that came free, in ms. */
const FOLLOW_MS = 1_000;

const RETENTION = { maxAgeMs: 90 * 86_400_000, maxCount: 1_000_000 };
const PRUNE_MS = 3_600_000;

/** Resolves when the sensor is ready, or when it is known that another process senses. */
export async function startWatch(options: WatchOptions): Promise<Watch> {
  const { store, onNotice } = options;
  let sensing = await trySensing(options);
  if (sensing !== undefined) return { sensor: sensing.sensor, stop: sensing.stop };

  onNotice({ level: 'info', message: 'another process senses for this state directory: following what it finds' });
  let seenAt = Date.now();
  const shown = new Set<string>();
  const follow = async (): Promise<void> => {
    const from = seenAt - 5 * FOLLOW_MS;
    seenAt = Date.now();
    for (const alert of store.alerts.list({ since: from })) {
      if (shown.has(alert.id) || Date.parse(alert['@timestamp']) < started) continue;
      shown.add(alert.id);
      options.onAlert?.(alert);
    }
    sensing = await trySensing(options);
    if (sensing === undefined) return;
    clearInterval(timer);
    onNotice({ level: 'info', message: 'the process that sensed is gone: sensing here now' });
  };
  const started = Date.now();
  let running = Promise.resolve();
  const timer = setInterval(() => {
    running = running.then(() => (sensing === undefined ? follow() : undefined)).catch((error: unknown) => onNotice({ level: 'warn', message: `following failed: ${messageOf(error)}` }));
  }, FOLLOW_MS);
  return {
    get sensor() {
      return sensing?.sensor;
    },
    async stop() {
      clearInterval(timer);
      await running;
      await sensing?.stop();
    },
  };
}

interface Sensing {
  sensor: Sensor;
  stop(): Promise<void>;
}

async function trySensing(options: WatchOptions): Promise<Sensing | undefined> {
  const lock = acquireSensorLock(options.store.directory);
  if (lock === undefined) return undefined;
  try {
    return await sense(options, lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function sense(options: WatchOptions, lock: SensorLock): Promise<Sensing> {
  const { store, rules, onNotice } = options;
  const recorder = createRecorder(store.events, onNotice);
  const detector = createDetector(rules, ({ rule, given, remainingMs }) => onNotice({ level: 'warn', message: `the rule ${rule.name} gave its ${given} alerts of this interval: what else it matches gives none for ${Math.ceil(remainingMs / 1000)} s, tickward events shows all` }));
  /** An alert that cannot be stored is shown all the same. */
  const keep = (alerts: readonly Alert[]): readonly Alert[] => {
    try {
      return alerts.length === 0 ? [] : store.alerts.append(alerts);
    } catch (error) {
      onNotice({ level: 'warn', message: `alerts could not be stored: ${messageOf(error)}` });
      return alerts;
    }
  };
  const sensor = await startSensor({
    mode: options.mode ?? 'auto',
    directories: options.directories ?? (() => unitDirectories(readUsers())),
    host: hostIdentity(),
    onNotice,
    onEvents(events) {
      recorder.record(events);
      options.onEvents?.(events);
      const alerts = events.flatMap((event) => detector.judge(event, Date.now()));
      for (const alert of keep(alerts)) options.onAlert?.(alert);
    },
  });
  const prune = setInterval(() => {
    try {
      store.events.prune(RETENTION, Date.now());
    } catch (error) {
      onNotice({ level: 'warn', message: messageOf(error) });
    }
  }, PRUNE_MS);
  prune.unref();
  return {
    sensor,
    async stop() {
      clearInterval(prune);
      await sensor.stop();
      const lost = recorder.close();
      if (lost > 0) onNotice({ level: 'warn', message: `${lost} event(s) could not be stored and are lost` });
      lock.release();
    },
  };
}
