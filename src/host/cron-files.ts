/** Where cron(8) and at(1) keep what they run: Debian's places and Red Hat's. */
import { lookAt, namesIn, openDirectory } from './files.ts';
import { lastNameOf, pathIn } from './paths.ts';
import { messageOf, TickwardError } from '../model/errors.ts';

export interface CronPlaces {
  files: readonly string[];
  /** Every file in them is a table. */
  folders: readonly string[];
  /** Of at: a file a job. */
  jobs: readonly string[];
}

export const CRON_PLACES: CronPlaces = {
  files: ['/etc/crontab', '/etc/anacrontab'],
  folders: ['/etc/cron.d', '/var/spool/cron/crontabs', '/var/spool/cron'],
  jobs: ['/var/spool/cron/atjobs', '/var/spool/at', '/var/spool/atjobs'],
};

export interface Found {
  paths: Buffer[];
  /** Directories that could not be looked into. */
  unread: string[];
}

export function cronTables({ files, folders }: CronPlaces = CRON_PLACES): Found {
  const found = entriesOf(folders);
  return { paths: [...files.map((path) => Buffer.from(path)), ...found.paths], unread: found.unread };
}

export interface AtJob {
  path: Buffer;
  /** As atq(1) has it. */
  number: number;
  /** Unix seconds. */
  time: number;
}

/** Name of a job's file: the queue (`=` while it runs), the number in five hexadecimal digits, the minute since the epoch in eight (at 3.2, at.c). */
const JOB = /^[a-zA-Z=]([0-9a-f]{5})([0-9a-f]{8})$/;

export function atJobs({ jobs }: CronPlaces = CRON_PLACES): { jobs: AtJob[]; unread: string[] } {
  const { paths, unread } = entriesOf(jobs);
  return {
    jobs: paths.flatMap((path) => {
      const [, number, minute] = JOB.exec(lastNameOf(path).toString('latin1')) ?? [];
      return number === undefined || minute === undefined ? [] : [{ path, number: Number.parseInt(number, 16), time: Number.parseInt(minute, 16) * 60 }];
    }),
    unread,
  };
}

/** Whether a line of a table runs something: no comment, no blank line, no `NAME = value` (crontab(5)). */
export function isJob(text: string): boolean {
  return !/^\s*(?:#|$)/.test(text) && !/^\s*["']?[A-Za-z_]\w*["']?\s*=/.test(text);
}

function entriesOf(folders: readonly string[]): Found {
  const found: Found = { paths: [], unread: [] };
  for (const folder of folders) {
    try {
      using directory = openDirectory(folder);
      // Folders of others: /var/spool/cron holds the tables of Red Hat's users, and Debian's folders of cron and at.
      found.paths.push(...namesIn(directory).filter((name) => lookAt(directory, name)?.state.kind !== 'directory').map((name) => pathIn(directory, name)));
    } catch (error) {
      if (!(error instanceof TickwardError && error.code === 'NOT_FOUND')) found.unread.push(messageOf(error));
    }
  }
  return found;
}
