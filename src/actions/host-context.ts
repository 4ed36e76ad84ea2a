/** The host that we are on, as the actions see it. */
import { unitDirectories } from '../host/directories.ts';
import { readUsers } from '../host/passwd.ts';
import { statOf, variableOf } from '../host/proc.ts';
import { isBooted } from '../host/systemd.ts';
import type { HostContext } from './action.ts';

export function createHostContext(options: { quarantine: string; management?: readonly string[]; undoCommand?: readonly string[] }): HostContext {
  const users = readUsers();
  const sshConnection = sshConnectionOf(process.pid);
  return {
    uid: process.getuid?.() ?? 0,
    users,
    directories: unitDirectories(users),
    systemd: isBooted() ? 'running' : 'absent',
    quarantine: options.quarantine,
    stamps: '/var/lib/systemd/timers',
    protectedPids: [],
    management: options.management ?? [],
    ...(options.undoCommand === undefined ? {} : { undoCommand: options.undoCommand }),
    ...(sshConnection === undefined ? {} : { sshConnection }),
  };
}

/** sudo takes SSH_CONNECTION out of the environment; the login shell above it still has it. Only our own ancestors are asked. */
function sshConnectionOf(pid: number): string | undefined {
  for (let at = pid, rounds = 0; at > 1 && rounds < 64; at = statOf(at)?.ppid ?? 0, rounds += 1) {
    const found = variableOf(at, 'SSH_CONNECTION');
    if (found !== undefined) return found;
  }
  return undefined;
}
