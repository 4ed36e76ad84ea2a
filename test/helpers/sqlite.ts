/** A real SQLite with empty tables of osquery's names, to ask whether a query parses. */
import { DatabaseSync } from 'node:sqlite';

export function osqueryLike(): { parses: (sql: string) => string | undefined } {
  const database = new DatabaseSync(':memory:', { enableDoubleQuotedStringLiterals: true });
  database.exec(`
    CREATE TABLE file (path TEXT, directory TEXT, filename TEXT, inode BIGINT, uid BIGINT, gid BIGINT, mode TEXT, size BIGINT, atime BIGINT, mtime BIGINT, ctime BIGINT, btime BIGINT);
    CREATE TABLE users (uid BIGINT, gid BIGINT, username TEXT, directory TEXT);
    CREATE TABLE groups (gid BIGINT, groupname TEXT);
    CREATE TABLE processes (pid BIGINT, name TEXT, uid BIGINT);
    CREATE TABLE crontab (event TEXT, command TEXT, path TEXT);`);
  return {
    parses(sql) {
      try {
        database.prepare(sql);
        return undefined;
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    },
  };
}
