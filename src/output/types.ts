/** Where alerts go besides the screen. */
import type { Alert } from '../model/event.ts';

export interface FileOutput {
  type: 'file';
  /** Absolute. */
  path: string;
  /** A file that would grow beyond it is renamed to `PATH.1`. Bytes. */
  maxBytes: number;
  /** So many of the renamed are kept: `PATH.1` is the newest. */
  keep: number;
}

export interface SyslogOutput {
  type: 'syslog';
  /** A datagram socket of unix(7). */
  socket: string;
}

export interface JournaldOutput {
  type: 'journald';
  socket: string;
}

export interface CommandOutput {
  type: 'command';
  /** Program (absolute path) and arguments, as they are: no shell reads them. */
  command: readonly string[];
  /** Then it is ended. Milliseconds. */
  timeoutMs: number;
  /** How many run at a time. */
  concurrency: number;
}

export type OutputOptions = FileOutput | SyslogOutput | JournaldOutput | CommandOutput;

export const DEFAULTS = {
  file: { maxBytes: 50_000_000, keep: 5 },
  syslog: { socket: '/dev/log' },
  journald: { socket: '/run/systemd/journal/socket' },
  command: { timeoutMs: 10_000, concurrency: 2 },
} as const;

/** One place that takes alerts. */
export interface Sink {
  /** For messages: `the file /var/log/tickward/alerts.ndjson`. */
  readonly name: string;
  /** How many deliveries may be under way. */
  readonly concurrency: number;
  /** Whether an alert that failed is tried again, until it is taken. */
  readonly retries: boolean;
  deliver(alert: Alert): Promise<void>;
  /** Throws what keeps it from taking an alert now, where that can be known before there is one. */
  check?(): Promise<void>;
  close(): Promise<void>;
}
