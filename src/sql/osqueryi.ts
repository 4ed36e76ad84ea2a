/** osquery's shell, started for each query: no daemon needed, 100 ms or more a query. */
import { run } from '../exec.ts';
import { messageOf, TickwardError } from '../model/errors.ts';
import { isObject } from '../model/object.ts';
import type { Engine, QueryResult } from './engine.ts';
import { demandOneStatement } from './statements.ts';

const PROGRAM = 'osqueryi';
/** In the middle of a table it looks at no signal; it only reads, and has nothing to put away. Milliseconds. */
const GRACE_MS = 200;
const MOST_BYTES = 64 * 1024 * 1024;

export function createOsqueryi(program: string = PROGRAM): Engine {
  return {
    name: 'osqueryi',
    async available() {
      try {
        const { exitCode, stdout } = await run(program, ['--version'], { timeout: 5_000 });
        return exitCode === 0 ? { ok: true, detail: stdout.trim() } : { ok: false, reason: `${program} --version failed` };
      } catch (error) {
        return { ok: false, reason: messageOf(error) };
      }
    },
    async query(sql, options = {}) {
      demandOneStatement(sql);
      // To osqueryi a dot begins a command of the shell.
      if (sql.trimStart().startsWith('.')) throw new TickwardError('QUERY', 'near ".": syntax error');
      const { exitCode, stdout, stderr } = await run(program, ['--json', '--', sql], { timeout: options.timeoutMs ?? 30_000, grace: GRACE_MS, maxBuffer: MOST_BYTES });
      const error = /^Error: (.*)$/m.exec(stderr)?.[1];
      if (exitCode !== 0 || error !== undefined) throw new TickwardError('QUERY', error ?? `osqueryi ended with ${exitCode ?? 'a signal'}: ${stderr.trim().split('\n').at(-1) ?? ''}`);
      return resultOf(stdout, stderr, options.maxRows ?? 100_000);
    },
    close: async () => undefined,
  };
}

function resultOf(stdout: string, stderr: string, maxRows: number): QueryResult {
  let rows: unknown;
  try {
    rows = JSON.parse(stdout);
  } catch (error) {
    throw new TickwardError('QUERY', 'osqueryi answered something that is no JSON', { cause: error });
  }
  if (!isRows(rows)) throw new TickwardError('QUERY', 'osqueryi answered something that is no list of rows');
  const kept = rows.slice(0, maxRows).map((row) => Object.fromEntries(Object.entries(row).map(([column, value]) => [column, String(value ?? '')])));
  const warnings = stderr.split('\n').filter((line) => /^[WE]\d{4}/.test(line));
  return { columns: Object.keys(kept[0] ?? {}), rows: kept, warnings, truncated: rows.length > maxRows };
}

function isRows(value: unknown): value is Record<string, unknown>[] {
  return Array.isArray(value) && value.every(isObject);
}
