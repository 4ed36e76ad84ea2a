/** Prints everything that makes a tree what it is, as JSON by path: to be run on a host before and after. Arguments are directories. */
import { closeSync, constants, lstatSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readFlags, readXattrs } from '../../src/host/inode.ts';

const seen: Record<string, string> = {};

function visit(path: string): void {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return;
  const state = `${stat.mode.toString(8)} ${stat.uid}:${stat.gid} ${stat.mtimeNs}`;
  if (stat.isSymbolicLink()) seen[path] = `${state} -> ${readlinkSync(path)}`;
  else if (stat.isFile() || stat.isDirectory()) {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    const what = stat.isFile() ? createHash('sha256').update(readFileSync(fd)).digest('hex') : 'directory';
    seen[path] = `${state} ${what} ${readFlags(fd)} ${JSON.stringify(readXattrs(fd))}`;
    closeSync(fd);
  } else seen[path] = state;
  if (stat.isDirectory()) for (const name of readdirSync(path).sort()) visit(join(path, name));
}

for (const path of process.argv.slice(2)) visit(path);
process.stdout.write(JSON.stringify(seen, null, 1));
