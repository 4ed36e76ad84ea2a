/** Which host this is, as ECS names it. */
import { readFileSync } from 'node:fs';
import { arch, hostname, release } from 'node:os';
import type { FileEvent } from '../model/event.ts';

/** `uname -m` words for Node's names of architectures. */
const MACHINES: Record<string, string> = { x64: 'x86_64', arm64: 'aarch64' };

export function hostIdentity(): FileEvent['host'] {
  const id = machineId();
  return { name: hostname(), hostname: hostname(), ...(id === undefined ? {} : { id }), architecture: MACHINES[arch()] ?? arch(), os: { type: 'linux', kernel: release() } };
}

/** machine-id(5); absent on hosts without systemd and in bare containers. */
function machineId(): string | undefined {
  try {
    const id = readFileSync('/etc/machine-id', 'utf8').trim();
    return /^[0-9a-f]{32}$/.test(id) ? id : undefined;
  } catch {
    return undefined;
  }
}
