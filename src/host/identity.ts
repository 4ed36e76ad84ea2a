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

/** Whether a host is this one: by machine-id(5) where both have it, else by name; a short name means the full one too. */
export function isThisHost(host: FileEvent['host'], own: FileEvent['host'] = hostIdentity()): boolean {
  if (own.id !== undefined && MACHINE_ID.test(host.id ?? '')) return host.id === own.id;
  const [one, other] = [host.hostname.toLowerCase(), own.hostname.toLowerCase()];
  return one === other || one.startsWith(`${other}.`) || other.startsWith(`${one}.`);
}

/** What other sensors told may be of any host. */
export function isOfThisHost({ tickward, host }: FileEvent): boolean {
  return tickward.source !== 'import' || isThisHost(host);
}

const MACHINE_ID = /^[0-9a-f]{32}$/;

/** machine-id(5); absent on hosts without systemd and in bare containers. */
function machineId(): string | undefined {
  try {
    const id = readFileSync('/etc/machine-id', 'utf8').trim();
    return MACHINE_ID.test(id) ? id : undefined;
  } catch {
    return undefined;
  }
}
