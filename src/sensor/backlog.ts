/**
 * What waits to be worked off, in order. In a storm that is a hundred thousand changes: as objects they would fill the heap, be copied by each collection and outlive the young ones.
 * Those behind the next thousand wait as numbers and bytes, some 40 of them a change.
 */
import type { Bracket, Change } from './backend.ts';
import type { Attributed } from './attributed.ts';

/** Changes that are packed together, and unpacked together when their turn comes. */
const CHUNK = 1_024;
/** Room for their names at first; bytes. Longer ones get more. */
const NAMES = CHUNK * 16;
/** Positions of those that are packed together: 32 bits hold the difference. */
const MOST_APART = 2 ** 31;
/** `did` of what is kept as it is. */
const AS_IT_IS = 0;

export class Backlog<Other extends object> {
  #near: (Change | Other)[] = [];
  readonly #far: Chunk<Other>[] = [];
  #length = 0;
  #spare: Chunk<Other> | undefined;

  get length(): number {
    return this.#length;
  }

  push(item: Change | Other): void {
    this.#length += 1;
    if (this.#far.length === 0 && this.#near.length < CHUNK) {
      this.#near.push(item);
      return;
    }
    let last = this.#far.at(-1);
    if (last === undefined || last.isFull) {
      last = this.#spare ?? new Chunk();
      this.#spare = undefined;
      this.#far.push(last);
    }
    last.push(item);
  }

  /** The oldest, at most `count` of them; less than that where more wait further back. */
  take(count: number): (Change | Other)[] {
    if (this.#near.length === 0) {
      const chunk = this.#far.shift();
      if (chunk !== undefined) {
        this.#near = chunk.empty();
        this.#spare = chunk;
      }
    }
    const taken = this.#near.splice(0, count);
    this.#length -= taken.length;
    return taken;
  }
}

class Chunk<Other extends object> {
  readonly #did = new Uint8Array(CHUNK);
  readonly #pid = new Int32Array(CHUNK);
  /** Counted from `#base`: what comes out of an array of floats is no small integer to V8, which then makes every other change over to be of the same shape. */
  readonly #position = new Int32Array(CHUNK);
  #base = 0;
  /** Where the name ends in `#names`. */
  readonly #end = new Uint32Array(CHUNK);
  #names = Buffer.allocUnsafeSlow(NAMES);
  /** What mostly is the same for many in a row. */
  readonly #directories = new Runs<string>();
  readonly #brackets = new Runs<Bracket>();
  readonly #by = new Runs<Attributed | undefined>();
  readonly #others: (Change | Other)[] = [];
  #count = 0;

  get isFull(): boolean {
    return this.#count === CHUNK;
  }

  push(item: Change | Other): void {
    const at = this.#count;
    this.#count += 1;
    const start = at === 0 ? 0 : (this.#end[at - 1] ?? 0);
    if (at === 0 && 'did' in item) this.#base = item.position;
    if (!('did' in item) || item.isDirectory || item.from !== undefined || item.otherName !== undefined || item.did === AS_IT_IS || Math.abs(item.position - this.#base) >= MOST_APART) {
      this.#did[at] = AS_IT_IS;
      this.#end[at] = start;
      this.#others.push(item);
      return;
    }
    const { name } = item;
    if (start + name.length > this.#names.length) this.#names = Buffer.concat([this.#names], this.#names.length * 2);
    this.#did[at] = item.did;
    this.#pid[at] = item.pid;
    this.#position[at] = item.position - this.#base;
    this.#end[at] = start + this.#names.write(name, start, 'latin1');
    this.#directories.push(item.directory, at);
    this.#brackets.push(item.bracket, at);
    this.#by.push(item.by, at);
  }

  empty(): (Change | Other)[] {
    const items: (Change | Other)[] = [];
    let start = 0;
    let others = 0;
    for (let at = 0; at < this.#count; at += 1) {
      const did = this.#did[at] ?? AS_IT_IS;
      const end = this.#end[at] ?? start;
      if (did === AS_IT_IS) {
        const other = this.#others[others];
        others += 1;
        if (other !== undefined) items.push(other);
        continue;
      }
      const by = this.#by.at(at);
      const change: Change = { directory: this.#directories.at(at), name: this.#names.toString('latin1', start, end), isDirectory: false, did, pid: this.#pid[at] ?? 0, position: this.#base + (this.#position[at] ?? 0), bracket: this.#brackets.at(at) };
      if (by !== undefined) change.by = by;
      items.push(change);
      start = end;
    }
    this.#count = 0;
    this.#others.length = 0;
    for (const runs of [this.#directories, this.#brackets, this.#by]) runs.clear();
    return items;
  }
}

/** Values by place, of which neighbours mostly have the same; read in the order in which they were written. */
class Runs<Value> {
  readonly #values: Value[] = [];
  readonly #starts: number[] = [];
  #read = 0;

  push(value: Value, place: number): void {
    if (this.#values.length > 0 && this.#values.at(-1) === value) return;
    this.#values.push(value);
    this.#starts.push(place);
  }

  at(place: number): Value {
    while ((this.#starts[this.#read + 1] ?? Infinity) <= place) this.#read += 1;
    return this.#values[this.#read] as Value;
  }

  clear(): void {
    this.#values.length = 0;
    this.#starts.length = 0;
    this.#read = 0;
  }
}
