/**
 * Sensor → store → rules, wired: the same for `tickward watch`, the drill and the osquery extension.
 * Of the processes that share a state directory one senses (it holds the lock); the others follow what it stores and take over when it dies.
 */
import { unitPlaces, type Place } from '../host/directories.ts';
import { hostIdentity } from '../host/identity.ts';
import type { PasswdEntry } from '../host/passwd.ts';
import { statOf } from '../host/proc.ts';
import type { KnownFolders } from '../model/baseline.ts';
import { messageOf } from '../model/errors.ts';
import type { Alert, FileEvent } from '../model/event.ts';
import { printable } from '../model/text.ts';
import type { Rule } from '../rule/load.ts';
import { startSensor, type Sensor, type SensorMode } from '../sensor/index.ts';
import type { Store } from '../store/index.ts';
import { createKeeper } from '../store/keeper.ts';
import { openSensorLock, sensorLockHolder, type SensorLock, type SensorLockFile } from '../store/lock.ts';
import { createRecorder } from '../store/recorder.ts';
import { retentionOf, type Retention } from '../store/retention.ts';
import { Judging } from './judging.ts';
import { Bursts, saveMemory } from './memory.ts';

export interface Notice {
  level: 'info' | 'warn';
  message: string;
}

export interface WatchOptions {
  store: Store;
  /** Asked once, when the sensor already senses: what happens meanwhile waits for them. Where it throws, nothing is watched. */
  rules: () => Promise<readonly Rule[]>;
  mode?: SensorMode;
  /** Default: every unit directory of the system and of all users. */
  places?: (users: readonly PasswdEntry[]) => Place;
  /** Default: 90 days, a million events. */
  retention?: Retention;
  onEvents?: (events: readonly FileEvent[]) => void;
  onAlert?: (alert: Alert) => void;
  /** As soon as nothing escapes the sensor any more. The rules are loaded afterwards, so that who says it is not held up by them. */
  onSensing?: (sensor: Sensor) => Promise<void> | void;
  onNotice: (notice: Notice) => void;
}

export interface Watch {
  /** undefined while another process senses. */
  readonly sensor: Sensor | undefined;
  stop(): Promise<void>;
}

/** How often a follower looks for new alerts and for a lock that came free, in ms: with the start of the sensor it takes over well within 2 s. */
const FOLLOW_MS = 500;

/** How long it waits after it could not sense, in ms: each try takes a fifth of a second of a processor. */
const AGAIN_MS = 10_000;

/** How often it looks whether the process that senses is stopped, in ms. */
const CHECK_HOLDER_MS = 5_000;

/** How often whoever senses looks whether its store is still there, in ms. */
const CHECK_PLACE_MS = 5_000;

