/** With which key whoever responds has logged in, where that can be known: that one is not to be revoked by accident. */
import { run } from '../exec.ts';
import { fingerprintOf } from '../host/authorized-keys.ts';
import { ancestorsOf, variableOf } from '../host/proc.ts';
import { readStart } from '../host/read.ts';
import type { HostContext } from './action.ts';

const TIMEOUT_MS = 10_000;
const MOST_BYTES = 64 * 1024;

/** Fingerprints; empty where no key is known. */
export async function ownKeys(context: HostContext): Promise<string[]> {
  return [...new Set([...exposedKeys(), ...(await loggedKeys(context.sshConnection))])];
}

/** sshd_config(5), ExposeAuthInfo: a file of lines `publickey ssh-ed25519 AAAA…`. sudo drops the variable, the login shell above it still has it. */
function exposedKeys(): string[] {
  return [process.pid, ...ancestorsOf(process.pid)].flatMap((pid) => {
    const path = variableOf(pid, 'SSH_USER_AUTH');
    const text = path === undefined ? '' : readStart(path, MOST_BYTES)?.toString() ?? '';
    return [...text.matchAll(/^publickey \S+ (\S+)/gm)].map(([, key = '']) => fingerprintOf(key));
  });
}

/** sshd's own line, `Accepted publickey for NAME from ADDRESS port PORT ssh2: ED25519 SHA256:…`: what root wrote, not what anybody may have put into the journal. */
async function loggedKeys(connection: string | undefined): Promise<string[]> {
  const [address, port] = connection?.split(' ') ?? [];
  if (address === undefined || port === undefined) return [];
  try {
    const { stdout } = await run('journalctl', ['--quiet', '--no-pager', '--output=cat', '--since=-30days', '--lines=20000', '_UID=0', 'SYSLOG_IDENTIFIER=sshd', '+', '_UID=0', 'SYSLOG_IDENTIFIER=sshd-session'], { timeout: TIMEOUT_MS });
    const end = ` from ${address} port ${port} `;
    const line = stdout.split('\n').findLast((each) => each.startsWith('Accepted publickey for ') && each.includes(end));
    return /SHA256:[A-Za-z0-9+/]+/.exec(line ?? '')?.slice(0, 1) ?? [];
  } catch {
    return [];
  }
}
