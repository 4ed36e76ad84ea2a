/** Where BPF can be tried. */
import { existsSync, readlinkSync } from 'node:fs';

/** Why no BPF program can be loaded here; undefined where it can. */
export const noBpf: string | undefined = reason();

function reason(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root: sudo npm test';
  if (!existsSync('/sys/kernel/btf/vmlinux')) return 'needs a kernel with BTF: /sys/kernel/btf/vmlinux';
  if (readlinkSync('/proc/self/ns/pid') !== 'pid:[4026531836]') return "needs the host's processes: not in a container";
  return undefined;
}
