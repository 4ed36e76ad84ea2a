// costs DIRECTORY PROGRAM [COUNT]: what system calls cost right now; with COUNT only of that many execs. Prints JSON: for each the ns of one call, measured in CHUNKS short runs, so that the busy moments of the machine stand out.
// It and its children stay on one processor: where a child is put is worth more than what is measured.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHUNKS 30
extern char **environ;
static char file[512], other[512];
static char *program;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e9 + time.tv_nsec;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void open_close(void) {
  int fd = open(file, O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail(file);
  close(fd);
}

static void status(void) {
  struct stat found;
  if (stat(file, &found) != 0) fail(file);
}

static void create_unlink(void) {
  int fd = open(other, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
  if (fd < 0) fail(other);
  if (write(fd, "x", 1) != 1) fail(other);
  close(fd);
  if (unlink(other) != 0) fail(other);
}

static void exec(void) {
  char *argv[] = {program, NULL};
  pid_t pid;
  int result;
  if (posix_spawn(&pid, program, NULL, NULL, argv, environ) != 0) fail(program);
  waitpid(pid, &result, 0);
  if (result != 0) exit(1);
}

static void measure(const char *name, void (*once)(void), int times, const char *end) {
  printf("\"%s\": [", name);
  for (int chunk = 0; chunk < CHUNKS; chunk++) {
    double start = now();
    for (int i = 0; i < times; i++) once();
    printf("%s%.1f", chunk == 0 ? "" : ", ", (now() - start) / times);
  }
  printf("]%s", end);
}

int main(int argc, char **argv) {
  cpu_set_t one;
  if (argc != 3 && argc != 4) return 2;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  if (sched_setaffinity(0, sizeof one, &one) != 0) fail("sched_setaffinity");
  snprintf(file, sizeof file, "%s/costs-file", argv[1]);
  snprintf(other, sizeof other, "%s/costs-other", argv[1]);
  program = argv[2];
  int fd = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
  if (fd < 0) fail(file);
  close(fd);
  printf("{");
  if (argc == 4) {
    measure("exec", exec, atoi(argv[3]) / CHUNKS, "}\n");
    unlink(file);
    return 0;
  }
  measure("exec", exec, 100, ", ");
  measure("open_close", open_close, 5000, ", ");
  measure("stat", status, 5000, ", ");
  measure("create_unlink", create_unlink, 1000, "}\n");
  unlink(file);
  return 0;
}
