/** Which directories cannot be watched, and why. */
import { errnoOf } from '../model/errors.ts';
import { someOf } from '../model/text.ts';

/** Links that lead to themselves cost nothing to make. */
const MOST_KEPT = 4_096;

export class Unseen {
  /** The reason by path. */
  private readonly reasons = new Map<string, string>();

  /** In words, a line a reason. */
  get lines(): string[] {
    const byReason = new Map<string, string[]>();
    for (const [path, reason] of this.reasons) byReason.set(reason, [...(byReason.get(reason) ?? []), path]);
    const least = this.reasons.size < MOST_KEPT ? '' : 'at least ';
    return [...byReason].map(([reason, paths]) => `cannot see ${least}${paths.length} director${paths.length === 1 ? 'y' : 'ies'} (${reason}): ${someOf(paths)}`);
  }

  add(path: string, reason: string): void {
    if (this.reasons.size < MOST_KEPT || this.reasons.has(path)) this.reasons.set(path, reason);
  }

  failed(path: string, error: unknown): void {
    const code = errnoOf(error) ?? 'unknown error';
    this.add(path, code === 'EACCES' || code === 'EPERM' ? 'no permission' : code === 'ENOSPC' ? 'the limit of marks or watches is reached' : code);
  }

  seen(path: string): void {
    this.reasons.delete(path);
  }
}
