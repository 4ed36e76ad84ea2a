// bpf-stats ID…: the kernel counts how long BPF programs run (BPF_ENABLE_STATS, Linux 5.8) until standard input ends, and not longer, however this does. Those of
// the numbers are held meanwhile, so that what is counted of one that is taken away can be read. Says "on" on standard error when it does.
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int count, char **arguments) {
  union bpf_attr attributes;
  char byte;
  memset(&attributes, 0, sizeof attributes);
  attributes.enable_stats.type = BPF_STATS_RUN_TIME;
  if (syscall(SYS_bpf, BPF_ENABLE_STATS, &attributes, sizeof attributes) < 0) {
    perror("BPF_ENABLE_STATS");
    return 1;
  }
  for (int each = 1; each < count; each++) {
    memset(&attributes, 0, sizeof attributes);
    attributes.prog_id = atoi(arguments[each]);
    if (syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &attributes, sizeof attributes) < 0) {
      perror("BPF_PROG_GET_FD_BY_ID");
      return 1;
    }
  }
  fputs("on\n", stderr);
  while (read(0, &byte, 1) > 0) continue;
  return 0;
}
