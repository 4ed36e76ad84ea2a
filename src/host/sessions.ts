/** Sessions as systemd-logind keeps them in /run/systemd/sessions: where Debian 13 and others keep no utmp any more. sd-login(3) is the interface; the files are what it reads. */
import { readdirSync, readFileSync } from 'node:fs';
import { errnoOf } from '../model/errors.ts';
import { legible, textOfBytes } from '../model/text.ts';

export interface Session {
  user: string;
  tty: string;
  /** Where from; empty for a session on this machine. */
  host: string;
  /** Unix seconds. */
  time: number;
  leader: number;
}

const SESSIONS = '/run/systemd/sessions';

/** `KEY=value` lines. Undefined for what is no session of a person: greeters, cron jobs, managers. */
export function parseSession(text: string): Session | undefined {
  const values = new Map(text.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const));
  const of = (key: string): string => values.get(key) ?? '';
  if (!of('CLASS').startsWith('user') || of('STATE') === 'closing') return undefined;
  return { user: of('USER'), tty: of('TTY'), host: of('REMOTE_HOST'), time: Math.floor(Number(of('REALTIME')) / 1e6), leader: Number(of('LEADER')) };
}

/** Undefined where logind keeps none. Throws the system error where they cannot be read. */
export function readSessions(folder = SESSIONS): Session[] | undefined {
  try {
    return readdirSync(folder).filter((name) => !name.includes('.')).flatMap((name) => parseSession(legible(textOfBytes(readFileSync(`${folder}/${name}`)))) ?? []);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
