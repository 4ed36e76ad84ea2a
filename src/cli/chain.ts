/** What acts on the journal acts only on one that is whole. */
import { TickwardError } from '../model/errors.ts';
import type { StoredJournal } from '../store/journal.ts';

/** Throws REFUSED: what is in a journal that was tampered with would be done as root. */
export function refuseBroken(journal: StoredJournal, force: boolean): void {
  const chain = journal.verify();
  if (chain.intact || force) return;
  throw new TickwardError('REFUSED', `the journal was changed by somebody else, so nothing is done by it: ${chain.problem ?? ''}`, { hint: 'look at it with tickward runs show RUN, and give --force if you trust this run all the same' });
}
