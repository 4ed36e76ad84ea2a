/** What the kernel itself counts of the BPF programs of a process: exact where a clock around them tells nothing, on a machine with other work. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** Documentation/admin-guide/sysctl/kernel.rst. Counting costs each run of a program two readings of a clock, which are in its time. */
const SWITCH = '/proc/sys/kernel/bpf_stats_enabled';

/** The time of all programs that the process holds, in ns, while `work` is done. Counts for the whole machine meanwhile. */
export async function bpfTimeDuring(pid: number, work: () => Promise<unknown>): Promise<number> {
  const before = readFileSync(SWITCH, 'utf8');
  writeFileSync(SWITCH, '1');
  try {
    const start = timeOf(pid);
    await work();
    return timeOf(pid) - start;
  } finally {
    writeFileSync(SWITCH, before);
  }
}

/** bpf_prog_show_fdinfo of the kernel's kernel/bpf/syscall.c: what else names a program, such as a link, has no time. */
function timeOf(pid: number): number {
  const directory = `/proc/${pid}/fdinfo`;
  return readdirSync(directory).reduce((sum, descriptor) => sum + Number(/^run_time_ns:\s*(\d+)$/m.exec(readFileSync(`${directory}/${descriptor}`, 'utf8'))?.[1] ?? 0), 0);
}
