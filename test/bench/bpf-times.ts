/** What the kernel itself counts of the BPF programs of a process: exact where a clock around them tells nothing, on a machine with other work. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Lab } from './lab.ts';

const LIMIT_MS = 2_000;

/** The time of all programs that the process holds at the start of `work`, in ns, while it is done, with the two readings of a clock that counting each run takes. undefined where the kernel does not count. */
export async function bpfTimeDuring(lab: Lab, pid: number, work: () => Promise<unknown>): Promise<number | undefined> {
  const counting = lab.processes.start([lab.program('bpf-stats'), ...new Set(programsOf(pid, 'prog_id'))]);
  await lab.until(() => counting.ended || counting.errors() !== '', LIMIT_MS);
  if (counting.errors() !== 'on\n') return undefined;
  const time = (): number => programsOf(counting.pid, 'run_time_ns').reduce((sum, each) => sum + Number(each), 0);
  try {
    const start = time();
    await work();
    return time() - start;
  } finally {
    await lab.processes.end(counting);
  }
}

/** bpf_prog_show_fdinfo of the kernel's kernel/bpf/syscall.c, of which only programs have both. */
function programsOf(pid: number, field: 'prog_id' | 'run_time_ns'): string[] {
  const directory = `/proc/${pid}/fdinfo`;
  return readdirSync(directory).flatMap((descriptor) => {
    const text = readFileSync(`${directory}/${descriptor}`, 'utf8');
    return text.includes('run_time_ns:') ? [new RegExp(`^${field}:\\s*(\\d+)$`, 'm').exec(text)?.[1] ?? ''] : [];
  });
}
