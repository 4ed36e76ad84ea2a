/** Which programs each process opened to run them (FAN_OPEN_EXEC), in one order with the changes of files. */
import type { Bracket } from './backend.ts';

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
const MOST_OPENED = 12;

/** As many processes as the kernel's map of images has. */
const MOST_PROCESSES = 32_768;

const NONE: readonly Opened[] = [];

export class ExecLog {
  private processes = new Map<number, Opened[]>();
  /** The generation before, so that forgetting costs nothing: a process that has been silent for two generations is forgotten. */
  private older = new Map<number, Opened[]>();
  private readonly devices = new Set<string>();

  add(pid: number, opened: Opened): void {
    const known = this.processes.get(pid) ?? this.older.get(pid);
    if (known !== undefined) {
      known.push(opened);
      if (known.length > MOST_OPENED) known.shift();
    }
    if (!this.processes.has(pid)) {
      if (this.processes.size >= MOST_PROCESSES / 2) {
        this.older = this.processes;
        this.processes = new Map();
      }
      this.processes.set(pid, known ?? [opened]);
    }
  }

  /** Oldest first. */
  of(pid: number): readonly Opened[] {
    return this.processes.get(pid) ?? this.older.get(pid) ?? NONE;
  }

  /** Programs of this device (`major:minor`, as mountinfo names it) are logged. */
  logs(device: string): void {
    this.devices.add(device);
  }

  isLogged(device: string): boolean {
    return this.devices.has(device);
  }

  /** The kernel dropped events: what was opened before is certain no more. */
  forget(): void {
    this.processes.clear();
    this.older.clear();
  }
}
