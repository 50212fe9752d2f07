// Processor time that another process has used, all threads together, from the system's accounting.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>

namespace bench {

struct CpuTime {
  bool known = false;
  double total = 0;   // seconds, exact to the nanosecond
  double user = 0;    // seconds, in the system's ticks
  double system = 0;  // likewise
};

inline double seconds_of(const timespec& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// The process clock gives the exact sum; only /proc/<pid>/stat has it split, in ticks of 10 ms.
inline CpuTime cpu_time_of(pid_t pid) {
  CpuTime result;
  if (pid <= 0) return result;
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/stat", static_cast<int>(pid));
  std::FILE* file = std::fopen(path, "re");
  if (file == nullptr) return result;
  unsigned long user = 0;
  unsigned long system = 0;
  // The name in parentheses may hold blanks; what follows the last parenthesis is a fixed list.
  const int fields =
      std::fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
  std::fclose(file);
  if (fields != 2) return result;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  result.user = static_cast<double>(user) / ticks;
  result.system = static_cast<double>(system) / ticks;
  result.total = result.user + result.system;
  result.known = true;
  clockid_t clock{};
  timespec time{};
  if (clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &time) == 0) result.total = seconds_of(time);
  return result;
}

}  // namespace bench
