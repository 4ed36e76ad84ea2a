/** A running osquery, asked over its extension manager's socket. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../model/errors.ts';
import { pingManager, queryManager } from '../osquery/client.ts';
import type { Engine } from './engine.ts';

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
        if (!existsSync(path)) {
          reasons.push(`there is no socket ${path}`);
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
      const maxRows = options.maxRows ?? 100_000;
      const { columns, rows } = await queryManager(chosen ?? candidates[0] ?? '', sql, options.timeoutMs ?? 30_000);
      return { columns, rows: rows.slice(0, maxRows), warnings: [], truncated: rows.length > maxRows };
    },
    close: async () => undefined,
  };
}
