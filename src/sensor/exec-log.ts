/** Which programs each process opened to run them (FAN_OPEN_EXEC), in one order with the changes of files. */
import type { Bracket } from './backend.ts';
import { Recent } from './recent.ts';

/** A script, its interpreter and the loader of shared libraries each are one. */
export interface Opened {
  /** Key of the directory (file system id and handle). */
  directory: string;
  /** As its directory has it, links resolved; latin1. */
  name: string;
  position: number;
  bracket: Bracket;
}

/** Four runs of a dynamic program through a script. */
export const MOST_OPENED = 12;

/** As many processes as the kernel's map of images has; fewer where somebody makes them open many programs with long names. */
const MOST_PROCESSES = 32_768;
/** In the names of all that is logged. */
const MOST_CHARACTERS = 8 * 1024 ** 2;
/** What one takes beside its names, in characters. */
const PLAIN = 64;

/** Characters of names that are kept once for all who open a program of that name: mostly the same few come again. */
const MOST_SHARED = 256 * 1024;

/** From opening a program to its beginning, at most. */
export const OPENED_BEFORE_NS = 200_000_000n;

const NONE: readonly Opened[] = [];

export class ExecLog {
  /** Since before anything that is known. */
  static readonly ALWAYS = -(1n << 62n);

  private processes = new Map<number, readonly Opened[]>();
  /** The generation before, so that forgetting costs nothing: a process that has been silent for two generations is forgotten. */
  private older = new Map<number, readonly Opened[]>();
  private readonly shared = new Recent<string, string>(MOST_SHARED, ({ length }) => length);
  /** In what was logged since the generation began. */
  private characters = 0;
  /** Since when programs of a device are logged, in ns of CLOCK_MONOTONIC. */
  private devices = new Map<string, { fileSystem: string; since: bigint }>();

  add(pid: number, { directory, name, position, bracket }: Opened): void {
    const known = this.of(pid);
    const opened: Opened = { directory: this.sharedOf(directory), name: this.sharedOf(name), position, bracket };
    if (this.processes.size >= MOST_PROCESSES / 2 || this.characters >= MOST_CHARACTERS / 2) {
      this.older = this.processes;
      this.processes = new Map();
      this.characters = 0;
    }
    // Pushing to a list makes room for sixteen more: most have two.
    this.processes.set(pid, [...known.slice(1 - MOST_OPENED), opened]);
    this.characters += PLAIN + name.length + directory.length;
  }

  /** Oldest first. */
  of(pid: number): readonly Opened[] {
    return this.processes.get(pid) ?? this.older.get(pid) ?? NONE;
  }

  private sharedOf(text: string): string {
    const known = this.shared.get(text);
    if (known === undefined) this.shared.set(text, text);
    return known ?? text;
  }

  /** These are all that is logged now: devices (`major:minor`, as mountinfo names them) with what tells their file system from another one that gets the number later. */
  logs(fileSystems: ReadonlyMap<string, string>, since: bigint): void {
    this.devices = new Map([...fileSystems].map(([device, fileSystem]) => {
      const known = this.devices.get(device);
      return [device, known?.fileSystem === fileSystem ? known : { fileSystem, since }];
    }));
  }

  /** Whether a program of this device that began at `since` must be in the log. It is opened a while before it begins. */
  isLogged(device: string, since: bigint): boolean {
    const logged = this.devices.get(device);
    return logged !== undefined && logged.since + OPENED_BEFORE_NS < since;
  }

  /** The kernel dropped events before this moment: what was opened until then need not be in the log. */
  forget(at: bigint): void {
    this.processes.clear();
    this.older.clear();
    this.characters = 0;
    for (const device of this.devices.values()) device.since = at;
  }
}
