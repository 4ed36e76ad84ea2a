/** Management peers as settings name them. They are checked when they are read: when the host is to be isolated it is too late to learn that nobody gets through. */
import { parsePeer } from '../actions/peers.ts';
import { messageOf, TickwardError } from '../model/errors.ts';

/** What is wrong with it, and what to write; undefined where nothing is. */
export function problemOfPeer(text: string): { message: string; hint?: string } | undefined {
  try {
    parsePeer(text);
    return undefined;
  } catch (error) {
    const hint = error instanceof TickwardError ? error.hint : undefined;
    return { message: messageOf(error), ...(hint === undefined ? {} : { hint }) };
  }
}

/** Throws USAGE at the first that is none. */
export function checkPeers(texts: readonly string[]): void {
  for (const text of texts) {
    const problem = problemOfPeer(text);
    if (problem !== undefined) throw new TickwardError('USAGE', `TICKWARD_MANAGEMENT: ${problem.message}`, problem);
  }
}
