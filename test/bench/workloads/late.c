// late: reads directories from standard input; makes each with its parents and a file a.timer in it, without a pause between.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void) {
  char path[512];
  while (fgets(path, sizeof path - 16, stdin) != NULL) {
    size_t length = strcspn(path, "\n");
    path[length] = 0;
    for (size_t i = 1; i <= length; i++) {
      if (path[i] != '/' && path[i] != 0) continue;
      char kept = path[i];
      path[i] = 0;
      if (mkdir(path, 0755) != 0 && errno != EEXIST) {
        perror(path);
        return 1;
      }
      path[i] = kept;
    }
    strcpy(path + length, "/a.timer");
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, "x", 1) != 1 || close(fd) != 0) {
      perror(path);
      return 1;
    }
  }
  return 0;
}
