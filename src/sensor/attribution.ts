/**
 * Who made a change: the kernel's map of images and its log of opened programs decide, /proc confirms and adds what only a living process has.
 * Where they disagree, or several programs may have been it, less is said rather than something wrong.
 */
import { basename } from 'node:path';
import { programName } from '../host/executable.ts';
import { effectiveIdsOf, statOf, toldExecutableOf } from '../host/proc.ts';
import { charactersOf } from './ancestry.ts';
import { endedNote, less, unknown, withoutArguments, type Attributed } from './attributed.ts';
import type { Bracket } from './backend.ts';
import type { Image, Images } from './bpf/images.ts';
import { startOf, TICK_NS } from './clocks.ts';
import { decide, type IsLogged, type Moment } from './decide.ts';
import { Descriptions } from './descriptions.ts';
import { MOST_OPENED, type Opened } from './exec-log.ts';
import { fillingOf, type Above, type Numbered } from './filler.ts';
import { readFacts, type ProcFacts } from './proc-facts.ts';
import { Programs } from './programs.ts';
import { deviceOf, pathOfOpened } from './program.ts';
import { Recent } from './recent.ts';
import type { Sources } from './sources.ts';

/** A change of a file as far as it matters for who did it. */
export interface Deed extends Moment {
  pid: number;
  /** When the file itself says that it was made; asked for only when it decides. */
  bornAt?: () => bigint;
}

/** Place in the kernel's queue of what never stood there: behind all that did. */
const WITHOUT_PLACE = Number.MAX_SAFE_INTEGER;

interface Known {
  identity: bigint | string;
  /** When it was found out, in ms of `performance.now()`. */
  at: number;
  /** Place in the kernel's queue from which on it holds, and the reading in which that was. */
  position: number;
  bracket: Bracket;
  /** The reading of which it is known that all that the process did in it was this. */
  settled: Bracket | undefined;
  by: Attributed;
}

/** A user that was changed, a directory that was: how long what was read of a process is taken to be so still. Milliseconds. */
const FRESH_MS = 1_000;

/** All numbers of processes are not used up within this time, in ns. */
const REUSE_NS = 250_000_000n;

/** Answers of a second that are kept, by the characters in them: four thousand of them most of the time, fewer where somebody gives processes long arguments. */
const MOST_KNOWN = 8 * 1024 ** 2;

export class Attributor {
  readonly descriptions: Descriptions;
  private readonly sources: Sources;
  private readonly known = new Recent<number, Known>(MOST_KNOWN, weightOf, FRESH_MS);
  private readonly programs: Programs;

  constructor(sources: Sources) {
    this.sources = sources;
    this.descriptions = new Descriptions(sources);
    this.programs = new Programs(sources);
  }

  /** undefined: more than one program may have done it. Asked right when a change was read, while the map still has the process; `who` may know better by the file. */
  early(deed: Deed): Attributed | undefined {
    const by = this.who(deed);
    return by.isOpen === true ? undefined : by;
  }

  who(deed: Deed): Attributed {
    const { images } = this.sources;
    const known = this.known.get(deed.pid);
    if (known !== undefined && known.settled === deed.bracket) return known.by;
    if (known !== undefined && known.position <= deed.position && performance.now() - known.at < FRESH_MS) {
      // All of one reading was done before any of it was asked for: what held then for one holds for those behind it.
      if (known.bracket === deed.bracket) return known.by;
      const identity = this.identity(deed.pid);
      if (identity === known.identity && isStillUser(deed.pid, known.by)) {
        if (this.isSettled(identity, deed)) known.settled = deed.bracket;
        return known.by;
      }
    }
    return images === undefined ? this.withoutImages(deed) : this.byImages(deed, images);
  }

  /** Whether all that the process did in this reading was of this identity. */
  private isSettled(identity: bigint | string, deed: Deed): boolean {
    return typeof identity === 'string' ? this.ranNothing(deed) : identity <= deed.bracket.after;
  }

  /** In this reading, as far as the log tells. */
  private ranNothing({ pid, bracket }: Deed): boolean {
    return this.sources.log?.of(pid).every((each) => each.bracket !== bracket) ?? false;
  }

