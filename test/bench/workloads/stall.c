// stall PID STOPPED_MS RUNNING_MS: stops and continues a process in this rhythm until standard input ends. Prints the rounds.
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  pid_t pid = atoi(argv[1]);
  struct pollfd input = {.fd = 0, .events = POLLIN};
  int rounds = 0, ended = 0;
  signal(SIGINT, SIG_IGN);
  while (!ended && kill(pid, SIGSTOP) == 0) {
    ended = poll(&input, 1, atoi(argv[2])) > 0;
    kill(pid, SIGCONT);
    if (!ended) ended = poll(&input, 1, atoi(argv[3])) > 0;
    rounds++;
  }
  printf("%d\n", rounds);
  return 0;
}
