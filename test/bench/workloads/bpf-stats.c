// bpf-stats: the kernel counts how long BPF programs run (BPF_ENABLE_STATS, Linux 5.8) until standard input ends, and not longer, however this does. Says "on" on standard error when it does.
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
  union bpf_attr attributes;
  char byte;
  memset(&attributes, 0, sizeof attributes);
  attributes.enable_stats.type = BPF_STATS_RUN_TIME;
  if (syscall(SYS_bpf, BPF_ENABLE_STATS, &attributes, sizeof attributes) < 0) {
    perror("BPF_ENABLE_STATS");
    return 1;
  }
  fputs("on\n", stderr);
  while (read(0, &byte, 1) > 0) continue;
  return 0;
}
