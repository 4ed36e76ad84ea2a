/** The contents of the files that were told of last. */
import type { BigIntStats } from 'node:fs';
import { hashOf, withContent } from './content.ts';
import { Recent } from './recent.ts';

const MOST_CONTENTS = 4_096;

export class ToldContents {
  private readonly hashes = new Recent<string, string>(MOST_CONTENTS);

  /** To ask costs less than to make a key. */
  get isEmpty(): boolean {
    return this.hashes.isEmpty;
  }

  /** Without a hash where the content was not read. */
  told(key: string, hash: string | undefined): void {
    if (hash === undefined) this.hashes.delete(key);
    else this.hashes.set(key, hash);
  }

  /** Written once more within the same tick of the kernel's clock, or through memory that was written already: only the content tells. */
  isRewritten(key: string, path: string | Buffer, stat: BigIntStats): boolean {
    const before = this.hashes.get(key);
    if (before === undefined) return false;
    const now = withContent(path, stat, hashOf);
    return now !== undefined && now !== before;
  }
}