  /** Another one means another process, or another program of the same. Where there is no map of images, the log tells of the program, or /proc if nothing logs that it is run. */
  private identity(pid: number): bigint | string {
    const { images, log } = this.sources;
    return images?.since(pid) ?? [statOf(pid)?.startTicks, log?.of(pid).at(-1)?.position, toldExecutableOf(pid)].join(' ');
  }

  /** What is kept of a process while others are asked for must not be taken for true for ever. */
  forget(): void {
    this.known.clear();
  }

  /** Whether anything is known of who changed a directory. */
  keeps({ device, inode }: Numbered): boolean {
    return this.sources.images?.runsOf(device, inode) !== undefined;
  }

  /** Who alone filled a directory; undefined where that is not known for certain. As `fillingOf` has it. */
  fillerOf(directory: Numbered, above: readonly Above[], since: bigint): Attributed | undefined {
    const { images } = this.sources;
    const filling = fillingOf(directory, above, since, ({ device, inode }) => images?.runsOf(device, inode));
    const by = images === undefined || filling === undefined ? undefined : this.byMap({ ...filling, position: WITHOUT_PLACE }, images)?.by;
    return by === undefined || by.isOpen === true || by.process?.executable === undefined ? undefined : by;
  }

  private byImages(deed: Deed, images: Images): Attributed {
    const found = this.byMap(deed, images);
    if (found === undefined) return this.withoutImages(deed);
    const { by, current } = found;
    // Running since before the reading: all that the process did in it was this one.
    if (current !== undefined) this.remember(deed, current.since, by, current.since <= deed.bracket.after);
    return by;
  }

  /** `current`: the image, where it is the one that runs. Undefined where the map has none of the process. */
  private byMap(deed: Deed, images: Images): { by: Attributed; current?: Image } | undefined {
    const { log } = this.sources;
    const { current, previous } = images.lookup(deed.pid);
    const history = [previous, current].filter((image) => image !== undefined);
    // With another program in between them, only the last is known to have followed on nothing that is forgotten.
    if (previous !== undefined && current !== undefined && previous.start === current.start && current.generation !== previous.generation + 1) history.shift();
    if (history.length === 0) return undefined;
    const opened = log?.of(deed.pid) ?? [];
    // What has no place in the log has its times by the kernel's own clock, and is decided by these alone.
    const ordered = deed.position === WITHOUT_PLACE ? [] : opened;
    const isLogged: IsLogged = (device, since) => ordered === opened && (log?.isLogged(device, since) ?? false);
    const ran = history.map((image) => ({ image, ...image, name: Buffer.from(image.name).toString('latin1'), device: deviceOf(image) }));
    let decision = decide(ran, ordered, deed, isLogged);
    const notBefore = decision.isSure ? undefined : deed.bornAt?.();
    if (notBefore !== undefined) {
      decision = { ...decide(ran, ordered, { ...deed, notBefore }, isLogged), confirmed: false };
    }
    const [only] = decision.images;
    if (only === undefined) return { by: { ...less(deed.pid, 'the process ran other programs since, or another one has its number: which program it was is not known'), isOpen: true } };
    const last = decision.images.at(-1);
    if (!decision.isSure && decision.isWhole && last !== undefined && decision.images.every(({ image }) => isSameProgram(image, last.image))) return { by: { ...withoutArguments(this.ofImage(last.image, opened, deed, false)), isOpen: true } };
    if (!decision.isSure) return { by: { ...less(deed.pid, `the process ran several programs in that moment, and which one it was is not known (${namesOf(decision.images)})`), isOpen: true } };
    return { by: this.ofImage(only.image, opened, deed, decision.confirmed), ...(only.image === current ? { current } : {}) };
  }

  /** `identity`: as it was before anything was read. */
  private remember({ pid, position, bracket }: Deed, identity: bigint | string, by: Attributed, isSettled: boolean): void {
    const at = performance.now();
    this.known.set(pid, { identity, at, position, bracket, settled: isSettled ? bracket : undefined, by }, at);
  }

  /** Where the log of the process is full, the opening of this very program may be forgotten, and that of another with its name be left. */
  private ofImage(image: Image, opened: readonly Opened[], { position }: Deed, confirmed: boolean): Attributed {
    return this.descriptions.ofImage(image, opened.length < MOST_OPENED ? opened.filter((each) => each.position < position) : [], confirmed);
  }

