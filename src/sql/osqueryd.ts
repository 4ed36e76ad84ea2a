/** A running osquery, asked over its extension manager's socket. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import { pingManager, queryManager } from '../osquery/client.ts';
import type { Engine } from './engine.ts';
import { demandOneStatement } from './statements.ts';

const PING_MS = 1_000;

/** osqueryd's default, and the one of an osqueryi that someone has open. */
export function defaultSockets(home: string | undefined): string[] {
  return ['/var/osquery/osquery.em', ...(home === undefined ? [] : [join(home, '.osquery/shell.em')])];
}

export function createOsqueryd(socket?: string): Engine {
  const candidates = socket === undefined ? defaultSockets(process.env['HOME']) : [socket];
  let chosen: string | undefined;
  return {
    name: 'osqueryd',
    async available() {
      const reasons: string[] = [];
      for (const path of candidates) {
        const problem = problemOf(path, socket === undefined);
        if (problem !== undefined) {
          reasons.push(problem);
          continue;
        }
        try {
          await pingManager(path, PING_MS);
          chosen = path;
          return { ok: true, detail: path };
        } catch (error) {
          reasons.push(messageOf(error));
        }
      }
      return { ok: false, reason: reasons.join('; ') };
    },
    async query(sql, options = {}) {
      demandOneStatement(sql);
      const maxRows = options.maxRows ?? 100_000;
      const { columns, rows } = await queryManager(chosen ?? candidates[0] ?? '', sql, options.timeoutMs ?? 30_000);
      return { columns, rows: rows.slice(0, maxRows), warnings: [], truncated: rows.length > maxRows };
    },
    close: async () => undefined,
  };
}

/** Why a socket is not asked. One that nobody named must be root's or ours: with sudo, HOME may be the home of someone else, who would make up the answers. */
function problemOf(path: string, isDefault: boolean): string | undefined {
  let owner: number | undefined;
  try {
    owner = statSync(path, { throwIfNoEntry: false })?.uid;
  } catch (error) {
    return `the socket ${printable(path)} cannot be looked at: ${printable(messageOf(error))}`;
  }
  if (owner === undefined) return `there is no socket ${printable(path)}`;
  if (isDefault && owner !== 0 && owner !== process.getuid?.()) return `the socket ${printable(path)} belongs to somebody else (uid ${owner}): name it with --socket to trust it`;
  return undefined;
}
