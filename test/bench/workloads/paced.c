// paced DIRECTORY COUNT LEAST_US MOST_US: makes COUNT files with pauses between, evenly spread from LEAST to MOST.
// Each is named by the moment before it was made, in ns of CLOCK_MONOTONIC: the clock that the reader has too, and that nobody sets.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  int count = atoi(argv[2]), least = atoi(argv[3]), most = atoi(argv[4]);
  char path[512];
  srand(1);
  for (int i = 0; i < count; i++) {
    struct timespec time;
    usleep(least + rand() % (most - least + 1));
    clock_gettime(CLOCK_MONOTONIC, &time);
    snprintf(path, sizeof path, "%s/%lld.timer", argv[1], time.tv_sec * 1000000000LL + time.tv_nsec);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, "x", 1) != 1 || close(fd) != 0) {
      perror(path);
      return 1;
    }
  }
  return 0;
}
