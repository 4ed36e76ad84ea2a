// spawn RESULTS UID COUNT PREFIX DIRECTORY PROGRAM [ARGUMENT…]
// Runs PROGRAM COUNT times, one after the other, as UID, in DIRECTORY (its working directory). In the arguments {} stands for PREFIX followed by the number, {n} for the number.
// Appends one line a process to RESULTS: PREFIX+number, pid, parent's pid, uid, then the arguments, separated by 0x1f.
// The parents change every CHUNK processes and are gone soon: a parent that is named from memory or by chance is found out.
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK 50
#define MOST_ARGUMENTS 32
#define SIZE 512
extern char **environ;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void fill(char *out, const char *template, const char *file, int number) {
  char *end = out + SIZE - 1;
  while (*template && out < end) {
    if (strncmp(template, "{}", 2) == 0) {
      out += snprintf(out, end - out, "%s", file);
      template += 2;
    } else if (strncmp(template, "{n}", 3) == 0) {
      out += snprintf(out, end - out, "%d", number);
      template += 3;
    } else *out++ = *template++;
  }
  *out = 0;
}

static void one(FILE *results, const char *prefix, char **arguments, int count, int number) {
  static char filled[MOST_ARGUMENTS][SIZE];
  char *argv[MOST_ARGUMENTS + 1];
  char file[SIZE];
  pid_t pid;
  int status;
  snprintf(file, sizeof file, "%s%d.timer", prefix, number);
  for (int i = 0; i < count; i++) {
    fill(filled[i], arguments[i], file, number);
    argv[i] = filled[i];
  }
  argv[count] = NULL;
  if (posix_spawn(&pid, argv[0], NULL, NULL, argv, environ) != 0) fail(argv[0]);
  waitpid(pid, &status, 0);
  if (status != 0) {
    fprintf(stderr, "%s ended with %d\n", argv[0], status);
    exit(1);
  }
  fprintf(results, "%s\x1f%d\x1f%d\x1f%d", file, pid, getpid(), getuid());
  for (int i = 0; i < count; i++) fprintf(results, "\x1f%s", argv[i]);
  fputc('\n', results);
}

int main(int argc, char **argv) {
  if (argc < 7 || argc - 6 > MOST_ARGUMENTS) {
    fprintf(stderr, "spawn RESULTS UID COUNT PREFIX DIRECTORY PROGRAM [ARGUMENT...]\n");
    return 2;
  }
  int count = atoi(argv[3]);
  uid_t uid = atoi(argv[2]);
  FILE *results = fopen(argv[1], "ae");
  if (results == NULL) fail(argv[1]);
  if (chdir(argv[5]) != 0) fail(argv[5]);
  umask(022);
  if (setgroups(0, NULL) != 0 || setresgid(uid, uid, uid) != 0 || setresuid(uid, uid, uid) != 0) fail("setresuid");
  for (int first = 0; first < count; first += CHUNK) {
    int status;
    pid_t parent = fork();
    if (parent < 0) fail("fork");
    if (parent == 0) {
      for (int i = first; i < first + CHUNK && i < count; i++) one(results, argv[4], argv + 6, argc - 6, i);
      fflush(results);
      _exit(0);
    }
    waitpid(parent, &status, 0);
    if (status != 0) return 1;
  }
  return 0;
}
