/**
 * How much is kept in mind of what anybody may fill with files and directories: as much as no host has. Who makes more of them must not make the sensor so large that
 * the kernel ends it, and takes nobody else's room.
 */
import type { Room } from '../model/entries.ts';
import { printable } from '../model/text.ts';
import type { Way } from './way.ts';

/** A name takes some 130 bytes, a directory 3 KB. */
const OF_THE_SYSTEM = { names: 262_144, directories: 16_384 };
const OF_A_USER = { names: 65_536, directories: 4_096 };
const OF_ALL_USERS = { names: 262_144, directories: 16_384 };

/** Room for things of one kind, which may be part of a larger room. */
class Limited implements Room {
  readonly most: number;
  private readonly within: Limited | undefined;
  private readonly refused: () => void;
  private taken = 0;

  constructor(most: number, refused: () => void, within?: Limited) {
    this.most = most;
    this.refused = refused;
    this.within = within;
  }

  get left(): number {
    return Math.max(0, Math.min(this.most - this.taken, this.within?.left ?? this.most));
  }

  get isFull(): boolean {
    return this.left === 0;
  }

  take(): boolean {
    if (this.isFull) {
      this.refuse();
      return false;
    }
    this.add(1);
    return true;
  }

  giveBack(): void {
    this.add(-1);
  }

  /** Something was left out. */
  refuse(): void {
    if (this.taken < this.most && this.within?.isFull === true) this.within.refuse();
    else this.refused();
  }

  private add(more: number): void {
    this.taken += more;
    this.within?.add(more);
  }
}

/** Of the system's unit directories together, or of a user's. */
export interface OwnRoom {
  readonly names: Limited;
  /** Directories in unit directories: of drop-ins, and of what a unit pulls in. */
  readonly directories: Limited;
}

export class Rooms {
  /** Told when something is left out, once for each reason. */
  onFull: (line: string) => void = () => undefined;
  private readonly rooms = new Map<string, OwnRoom>();
  private readonly full = new Set<string>();
  private readonly said = new Set<string>();
  private readonly system = this.roomsFor(OF_THE_SYSTEM, "the system's unit directories hold");
  private readonly users = this.roomsFor(OF_ALL_USERS, 'the unit directories of all users hold');

  of({ users, place, within }: Pick<Way, 'users' | 'place' | 'within'>): OwnRoom {
    if (users === undefined || (place.unit ?? within?.directory)?.scope !== 'user') return this.system;
    const there = this.rooms.get(users);
    if (there !== undefined) return there;
    const made = this.roomsFor(OF_A_USER, `the unit directories in ${printable(users)} hold`, this.users);
    this.rooms.set(users, made);
    return made;
  }

  /** What was left out since everything was looked at anew, in words. */
  get lines(): readonly string[] {
    return [...this.full];
  }

  /** Everything is looked at anew. */
  again(): void {
    this.full.clear();
  }

  private roomsFor(most: typeof OF_A_USER, who: string, within?: OwnRoom): OwnRoom {
    const refusing = (line: string) => (): void => {
      this.full.add(line);
      if (this.said.has(line)) return;
      this.said.add(line);
      this.onFull(line);
    };
    return {
      names: new Limited(most.names, refusing(`${who} more than ${most.names} files: of the others, and of directories among them, is told what the kernel tells of, and not what changes while nobody watches`), within?.names),
      directories: new Limited(most.directories, refusing(`${who} more than ${most.directories} directories of drop-ins and of wanted units: what is in the others is not seen`), within?.directories),
    };
  }
}

/** What a look at a directory left out. */
export function refuse({ names, directories }: OwnRoom, cut: { names: boolean; directories: boolean }): void {
  if (cut.names) names.refuse();
  if (cut.directories) directories.refuse();
}
