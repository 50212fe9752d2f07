// The performance counter: monotonic, and the same for all processors.
#include <windows.h>

#include "base/clock.hpp"

namespace ipdaemon {

std::int64_t monotonic_us() {
  static const std::int64_t per_second = [] {
    LARGE_INTEGER frequency;
    QueryPerformanceFrequency(&frequency);
    return frequency.QuadPart;
  }();
  LARGE_INTEGER now;
  QueryPerformanceCounter(&now);
  // In two parts, because the product of all of it may be too large.
  return now.QuadPart / per_second * 1'000'000 + now.QuadPart % per_second * 1'000'000 / per_second;
}

}  // namespace ipdaemon
