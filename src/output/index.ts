/** Alerts to where others read them: each output has a queue of its own, so that a slow or dead one holds up neither the sensor nor the others. */
import type { Alert } from '../model/event.ts';
import { OutputQueue, type OnNotice } from './queue.ts';
import type { OutputOptions, Sink } from './types.ts';

export { DEFAULTS, type OutputOptions } from './types.ts';

export interface Outputs {
  /** Returns at once and never throws. */
  send(alert: Alert): void;
  /** Gives on what waits, for some seconds at most. */
  close(): Promise<void>;
}

/** Below what systemd waits for the service (TimeoutStopSec=10s). */
const CLOSE_WITHIN_MS = 5_000;

/** One that cannot be used as it is given, or would take no alert now (`kept`: it is tried all the same), is told to `onRefused`; the others go on, unless that throws. */
export async function openOutputs(options: readonly OutputOptions[], uid: number, onNotice: OnNotice, onRefused: (error: unknown, kept: boolean) => void): Promise<Outputs> {
  const queues: OutputQueue[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(queues.map((queue) => queue.close(CLOSE_WITHIN_MS)));
  };
  for (const each of options) {
    let kept = false;
    try {
      const sink = await sinkOf(each, uid);
      queues.push(new OutputQueue(sink, onNotice));
      kept = true;
      await sink.check?.();
    } catch (error) {
      onRefused(error, kept);
    }
  }
  return {
    send: (alert) => queues.forEach((queue) => queue.push(alert)),
    close,
  };
}

/** Each is loaded only where it is wanted: koffi and execa take their time. */
async function sinkOf(options: OutputOptions, uid: number): Promise<Sink> {
  switch (options.type) {
    case 'file':
      return (await import('./file.ts')).createFileSink(options, uid);
    case 'syslog':
      return (await import('./syslog.ts')).createSyslogSink(options);
    case 'journald':
      return (await import('./journald.ts')).createJournaldSink(options);
    case 'command':
      return (await import('./command.ts')).createCommandSink(options, uid);
  }
}