  /** No image of it: /proc as it is now, checked against the log. */
  private withoutImages(deed: Deed): Attributed {
    const identity = this.identity(deed.pid);
    const opened = this.sources.log?.of(deed.pid) ?? [];
    const by = this.byFacts(deed, opened);
    // Where it opened a program afterwards, what it did then is that one's.
    if (opened.every(({ position }) => position < deed.position)) this.remember(deed, identity, by, this.isSettled(identity, deed));
    return by;
  }

  private byFacts(deed: Deed, opened: readonly Opened[]): Attributed {
    const { images } = this.sources;
    const facts = readFacts(deed.pid, images);
    // It may pass for any program, and is not said to be one in a note either.
    if (facts?.isUnproven === true && images !== undefined && !startedAfter(facts, deed)) return this.descriptions.ofFacts(deed.pid, facts, 'none');
    const before = opened.filter(({ position }) => position < deed.position);
    const recent = before.filter(({ bracket }) => deed.bracket.after - bracket.before < REUSE_NS);
    const movedOn = opened.some(({ position }) => position > deed.position);
    if (facts?.executable !== undefined && !movedOn && !startedAfter(facts, deed)) {
      const agreement = this.mayHaveBegun(facts, deed, recent) ? undefined : this.programs.agreement(facts, facts.executable, deed.bracket, before, recent);
      if (agreement !== undefined) return this.descriptions.ofFacts(deed.pid, facts, agreement);
      return { ...unknown(`the process is ${programName(facts.executable)} now, and may have been another program then`), process: { pid: deed.pid } };
    }
    // Its last program was opened a moment ago: the process is gone or has moved on, and the number cannot be another's yet. Where there is a map, it would have what was run.
    const last = images === undefined ? this.programs.only(recent) : undefined;
    const executable = last !== undefined && deed.orLater !== true ? pathOfOpened(last, this.sources.handles) : undefined;
    if (executable !== undefined) return { attribution: 'inferred', note: 'the process had ended: this is the program it had opened last, its arguments are not known', process: { pid: deed.pid, executable, name: basename(executable) }, ancestry: [] };
    const hasMap = images !== undefined;
    if (facts !== undefined && facts.executable === undefined && !startedAfter(facts, deed)) return { ...this.descriptions.ofFacts(deed.pid, facts, 'none'), note: endedNote(deed.pid, 'its program', hasMap) };
    return unknown(endedNote(deed.pid, 'it', hasMap));
  }

  /**
   * Whether the program that it is now may have begun in this reading, where the map has nothing of it since another process that shares its place ran something meanwhile: any user can
   * have one do that. Not where all that is run is logged, and it opened nothing.
   */
  private mayHaveBegun({ device }: ProcFacts, { pid, bracket }: Deed, recent: readonly Opened[]): boolean {
    const { images, log } = this.sources;
    if (images === undefined || images.since(pid) <= bracket.after) return false;
    return device === undefined || recent.length > 0 || log?.isLogged(device, bracket.after) !== true;
  }
}

/** What an answer takes but for its arguments and those of its ancestors, in characters. */
const PLAIN = 1_024;

/** Ancestors are shared by many, and counted for each. */
function weightOf({ by: { process: maker, ancestry } }: { by: Attributed }): number {
  return PLAIN + (maker?.command_line?.length ?? 0) + charactersOf(ancestry);
}

/** Asked once a reading. Of a process that has ended nothing else is known. */
function isStillUser(pid: number, { user }: Attributed): boolean {
  const uid = user === undefined ? undefined : effectiveIdsOf(pid)?.uid;
  return uid === undefined || String(uid) === user?.id;
}

/** Of one process; as the same user. On btrfs files of several subvolumes have the same numbers. */
function isSameProgram(one: Image, other: Image): boolean {
  return (one.device.major !== 0 || one.path === other.path) && one.inode === other.inode && deviceOf(one) === deviceOf(other) && one.name === other.name && one.start === other.start && one.uid === other.uid && one.gid === other.gid;
}

function namesOf(images: readonly { name: string }[]): string {
  return [...new Set(images.map(({ name }) => Buffer.from(name, 'latin1').toString()))].join(' or ');
}

/** It started later than the change was read: the number is another one's by now. */
function startedAfter(facts: ProcFacts, { bracket }: Deed): boolean {
  return startOf(facts) > bracket.before + 2n * TICK_NS;
}
