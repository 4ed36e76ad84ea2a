/** Logins and uses of sudo near a moment, from wtmp and from the log that sshd and sudo write (auth.log, secure, else the journal). The parser is pure. */
import { run } from '../exec.ts';
import { errnoOf, messageOf } from '../model/errors.ts';
import { MONTHS } from '../model/timestamp.ts';
import { readLogEnd } from './ends.ts';
import { DEAD_PROCESS, readNewestUtmp, USER_PROCESS, WTMP } from './utmp.ts';

export interface LoginMoment {
  /** Milliseconds since the epoch. */
  time: number;
  user: string;
  /** login, logout, sudo, su, failed. */
  what: 'login' | 'logout' | 'failed' | 'sudo' | 'su';
  /** Address or terminal it came from, the command of sudo, how it was let in. */
  detail: string;
  source: string;
}

const LOGS = ['/var/log/auth.log', '/var/log/secure'];
/** Records of wtmp that are looked at: 384 bytes each. */
const MOST_RECORDS = 20_000;
const JOURNAL_TIMEOUT_MS = 1_000;
const MOST_JOURNAL_LINES = 2_000;
/** Characters of a line that are read. */
const MOST_LINE = 4_096;

export async function loginsBetween(since: number, until: number): Promise<{ moments: LoginMoment[]; warnings: string[] }> {
  const warnings: string[] = [];
  const moments = [...recorded(since, until, warnings)];
  const logged = fromFiles(since, until, warnings) ?? (await fromJournal(since, until, warnings));
  for (const moment of logged) if (moment.time >= since && moment.time <= until) moments.push(moment);
  return { moments: moments.sort((one, other) => one.time - other.time), warnings };
}

function* recorded(since: number, until: number, warnings: string[]): Iterable<LoginMoment> {
  try {
    for (const record of readNewestUtmp(WTMP, MOST_RECORDS)) {
      const time = record.time * 1000;
      if (time < since || time > until || (record.type !== USER_PROCESS && record.type !== DEAD_PROCESS)) continue;
      yield { time, user: record.user, what: record.type === USER_PROCESS ? 'login' : 'logout', detail: [record.line, record.host].filter(Boolean).join(' from '), source: WTMP };
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    warnings.push(`${WTMP} cannot be read, so logins of the past are not known from it: ${messageOf(error)}`);
  }
}

function fromFiles(since: number, until: number, warnings: string[]): LoginMoment[] | undefined {
  for (const path of LOGS) {
    try {
      const end = readLogEnd(path, (line) => (syslogTime(line, until) ?? Infinity) < since);
      if (end !== undefined) return end.lines.flatMap((line) => {
        const time = syslogTime(line, until);
        const moment = time === undefined ? undefined : parseAuth(line);
        return moment === undefined || time === undefined ? [] : [{ ...moment, time, source: path }];
      });
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      warnings.push(`${path} cannot be read: ${messageOf(error)}`);
      return [];
    }
  }
  return undefined;
}

async function fromJournal(since: number, until: number, warnings: string[]): Promise<LoginMoment[]> {
  try {
    const { stdout, exitCode } = await run('journalctl', ['--quiet', '--no-pager', '--output=short-unix', `--since=@${Math.floor(since / 1000)}`, `--until=@${Math.ceil(until / 1000)}`, `--lines=${MOST_JOURNAL_LINES}`, '-t', 'sshd', '-t', 'sshd-session', '-t', 'sudo', '-t', 'su', '-t', 'login'], { timeout: JOURNAL_TIMEOUT_MS });
    if (exitCode !== 0) return [];
    return stdout.split('\n').flatMap((line) => {
      const time = Number(/^\d+\.\d+/.exec(line)?.[0] ?? Number.NaN) * 1000;
      const moment = parseAuth(line);
      return moment === undefined || Number.isNaN(time) ? [] : [{ ...moment, time, source: 'journal' }];
    });
  } catch (error) {
    warnings.push(`no log of sshd and sudo can be read: ${messageOf(error)}`);
    return [];
  }
}

/** ISO 8601, or `Nov 24 10:00:00` in the host's zone and without a year: that of `near`, or the one before. */
export function syslogTime(line: string, near: number): number | undefined {
  const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?/.exec(line)?.[0];
  if (iso !== undefined) return Date.parse(iso);
  const [, month = '', day, hour, minute, second] = /^([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d):(\d\d) /.exec(line) ?? [];
  const index = MONTHS.indexOf(month);
  if (index < 0) return undefined;
  const DAY_MS = 86_400_000;
  const year = new Date(near).getFullYear();
  const time = new Date(year, index, Number(day), Number(hour), Number(minute), Number(second));
  return time.getTime() > near + DAY_MS ? time.setFullYear(year - 1) : time.getTime();
}

/** What sshd, sudo and su say (their own texts), behind `PROGRAM[PID]: `. */
export function parseAuth(line: string): Pick<LoginMoment, 'user' | 'what' | 'detail'> | undefined {
  const said = /\b(sshd|sshd-session|sudo|su|login)(?:\[\d+\])?: +(.*)$/.exec(line.slice(0, MOST_LINE));
  const [, program, text = ''] = said ?? [];
  if (program === undefined) return undefined;
  const [, how, accepted, from] = /^Accepted (\S+) for (\S+) from (\S+)/.exec(text) ?? [];
  if (accepted !== undefined) return { user: accepted, what: 'login', detail: `${how} from ${from}` };
  const [, refused, source] = /^Failed \S+ for (?:invalid user )?(\S+) from (\S+)/.exec(text) ?? [];
  if (refused !== undefined) return { user: refused, what: 'failed', detail: `from ${source}` };
  const [, by, as, command] = /^(\S+) : .*?\bUSER=(\S+) ; (?:.*; )?COMMAND=(.*)$/.exec(text) ?? [];
  if (program === 'sudo' && by !== undefined) return { user: by, what: 'sudo', detail: `as ${as}: ${command}` };
  const [, target, actor] = /session opened for user ([^\s(]+).* by ([^\s(]*)/.exec(text) ?? [];
  return program === 'su' && target !== undefined ? { user: actor || 'not known', what: 'su', detail: `to ${target}` } : undefined;
}
