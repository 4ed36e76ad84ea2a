/** Whether the host is isolated now, beside what the journal says it should be. */
import { z } from 'zod';
import { isolationNow } from '../actions/packet-filter.ts';
import { peerText } from '../actions/peers.ts';
import { bootTimeMs } from '../host/proc.ts';
import type { JournalEntry } from '../model/journal.ts';
import type { StoredJournal } from '../store/journal.ts';

export interface IsolationStatus {
  isolated: boolean;
  run: string | null;
  filter: string | null;
  /** Seconds until it ends by itself. */
  expires: number | null;
  peers: string[];
  dropped: number | null;
  missing: string[];
  gaps: string[];
  /** Why it is not in force although no run ended it and its time is not over; null otherwise. */
  lost: string | null;
}

export async function isolationStatus(journal: StoredJournal, time: number = Date.now()): Promise<IsolationStatus> {
  const { filter, now } = await isolationNow();
  const isolated = now !== undefined && now.missing.length === 0;
  return {
    isolated,
    run: now?.run ?? null,
    filter: now === undefined ? null : filter.name,
    expires: now?.expires ?? null,
    peers: now?.peers.map(peerText) ?? [],
    dropped: now?.dropped ?? null,
    missing: now?.missing ?? [],
    gaps: now?.gaps ?? [],
    lost: isolated ? null : lostOf(expectedIsolation(journal.runs().flatMap(({ run }) => journal.entries(run)).toSorted((one, other) => one.seq - other.seq)), time),
  };
}

interface Expected {
  run: string;
  /** When it was put in force, in ms since the epoch. */
  since: number;
  /** When the kernel ends it; absent: never. */
  until?: number;
}

function lostOf(expected: Expected | undefined, time: number): string | null {
  if (expected === undefined || (expected.until !== undefined && expected.until <= time)) return null;
  const by = bootTimeMs() > expected.since ? 'the host was booted since, which ends an isolation' : 'somebody took its rules out (`nft flush ruleset` does that): whoever did it is root here';
  return `run ${expected.run} isolated it at ${new Date(expected.since).toISOString()}, and neither a release nor the end of its time ended that; ${by}. Isolate it again, best from outside (switch, hypervisor); where it shall not be isolated any more, tickward undo ${expected.run} ends the reminder`;
}

/** What the entries of a journal, oldest first, say should be in force. */
export function expectedIsolation(entries: readonly JournalEntry[]): Expected | undefined {
  const changes = new Map<string, Change>();
  /** What each release ended, and how long that would have gone on, in s. */
  const released = new Map<string, { before: Expected; seconds: number }>();
  let expected: Expected | undefined;
  for (const entry of entries) {
    const key = `${entry.run} ${entry.step ?? ''}`;
    const time = Date.parse(entry.time);
    const made = changeOf(entry);
    if (made !== undefined) {
      changes.set(key, made);
      if (made.kind === 'released' && expected !== undefined) released.set(key, { before: expected, seconds: expected.until === undefined ? 0 : Math.max(1, (expected.until - time) / 1000) });
      expected = after(expected, made, entry.run, time);
    } else if (entry.kind === 'undone' || entry.kind === 'step-failed') {
      const taken = changes.get(key);
      if (taken?.kind === 'isolated' && expected?.run === entry.run) expected = undefined;
      const ended = released.get(key);
      if (ended !== undefined && entry.kind === 'undone' && hasDone(entry)) expected = ending({ run: ended.before.run, since: time }, ended.seconds, time);
      if (taken?.kind === 'confirmed' && entry.kind === 'undone' && hasDone(entry) && expected !== undefined) expected = ending(expected, taken.before, time);
    }
  }
  return expected;
}

/** What was undone before, or could not be, changed nothing of what is in force. */
function hasDone({ data }: JournalEntry): boolean {
  return Array.isArray(data['done']) && data['done'].length > 0;
}

const change = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('isolated'), seconds: z.number() }),
  z.object({ kind: z.literal('confirmed'), seconds: z.number(), before: z.number() }),
  z.object({ kind: z.literal('released') }),
]);
type Change = z.infer<typeof change>;

function changeOf({ kind, data }: JournalEntry): Change | undefined {
  return kind === 'change' ? change.safeParse(data['data']).data : undefined;
}

function after(expected: Expected | undefined, made: Change, run: string, time: number): Expected | undefined {
  if (made.kind === 'released') return undefined;
  if (made.kind === 'isolated') return ending({ run, since: time }, made.seconds, time);
  return expected === undefined ? undefined : ending(expected, made.seconds, time);
}

function ending({ run, since }: Expected, seconds: number, time: number): Expected {
  return { run, since, ...(seconds === 0 ? {} : { until: time + seconds * 1000 }) };
}
