/**
 * What was found out lately. When it is too much it is forgotten, all at once: it can be found out again, and what keeps order costs more than it saves.
 * What nobody may take for true any more is forgotten as well, in two generations: on a host where every change is another process's, that is nearly all.
 */
export class Recent<Key, Value> {
  private readonly most: number;
  private readonly weightOf: (value: Value) => number;
  private readonly lastsMs: number;
  private values = new Map<Key, Value>();
  private older = new Map<Key, Value>();
  private weight = 0;
  /** When the generation began, in ms of `performance.now()`. */
  private began = 0;

  /** `most`: of all weights together of what was set within `lastsMs`, which is kept for that long, at most for twice as long before something else is set; without a weight each counts as one. */
  constructor(most: number, weightOf: (value: Value) => number = () => 1, lastsMs = Infinity) {
    this.most = most;
    this.weightOf = weightOf;
    this.lastsMs = lastsMs;
  }

  get isEmpty(): boolean {
    return this.values.size === 0 && this.older.size === 0;
  }

  get(key: Key): Value | undefined {
    return this.values.get(key) ?? this.older.get(key);
  }

  set(key: Key, value: Value, now = this.lastsMs === Infinity ? 0 : performance.now()): void {
    this.age(now);
    this.delete(key);
    const weight = this.weightOf(value);
    if (this.weight + weight > this.most) this.clear();
    this.values.set(key, value);
    this.weight += weight;
  }

  delete(key: Key): void {
    this.older.delete(key);
    const known = this.values.get(key);
    if (known === undefined) return;
    this.values.delete(key);
    this.weight -= this.weightOf(known);
  }

  clear(): void {
    this.values.clear();
    this.older.clear();
    this.weight = 0;
  }

  private age(now: number): void {
    if (now - this.began < this.lastsMs) return;
    this.older = now - this.began < 2 * this.lastsMs ? this.values : new Map();
    this.values = new Map();
    this.weight = 0;
    this.began = now;
  }
}
