/** Keys that let someone in by ssh (sshd(8), AUTHORIZED_KEYS FILE FORMAT), and in which files sshd looks for them. */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { run } from '../exec.ts';
import { printable } from '../model/text.ts';
import type { PasswdEntry } from './passwd.ts';
import { readStart } from './read.ts';

export interface AuthorizedKey {
  /** `from="…",command="…"`; empty where there are none. */
  options: string;
  /** `ssh-ed25519` and the like. */
  algorithm: string;
  /** base64, as in the file. */
  key: string;
  comment: string;
  /** `SHA256:…`, as `ssh-keygen -l` and sshd's log write it. */
  fingerprint: string;
}

/** All that OpenSSH knows, certificates and security keys included. */
const ALGORITHM = /^(?:ssh-[a-z0-9-]+|ecdsa-sha2-[a-z0-9-]+|sk-(?:ssh|ecdsa)-[a-z0-9-]+)(?:@openssh\.com)?$/;

/** Undefined for a comment and for what sshd does not take for a key either. */
export function parseAuthorizedKey(text: string): AuthorizedKey | undefined {
  const line = text.trim();
  if (line === '' || line.startsWith('#')) return undefined;
  const options = ALGORITHM.test(/^\S*/.exec(line)?.[0] ?? '') ? '' : optionsOf(line);
  const [, algorithm = '', key = '', comment = ''] = /^(\S+)\s+(\S+)\s*(.*)$/s.exec(line.slice(options.length).trimStart()) ?? [];
  return ALGORITHM.test(algorithm) && key !== '' ? { options, algorithm, key, comment, fingerprint: fingerprintOf(key) } : undefined;
}

/** Up to the first blank outside of double quotes; a backslash before a quote keeps it from ending them. */
function optionsOf(line: string): string {
  return /^(?:"(?:\\"|[^"])*"|[^\s"])*/.exec(line)?.[0] ?? '';
}

/** Of the base64 of a key, however it is padded. */
export function fingerprintOf(key: string): string {
  return `SHA256:${createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64').replace(/=+$/, '')}`;
}

/** sshd_config(5), AuthorizedKeysFile: what it is when nothing is said. Below a home. */
export const DEFAULT_KEY_FILES = ['.ssh/authorized_keys', '.ssh/authorized_keys2'] as const;
const SSHD = '/usr/sbin/sshd';
const CONFIG = '/etc/ssh/sshd_config';
const MOST_CONFIG = 1024 ** 2;
const TIMEOUT_MS = 5_000;
/** Each is asked for by a start of sshd: about 10 ms. */
const MOST_MATCHED = 100;

export interface KeyFiles {
  files: { path: string; user: string }[];
  /** What else lets keys in, or was not looked into. */
  notes: string[];
}

/** Every file in which sshd would look for keys of these users; by its own word (`sshd -T`) where it is installed and ours to ask. */
export async function keyFilesOf(users: readonly PasswdEntry[]): Promise<KeyFiles> {
  const notes: string[] = [];
  const general = await sshdSettings();
  const matched = general?.hasMatch === true ? users.filter((user) => !/(?:nologin|false|sync)$/.test(user.shell)) : [];
  if (matched.length > MOST_MATCHED) notes.push(`sshd has Match blocks: where else they let it look was asked for the first ${MOST_MATCHED} users only`);
  const own = new Map<string, string[]>();
  for (const user of matched.slice(0, MOST_MATCHED)) own.set(user.name, (await sshdSettings(user.name))?.files ?? []);
  const command = general?.command;
  if (command !== undefined) notes.push(`sshd also takes keys from the command ${printable(command)}: look there as well`);
  // sshd falls back on nothing, but a file of the default place is where keys were left before and after a change of the settings.
  const patterns = [...new Set([...(general?.files ?? []), ...DEFAULT_KEY_FILES])];
  const files = users.flatMap((user) => [...new Set([...patterns, ...(own.get(user.name) ?? [])])].flatMap((pattern) => expand(pattern, user)).map((path) => ({ path, user: user.name })));
  const seen = new Set<string>();
  return { files: files.filter(({ path }) => seen.size < seen.add(path).size), notes };
}

/** Tokens of AuthorizedKeysFile; a path that is not absolute is below the home. */
function expand(pattern: string, user: PasswdEntry): string[] {
  const path = pattern.replace(/%([%hUu])/g, (_, token: string) => ({ '%': '%', h: user.home, u: user.name, U: String(user.uid) })[token] ?? '');
  if (path === 'none') return [];
  if (path.startsWith('/')) return [path];
  return user.home.startsWith('/') ? [`${user.home.replace(/\/+$/, '')}/${path}`] : [];
}

async function sshdSettings(user?: string): Promise<{ files: string[]; command: string | undefined; hasMatch: boolean } | undefined> {
  try {
    // Where nothing is said of the connection, `-T` passes over Match blocks, and says nothing of them.
    const match = user === undefined ? [] : ['-C', `user=${user},host=localhost,addr=127.0.0.1`];
    const result = await run(SSHD, ['-T', ...match], { timeout: TIMEOUT_MS, maxBuffer: 1024 ** 2 });
    if (result.exitCode !== 0) return undefined;
    const value = (name: string): string | undefined => new RegExp(`^${name} (.*)$`, 'mi').exec(result.stdout)?.[1];
    const command = value('authorizedkeyscommand');
    return { files: (value('authorizedkeysfile') ?? '').split(' ').filter(Boolean), command: command === 'none' ? undefined : command, hasMatch: user === undefined && hasMatchBlocks() };
  } catch {
    return undefined;
  }
}

function hasMatchBlocks(): boolean {
  return [CONFIG, ...namesIn(`${CONFIG}.d`)].some((path) => /^\s*match\s/im.test(readStart(path, MOST_CONFIG)?.toString('latin1') ?? ''));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => `${folder}/${name}`);
  } catch {
    return [];
  }
}
