/** What an account was before it was locked, kept beside the quarantine until it is unlocked: unlock_account gives exactly that back, in whichever run it was locked. */
import { createHash } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { prepareQuarantine } from '../host/quarantine.ts';
import type { HostContext } from './action.ts';
import { isShut, type AccountFields } from './account.ts';

const memory = z.strictObject({ user: z.string(), locked: z.boolean(), expires: z.string().regex(/^\d*$/), last_change: z.string().regex(/^\d*$/) });

function fileOf(context: HostContext, user: string): string {
  return join(context.quarantine, `account-${createHash('sha256').update(user).digest('hex').slice(0, 32)}.json`);
}

/** The first lock counts: a second one would remember the lock itself. What is kept of a lock that somebody has opened since by hand counts no more. */
export function keepBefore(context: HostContext, user: string, before: AccountFields): void {
  if (isShut(before) && rememberedOf(context, user) !== undefined) return;
  prepareQuarantine(context.quarantine, context.uid);
  const file = fileOf(context, user);
  writeFileSync(`${file}.part`, JSON.stringify({ user, ...before }), { mode: 0o600, flush: true });
  renameSync(`${file}.part`, file);
}

/** Undefined where it was not locked by us, or what was kept cannot be read. */
export function rememberedOf(context: HostContext, user: string): AccountFields | undefined {
  try {
    const kept = memory.parse(JSON.parse(readFileSync(fileOf(context, user), 'utf8')));
    return kept.user === user ? { locked: kept.locked, expires: kept.expires, last_change: kept.last_change } : undefined;
  } catch {
    return undefined;
  }
}

export function forget(context: HostContext, user: string): void {
  rmSync(fileOf(context, user), { force: true });
}
