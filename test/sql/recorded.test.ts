/** The embedded engine gives the answers that osquery 5.23 gave. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createEmbedded, type Embedded } from '../../src/sql/index.ts';
import { createCrontab } from '../../src/sql/tables/crontab.ts';
import { context } from '../helpers/table.ts';
import { temporaryDirectory } from '../helpers/events.ts';

const FIXTURES = new URL('../fixtures/osquery-results/', import.meta.url).pathname;
const recorded = JSON.parse(readFileSync(join(FIXTURES, 'file-and-hash.json'), 'utf8')) as { cases: { sql: string; rows?: Record<string, string>[]; error?: string }[] };
const crontabs = JSON.parse(readFileSync(join(FIXTURES, 'crontab.json'), 'utf8')) as { files: Record<string, string>; rows: Record<string, string>[] };

let base: string;
let root: string;
let engine: Embedded;

beforeAll(async () => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'tickward-tree-')));
  root = join(base, 'tree');
  execFileSync('sh', [join(FIXTURES, 'make-tree.sh'), root], { env: { ...process.env, LC_ALL: 'C.UTF-8' } });
  execFileSync('sh', ['-c', 'umask 022; find "$1" -type d ! -name empty -exec chmod 755 {} +; chmod 644 "$1"/etc/systemd/system/backup.timer "$1"/etc/systemd/system/backup.service', 'sh', root]);
  engine = await createEmbedded();
});

afterAll(async () => {
  await engine.close();
  rmSync(base, { recursive: true, force: true });
});

/** Order is no part of the recording, and the size of a folder is its file system's matter. */
function comparable(rows: readonly Record<string, string>[]): string[] {
  return rows.map((row) => JSON.stringify(Object.entries(row['type'] === 'directory' ? { ...row, size: '' } : row).sort())).sort();
}

describe('file and hash', () => {
  test.each(recorded.cases.filter((each) => each.rows !== undefined).map((each) => [each.sql, each.rows ?? []] as const))('%s', async (sql, rows) => {
    const wanted = JSON.parse(JSON.stringify(rows).replaceAll('{{root}}', root)) as Record<string, string>[];
    const answered = await engine.query(sql.replaceAll('{{root}}', root));
    expect(comparable(answered.rows)).toEqual(comparable(wanted));
  });

  test.each(recorded.cases.filter((each) => each.error !== undefined).map((each) => [each.sql, each.error ?? ''] as const))('%s fails with %s', async (sql, error) => {
    await expect(engine.query(sql.replaceAll('{{root}}', root))).rejects.toMatchObject({ code: 'QUERY', message: error.replace(/^Error: /, '') });
  });
});

test('crontab gives the rows that osquery made of the same files', () => {
  const directory = temporaryDirectory();
  for (const [path, content] of Object.entries(crontabs.files)) {
    mkdirSync(dirname(directory + path), { recursive: true });
    writeFileSync(directory + path, content);
  }
  const rows = [...createCrontab(directory).generate(context())].map((row) => row as Record<string, string>);
  expect(comparable(rows)).toEqual(comparable(crontabs.rows));
});
