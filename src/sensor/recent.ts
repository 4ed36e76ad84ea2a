/** What was found out lately. When it is too much it is forgotten, all at once: it can be found out again, and what keeps order costs more than it saves. */
export class Recent<Key, Value> {
  private readonly most: number;
  private readonly weightOf: (value: Value) => number;
  private readonly values = new Map<Key, Value>();
  private weight = 0;

  /** `most`: of all weights together; without a weight each counts as one. */
  constructor(most: number, weightOf: (value: Value) => number = () => 1) {
    this.most = most;
    this.weightOf = weightOf;
  }

  get isEmpty(): boolean {
    return this.values.size === 0;
  }

  get(key: Key): Value | undefined {
    return this.values.get(key);
  }

  set(key: Key, value: Value): void {
    this.delete(key);
    const weight = this.weightOf(value);
    if (this.weight + weight > this.most) this.clear();
    this.values.set(key, value);
    this.weight += weight;
  }

  delete(key: Key): void {
    const known = this.values.get(key);
    if (known === undefined) return;
    this.values.delete(key);
    this.weight -= this.weightOf(known);
  }

  clear(): void {
    this.values.clear();
    this.weight = 0;
  }
}
