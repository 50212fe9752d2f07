// Monotonic time. One file per system defines it; the simulator's runs as fast as its events.
#pragma once

#include <cstdint>

namespace ipdaemon {

// Never goes back, has no relation to the time of day.
std::int64_t monotonic_us();

inline std::int64_t monotonic_ms() {
  return monotonic_us() / 1000;
}

}  // namespace ipdaemon
