/** How long a query may take, on both sides of the thread. */
import { TickwardError } from '../../model/errors.ts';

export const DEFAULT_TIMEOUT_MS = 30_000;

export function tookTooLong(timeoutMs: number, cause?: unknown): TickwardError {
  return new TickwardError('TIMEOUT', `the query took longer than ${timeoutMs / 1000} s and was stopped`, { hint: 'narrow it by a WHERE on an indexed column, or give --timeout', cause });
}