/** Resolves when the sensor and the rules are ready, or when it is known that another process senses. */
export async function startWatch(options: WatchOptions): Promise<Watch> {
  const lock = openSensorLock(options.store.directory);
  try {
    const following = new Follower(options, lock);
    await following.start();
    saveMemory();
    const bursts = new Bursts();
    return {
      get sensor() {
        return following.sensor;
      },
      async stop() {
        bursts.stop();
        await following.stop();
      },
    };
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** Follows until the lock is free, then senses. It never takes the lock from a process that has it: one that is stopped (SIGSTOP) would go on writing later. */
class Follower {
  private readonly options: WatchOptions;
  private readonly lock: SensorLockFile;
  private sensing: Sensing | undefined;
  /** Alerts up to this one were shown, or were there before. */
  private shown: number;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private trouble: string | undefined;
  private againAt = 0;
  private checkedAt = performance.now();
  private stoppedHolder: number | undefined;

  constructor(options: WatchOptions, lock: SensorLockFile) {
    this.options = options;
    this.lock = lock;
    this.shown = options.store.alerts.last();
  }

  get sensor(): Sensor | undefined {
    return this.sensing?.sensor;
  }

  async start(): Promise<void> {
    if (await this.trySensing()) return;
    this.options.onNotice({ level: 'info', message: 'another process senses for this state directory: following what it finds' });
    this.timer = setInterval(() => {
      this.running = this.running.then(() => this.follow());
    }, FOLLOW_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
    await this.sensing?.stop();
    this.lock.close();
  }

  private async follow(): Promise<void> {
    if (this.sensing !== undefined) return;
    const { onNotice } = this.options;
    try {
      const mayTry = performance.now() >= this.againAt;
      if (mayTry && (await this.trySensing())) {
        clearInterval(this.timer);
        onNotice({ level: 'info', message: 'the process that sensed is gone: sensing here now' });
        return;
      }
      this.showNew();
      this.checkHolder();
      if (mayTry) this.trouble = undefined;
    } catch (error) {
      const message = `following failed: ${messageOf(error)}`;
      if (message !== this.trouble) onNotice({ level: 'warn', message });
      this.trouble = message;
    }
  }

  private async trySensing(): Promise<boolean> {
    const held = this.lock.acquire();
    if (held === undefined) return false;
    try {
      // The lock is ours, so nobody adds any more: these are the last of the one before.
      this.showNew();
      this.sensing = await sense(this.options, held);
      return true;
    } catch (error) {
      held.release();
      this.againAt = performance.now() + AGAIN_MS;
      throw error;
    }
  }

  private showNew(): void {
    const { alerts, seq } = this.options.store.alerts.after(this.shown);
    this.shown = seq;
    for (const alert of alerts) this.options.onAlert?.(alert);
  }

  private checkHolder(): void {
    if (performance.now() - this.checkedAt < CHECK_HOLDER_MS) return;
    this.checkedAt = performance.now();
    const holder = sensorLockHolder(this.options.store.directory);
    const stopped = holder !== undefined && STOPPED.has(statOf(holder)?.state ?? '') ? holder : undefined;
    if (stopped === this.stoppedHolder) return;
    this.stoppedHolder = stopped;
    if (stopped === undefined) this.options.onNotice({ level: 'info', message: 'the process that senses goes on' });
    else this.options.onNotice({ level: 'warn', message: `the process that senses (pid ${stopped}) is stopped: nothing is recorded until it goes on (kill -CONT ${stopped}) or ends (kill -KILL ${stopped}); then what changed meanwhile is found` });
  }
}

/** Says once that what is stored goes nowhere: SQLite writes on into a file that was removed. */
function watchPlace({ store, onNotice }: WatchOptions): NodeJS.Timeout {
  const timer = setInterval(() => {
    if (store.isInPlace()) return;
    clearInterval(timer);
    onNotice({ level: 'warn', message: `what is in the state directory ${printable(store.directory)} was removed or replaced: nobody finds what is stored from now on, until this is started anew` });
  }, CHECK_PLACE_MS);
  return timer.unref();
}

/** States of proc_pid_stat(5): by a signal, and by a debugger. */
const STOPPED = new Set(['T', 't']);

interface Sensing {
  sensor: Sensor;
  stop(): Promise<void>;
}

async function sense(options: WatchOptions, lock: SensorLock): Promise<Sensing> {
  const { store, onNotice } = options;
  const keeper = createKeeper(store, options.retention ?? retentionOf({}), onNotice);
  const recorder = createRecorder(store.events, onNotice, (count) => keeper.stored(count));
  const judging = new Judging(options, recorder);
  const place = watchPlace(options);
  const close = (): number => {
    clearInterval(place);
    keeper.close();
    return recorder.close();
  };
  let sensor: Sensor | undefined;
  try {
    sensor = await startSensor({
      mode: options.mode ?? 'auto',
      places: options.places ?? unitPlaces,
      host: hostIdentity(),
      kernel: store.kernel,
      onNotice,
      baseline: () => knownBefore(options),
      onEvents: (events, known) => judging.take(events, known),
    });
    await options.onSensing?.(sensor);
    await judging.start();
  } catch (error) {
    // Before the store closes: the sensor gives away what it has.
    await sensor?.stop();
    close();
    throw error;
  }
  return {
    sensor,
    async stop() {
      await sensor.stop();
      const lost = close();
      if (lost > 0) onNotice({ level: 'warn', message: `${lost} event(s) could not be stored and are lost` });
      lock.release();
    },
  };
}

/** What the directories held when the last event was stored: the sensor tells what changed since. Where that is damaged it is begun anew: a host that is not watched at all would be worse. */
function knownBefore({ store: { baseline }, onNotice }: WatchOptions): KnownFolders | undefined {
  try {
    return baseline.read();
  } catch (error) {
    baseline.forget();
    onNotice({ level: 'warn', message: `${messageOf(error)}; it is begun anew: what changed while nobody watched is not told of` });
    return undefined;
  }
}
