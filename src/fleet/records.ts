/** Runs over a fleet as files: what was asked, and what each host said, with its journal. In the state directory of the one who ran them. */
import { hash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import type { HostRow } from './rows.ts';
import type { TaskInput } from './task.ts';

export interface FleetRequest {
  run: string;
  /** ISO 8601. */
  started: string;
  by: string;
  inventory: string;
  limit?: string;
  task: TaskInput;
  dry_run: boolean;
}

export interface FleetRecord {
  request: FleetRequest;
  rows: HostRow[];
}

/** As runs are named: nothing else may become part of a path. */
const RUN = /^[0-9a-f-]{36}$/;

const REQUEST = 'request.json';

export class FleetRecords {
  private readonly directory: string;

  constructor(stateDir: string) {
    this.directory = join(stateDir, 'fleet');
  }

  begin(request: FleetRequest): void {
    mkdirSync(this.pathOf(request.run), { recursive: true, mode: 0o700 });
    this.write(request.run, REQUEST, request);
  }

  /** Once a host; a later answer takes the place of the one before. */
  keep(run: string, row: HostRow): void {
    this.write(run, `${fileOf(row.host)}.json`, row);
  }

  /** Oldest first: they are named by their time. */
  list(): FleetRequest[] {
    const names = readdirOr(this.directory).filter((name) => RUN.test(name)).sort();
    return names.flatMap((run) => {
      try {
        return [this.request(run)];
      } catch {
        // A run that was interrupted before it began.
        return [];
      }
    });
  }

  /** Throws NOT_FOUND. */
  read(run: string): FleetRecord {
    const request = this.request(run);
    const path = this.pathOf(run);
    const rows = readdirOr(path).filter((name) => name.endsWith('.json') && name !== REQUEST).sort().map((name) => JSON.parse(readFileSync(join(path, name), 'utf8')) as HostRow);
    return { request, rows };
  }

  private request(run: string): FleetRequest {
    if (!RUN.test(run)) throw notFound(run);
    try {
      return JSON.parse(readFileSync(join(this.pathOf(run), REQUEST), 'utf8')) as FleetRequest;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') throw notFound(run);
      throw error;
    }
  }

  private pathOf(run: string): string {
    return join(this.directory, run);
  }

  /** Whole or not at all. */
  private write(run: string, name: string, content: object): void {
    const path = join(this.pathOf(run), name);
    writeFileSync(`${path}.part`, `${JSON.stringify(content, undefined, 1)}\n`, { mode: 0o600 });
    renameSync(`${path}.part`, path);
  }
}

/** Names of an inventory may hold anything, and be of any length; a name of a file must not. No two hosts have one. */
function fileOf(host: string): string {
  const name = `host-${encodeURIComponent(host.toWellFormed()).replaceAll('.', '%2E')}`;
  if (host.isWellFormed() && name.length <= MOST_NAME) return name;
  // Of its JSON, in which also halves of letters differ, as bytes that are no UTF-8 arrive. A name that is not shortened has no plus.
  const mark = `+${hash('sha256', JSON.stringify(host))}`;
  return `${name.slice(0, MOST_NAME - mark.length)}${mark}`;
}

/** Bytes that a file system takes, without the endings. */
const MOST_NAME = 255 - '.json.part'.length;

function readdirOr(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

function notFound(run: string): TickwardError {
  return new TickwardError('NOT_FOUND', `there is no fleet run ${printable(run)}`, { hint: 'tickward fleet status lists them' });
}
