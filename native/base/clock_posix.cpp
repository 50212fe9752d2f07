// The system's monotonic clock. It does not count the time the machine sleeps where the system
// leaves the choice, so that a laptop that wakes up does not find every idle time-out expired.
#include "base/clock.hpp"

#include <time.h>

namespace ipdaemon {

std::int64_t monotonic_us() {
  struct timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
}

}  // namespace ipdaemon
