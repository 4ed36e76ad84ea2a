/** A file event as an ECS 8 document: field names are ECS's, and Elastic Defend's where ECS has none (`file.Ext.original`, `process.Ext.ancestry`). */
import { legible, printableBytes, textOfBytes } from './text.ts';

export type FileAction = 'creation' | 'rename' | 'modification' | 'deletion';

/** How sure the process is: `exact` two sources agree, `bpf` the kernel map alone, `proc` read from /proc while it lived, `inferred` from circumstances or by the word of another sensor, `none` not known. */
export type Attribution = 'exact' | 'bpf' | 'proc' | 'inferred' | 'none';

/** The kernel, or comparing. */
export type SensorSource = 'fanotify' | 'inotify' | 'scan';

/** What told of it: our own sensor, or the documents of another (`tickward watch --from`). */
export type EventSource = SensorSource | 'import';

export type UnitType = 'timer' | 'service' | 'drop-in' | 'wants' | 'generator' | 'other';

export type Scope = 'system' | 'user';

/** One of the two at least; of this host's own sensor the id always. Another sensor may say the name alone. */
export interface EcsUser {
  id?: string;
  name?: string;
}

export interface EcsProcess {
  pid: number;
  executable?: string;
  name?: string;
  command_line?: string;
  args?: string[];
  working_directory?: string;
  /** ISO 8601, from the start time in /proc/PID/stat. */
  start?: string;
  parent?: Omit<EcsProcess, 'parent'>;
  user?: EcsUser;
  group?: { id: string };
}

export interface FileEvent {
  /** ISO 8601 UTC with milliseconds. */
  '@timestamp': string;
  event: {
    /** Unique and sortable by time. */
    id: string;
    kind: 'event';
    category: ['file'];
    type: ['creation'] | ['change'] | ['deletion'];
    action: FileAction;
    dataset: 'tickward.file';
  };
  /** Of an imported event as far as its sensor says. */
  host: { name: string; hostname: string; id?: string; architecture?: string; os: { type: 'linux'; kernel?: string } };
  file: {
    /** As the watched directory is named by the rule (`/lib/systemd/…` stays so). Bytes that are no UTF-8 read U+FFFD; `tickward.path_bytes` has the exact name then. */
    path: string;
    directory: string;
    name: string;
    /** Without the dot; absent when there is none. */
    extension?: string;
    type?: 'file' | 'dir' | 'symlink' | 'fifo' | 'socket' | 'device';
    size?: number;
    /** Octal permission bits with a leading zero, as osquery prints them: `0644`. */
    mode?: string;
    uid?: string;
    gid?: string;
    owner?: string;
    group?: string;
    inode?: string;
    mtime?: string;
    hash?: { sha256: string };
    /** Text of a symlink. */
    target_path?: string;
    Ext?: { original: { path: string; name: string; extension?: string } };
  };
  process?: EcsProcess;
  user?: EcsUser;
  container?: { id: string };
  tickward: {
    attribution: Attribution;
    /** Why attribution is no better, in words, when it is `inferred` or `none`. */
    attribution_note?: string;
    source: EventSource;
    unit: string;
    unit_type: UnitType;
    scope: Scope;
    /** Login uid; absent when unset. */
    auid?: string;
    cgroup?: string;
    /** From the parent upwards to pid 1 or the session leader. */
    ancestry: { pid: number; name?: string; executable?: string; command_line?: string }[];
    /** base64 of the path's bytes, only when they are not valid UTF-8. */
    path_bytes?: string;
    /**
     * What a unit file or a drop-in says, each assignment as `Section.Key=value` (`Timer.OnCalendar=daily`), in the order of the file: at most 64 of at most
     * 8,192 characters together. Text that its author chose: any character can be in it. Absent where there is none or the content was not read (then there is no hash either).
     */
    directives?: string[];
    /** What the unit runs, the value of each Exec…= as words parted by one blank, without systemd's prefixes, quotes and escapes: at most 16 of at most 4,096 characters together. */
    commands?: string[];
    /** The content is larger than that (or than 32 KiB): something is left out. */
    content_cut?: true;
  };
}

/** What ECS calls each action. */
export const ECS_TYPES: Readonly<Record<FileAction, FileEvent['event']['type']>> = { creation: ['creation'], rename: ['change'], modification: ['change'], deletion: ['deletion'] };

/** The exact path for system calls: the bytes where the name is no UTF-8. */
export function pathBytes(event: FileEvent): Buffer {
  return event.tickward.path_bytes === undefined ? Buffer.from(event.file.path) : Buffer.from(event.tickward.path_bytes, 'base64');
}

/** The path as data: bytes that are no UTF-8 read `\\xff`, which the embedded engine reads back. */
export function legiblePath(event: Pick<FileEvent, 'file' | 'tickward'>): string {
  return event.tickward.path_bytes === undefined ? event.file.path : legibleBytes(event.tickward.path_bytes);
}

/** The same of `tickward.path_bytes` alone. */
export function legibleBytes(base64: string): string {
  return legible(textOfBytes(Buffer.from(base64, 'base64')));
}

/** The path for a person, with every byte that is no text escaped. */
export function shownPath(event: FileEvent): string {
  return printableBytes(pathBytes(event));
}

export type AlertStatus = 'open' | 'acknowledged' | 'closed';

/** An event that a rule matched, as it is stored and printed. */
export interface Alert {
  /** Own id, unique and sortable by time. */
  id: string;
  '@timestamp': string;
  status: AlertStatus;
  rule: {
    id: string;
    name: string;
    version: number;
    severity: string;
    risk_score: number;
    threat: { tactic: string; technique: string[] };
  };
  event: FileEvent;
  /** Id of the exception that covers it: it is kept, and shown only when asked for. */
  suppressed_by?: string;
}

/** What someone decided about an alert. */
export interface StatusChange {
  /** ISO 8601. */
  time: string;
  status: AlertStatus;
  /** Who: the user that logged in, and as whom that user acted where this differs. */
  by: string;
  reason?: string;
}
