// SPDX-License-Identifier: Apache-2.0
// measure SECONDS COMMAND ARGUMENTS...: run the command, with at most so much processor time for each of its processes,
// and print the processor time and the peak memory of it and its children, as "1234 ms 210 MB". Ends with the command's
// own status.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

int main(int argument_count, char** arguments) {
  const rlim_t seconds = argument_count < 3 ? 0 : std::strtoul(arguments[1], nullptr, 10);
  if (seconds == 0) {
    std::fputs("measure SECONDS COMMAND ARGUMENTS...\n", stderr);
    return 2;
  }
  const pid_t child = fork();
  if (child == 0) {
    const rlimit limit{seconds, seconds};
    if (setrlimit(RLIMIT_CPU, &limit) == 0) execvp(arguments[2], arguments + 2);
    std::perror(arguments[2]);
    _exit(127);
  }
  int status = 0;
  rusage used{};
  if (child < 0 || wait4(child, &status, 0, &used) != child) {
    std::perror("measure");
    return 2;
  }
  const long milliseconds = used.ru_utime.tv_sec * 1000 + used.ru_utime.tv_usec / 1000;
  std::printf("%ld ms %ld MB\n", milliseconds, used.ru_maxrss / 1024);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
