// storm DIRECTORY COUNT EXTENSION: makes, writes and closes COUNT files one after the other. Prints JSON: ns a file, and the slowest file in ns.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  int count = atoi(argv[2]);
  char path[512];
  long long start = now(), slowest = 0, before = start;
  for (int i = 0; i < count; i++) {
    snprintf(path, sizeof path, "%s/f%d.%s", argv[1], i, argv[3]);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, "x", 1) != 1 || close(fd) != 0) {
      perror(path);
      return 1;
    }
    long long after = now();
    if (after - before > slowest) slowest = after - before;
    before = after;
  }
  printf("{\"each\": %.1f, \"slowest\": %lld}\n", (double)(before - start) / count, slowest);
  return 0;
}
