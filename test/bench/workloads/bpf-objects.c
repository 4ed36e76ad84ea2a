// bpf-objects: the ids of all BPF programs, maps and links that the kernel holds now, as JSON. What bpftool lists, where there is no bpftool.
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int list(const char *name, enum bpf_cmd command, const char *end) {
  union bpf_attr attributes;
  unsigned id = 0;
  int why;
  printf("\"%s\": [", name);
  for (;;) {
    memset(&attributes, 0, sizeof attributes);
    attributes.start_id = id;
    why = syscall(SYS_bpf, command, &attributes, sizeof attributes) == 0 ? 0 : errno;
    if (why != 0) break;
    printf("%s%u", id == 0 ? "" : ", ", attributes.next_id);
    id = attributes.next_id;
  }
  printf("]%s", end);
  if (why == ENOENT) return 0;
  fprintf(stderr, "bpf(2) does not list %s: %s\n", name, strerror(why));
  return 1;
}

int main(void) {
  int failed = 0;
  printf("{");
  failed |= list("programs", BPF_PROG_GET_NEXT_ID, ", ");
  failed |= list("maps", BPF_MAP_GET_NEXT_ID, ", ");
  failed |= list("links", BPF_LINK_GET_NEXT_ID, "}\n");
  return failed;
}
