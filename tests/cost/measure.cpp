// SPDX-License-Identifier: Apache-2.0
// measure SECONDS COMMAND ARGUMENTS...: run the command, with at most so much processor time for each of its processes,
// and print the processor time and the peak memory of it and its children, the processor time with the system's share
// (which the limit counts, and which is noisier), and the time on the clock, as "1234 ms 210 MB 1290 ms 1301 ms". Ends with
// the command's own status.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

int main(int argument_count, char** arguments) {
  const rlim_t seconds = argument_count < 3 ? 0 : std::strtoul(arguments[1], nullptr, 10);
  if (seconds == 0) {
    std::fputs("measure SECONDS COMMAND ARGUMENTS...\n", stderr);
    return 2;
  }
  const auto start = std::chrono::steady_clock::now();
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
  const auto milliseconds = [](const timeval& t) { return t.tv_sec * 1000 + t.tv_usec / 1000; };
  const long user = milliseconds(used.ru_utime), all = user + milliseconds(used.ru_stime);
  const std::chrono::duration<double, std::milli> wall = std::chrono::steady_clock::now() - start;
  std::printf("%ld ms %ld MB %ld ms %.0f ms\n", user, used.ru_maxrss / 1024, all, wall.count());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
