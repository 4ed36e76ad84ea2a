/** What is said of a process once it is known which program it was: its own words only where nothing contradicts them. */
import { isSeenBy, programName } from '../host/executable.ts';
import { containerOf, startedAt } from '../host/proc.ts';
import type { Attribution } from '../model/event.ts';
import { Ancestors } from './ancestry.ts';
import { UNPROVEN, type Attributed } from './attributed.ts';
import type { Image } from './bpf/images.ts';
import { TICK_NS } from './clocks.ts';
import type { Opened } from './exec-log.ts';
import { nameOf, readFacts, type ProcFacts } from './proc-facts.ts';
import { isInMemory, isSameProcess, pathOfImage } from './program.ts';
import type { Sources } from './sources.ts';

const ELSEWHERE = 'the path is as the process had it: on this host another file is there, or none';

interface Found extends Omit<ProcFacts, 'args' | 'comm' | 'deleted' | 'device' | 'isUnproven'> {
  pid: number;
  name?: string;
  args?: string[];
  /** More exactly than in ticks. */
  start?: bigint;
}

export class Descriptions {
  readonly #sources: Sources;
  readonly #ancestors: Ancestors;

  constructor(sources: Sources) {
    this.#sources = sources;
    this.#ancestors = new Ancestors(sources);
  }

  /** `opened`: what the process had opened before; `confirmed`: the log has this program right before the change. */
  ofImage(image: Image, opened: readonly Opened[], confirmed: boolean): Attributed {
    const read = isSameProcess(image) ? readFacts(image.pid) : undefined;
    // Looked at afterwards: what was read is of this program, or of none that counts.
    const isCurrent = this.#sources.images?.since(image.pid) === image.since;
    const facts = isCurrent ? read : undefined;
    const cgroup = facts?.cgroup ?? this.#sources.groups.pathOf(image.cgroup);
    const certain: Found = {
      pid: image.pid,
      ...(facts?.workingDirectory === undefined ? {} : { workingDirectory: facts.workingDirectory }),
      uid: facts?.uid ?? image.uid,
      gid: facts?.gid ?? image.gid,
      ...(image.auid === undefined ? {} : { auid: image.auid }),
      ...(cgroup === undefined ? {} : { cgroup }),
      ppid: image.parent,
      startTicks: image.start / TICK_NS,
      start: image.start,
    };
    const by = image.isUnproven ? this.#attributed('none', [UNPROVEN], certain) : this.#ofProgram(image, opened, confirmed, facts, certain);
    return facts?.uid === undefined || facts.uid === image.uid ? by : { ...by, isUserOpen: true };
  }

  #ofProgram(image: Image, opened: readonly Opened[], confirmed: boolean, facts: ProcFacts | undefined, certain: Found): Attributed {
    const executable = pathOfImage(image, this.#sources.images, opened, this.#sources.handles);
    const isProven = confirmed || (facts?.executable !== undefined && facts.executable === executable);
    const notes: string[] = [];
    if (isInMemory(image)) notes.push('the program runs from memory (memfd), not from a file');
    else if (facts?.deleted === true) notes.push('the program was deleted while it ran');
    if (executable !== undefined && isSeenBy(image.pid, executable)) notes.push(ELSEWHERE);
    const args = image.argsTruncated && startsAlike(facts?.args, image.args) ? facts?.args ?? image.args : image.args;
    if (image.argsTruncated) notes.push(args === image.args ? 'the command line is cut: the kernel kept its first 511 bytes' : 'behind its first 511 bytes the command line is what the process itself says it is');
    if (executable === undefined) return this.#attributed('none', [...notes, 'the path of its program is not known'], { ...certain, name: image.name || image.comm, args });
    return this.#attributed(isProven ? 'exact' : 'bpf', notes, { ...certain, name: programName(executable), executable, args });
  }

  /** Of a process as /proc has it. */
  ofFacts(pid: number, facts: ProcFacts, attribution: Attribution, note?: string): Attributed {
    const notes = note === undefined ? [] : [note];
    const { executable, args, ...certain } = facts;
    if (facts.isUnproven && this.#sources.images !== undefined) return this.#attributed('none', [...notes, UNPROVEN], { ...certain, pid });
    if (executable !== undefined && isSeenBy(pid, executable)) notes.push(ELSEWHERE);
    if (facts.deleted) notes.push(executable?.startsWith('/memfd:') === true ? 'the program runs from memory (memfd), not from a file' : 'the program was deleted while it ran');
    return this.#attributed(attribution, notes, { ...facts, pid, ...nameOf(facts), args });
  }

  #attributed(attribution: Attribution, notes: readonly string[], found: Found): Attributed {
    const { pid, name, executable, args = [], workingDirectory, uid, gid, auid, cgroup, ppid, startTicks, start = startTicks * TICK_NS } = found;
    const userName = uid === undefined ? undefined : this.#sources.accounts.userName(uid);
    const user = uid === undefined ? undefined : { id: String(uid), ...(userName === undefined ? {} : { name: userName }) };
    const ancestry = this.#ancestors.of(ppid, start);
    const container = cgroup === undefined ? undefined : containerOf(cgroup);
    return {
      attribution,
      ...(notes.length === 0 ? {} : { note: notes.join('; ') }),
      process: {
        pid,
        ...(executable === undefined ? {} : { executable }),
        ...(name === undefined ? {} : { name }),
        ...(args.length === 0 ? {} : spoken(args)),
        ...(workingDirectory === undefined ? {} : { working_directory: workingDirectory }),
        start: startedAt({ startTicks }),
        parent: ancestry[0] ?? { pid: ppid },
        ...(user === undefined ? {} : { user }),
        ...(gid === undefined ? {} : { group: { id: String(gid) } }),
      },
      ...(user === undefined ? {} : { user }),
      ...(auid === undefined ? {} : { auid: String(auid) }),
      ...(cgroup === undefined ? {} : { cgroup }),
      ...(container === undefined ? {} : { container }),
      ancestry,
    };
  }
}

/** The arguments as pieces of the whole: one copy in memory, where ten thousand processes with long ones may wait to be told of. */
function spoken(args: readonly string[]): { args: string[]; command_line: string } {
  const line = args.join(' ');
  let end = -1;
  return {
    args: args.map((argument) => {
      const start = end + 1;
      end = start + argument.length;
      return line.slice(start, end);
    }),
    command_line: line,
  };
}

function startsAlike(full: readonly string[] | undefined, cut: readonly string[]): boolean {
  return full !== undefined && cut.slice(0, -1).every((argument, index) => full[index] === argument);
}
