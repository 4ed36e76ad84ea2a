/** What the kernel itself counts of the BPF programs of a process: exact where a clock around them tells nothing, on a machine with other work. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Lab } from './lab.ts';

const LIMIT_MS = 2_000;

/** The time of all programs that the process holds, in ns, while `work` is done, with the two readings of a clock that counting each run takes. undefined where the kernel does not count. */
export async function bpfTimeDuring(lab: Lab, pid: number, work: () => Promise<unknown>): Promise<number | undefined> {
  const counting = lab.processes.start([lab.program('bpf-stats')]);
  await lab.until(() => counting.ended || counting.errors() !== '', LIMIT_MS);
  if (counting.errors() !== 'on\n') return undefined;
  try {
    const start = timeOf(pid);
    await work();
    return timeOf(pid) - start;
  } finally {
    await lab.processes.end(counting);
  }
}

/** bpf_prog_show_fdinfo of the kernel's kernel/bpf/syscall.c: what else names a program, such as a link, has no time. */
function timeOf(pid: number): number {
  const directory = `/proc/${pid}/fdinfo`;
  return readdirSync(directory).reduce((sum, descriptor) => sum + Number(/^run_time_ns:\s*(\d+)$/m.exec(readFileSync(`${directory}/${descriptor}`, 'utf8'))?.[1] ?? 0), 0);
}
