/** By which chain the sensor works here, why by no better one, and what would mend that. */
import type { sensorSupport } from '../../sensor/index.ts';
import type { Finding } from './finding.ts';

type Support = ReturnType<typeof sensorSupport>;

interface Chain {
  name: string;
  is(support: Support): boolean;
  means: string;
  ok: boolean;
  fix: string | null;
}

const MAP = "a kernel with BTF (/sys/kernel/btf/vmlinux) and not locked down for confidentiality, CAP_SYS_ADMIN (or CAP_BPF and CAP_PERFMON), and the host's own process numbers and clocks (a container: --pid=host, and no time namespace)";
const NAMES = 'run as root: sudo tickward doctor; a container needs CAP_SYS_ADMIN';
const EVENTS = "a kernel with fanotify (CONFIG_FANOTIFY, Linux 5.17), and leave for fanotify_init and fanotify_mark where system calls are filtered (a container's seccomp profile, SystemCallFilter=)";

/** Best first; what the sensor itself tries, in its order. */
const CHAINS: readonly Chain[] = [
  { name: 'full', is: ({ mode, attribution }) => mode === 'fanotify' && attribution === 'exact', means: "fanotify with its log of opened programs and the kernel's map of images: each process is named, also one that has ended", ok: true, fix: null },
  { name: 'without the map of images', is: ({ mode, attribution }) => mode === 'fanotify' && attribution === 'proc', means: 'fanotify with its log of opened programs and /proc: a process is named while it lives', ok: true, fix: `to name also those that have ended: ${MAP}` },
  { name: 'without process names', is: ({ mode }) => mode === 'fanotify', means: 'fanotify as anyone may use it: a process is named only while it has the file open', ok: false, fix: NAMES },
  { name: 'inotify', is: ({ mode }) => mode === 'inotify', means: 'a process is named only while it has the file open', ok: false, fix: `${NAMES}; ${EVENTS}` },
  { name: 'comparing', is: () => true, means: 'the directories are looked at again and again, and nobody is named', ok: false, fix: `${NAMES}; ${EVENTS}` },
];

export function sensorFinding(support: Support): Finding {
  const chain = CHAINS.find(({ is }) => is(support));
  if (chain === undefined) throw new TypeError('the last chain is for all');
  const missing = support.reasons.length === 0 ? '' : `. Missing: ${support.reasons.join('; ')}`;
  return { check: 'sensor', ok: chain.ok, found: `${chain.name}: ${chain.means}${missing}`, fix: chain.fix };
}
