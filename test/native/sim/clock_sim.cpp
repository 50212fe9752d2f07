// The clocks of the simulated world.
#include <sys/time.h>

#include <ctime>

#include "base/clock.hpp"
#include "memory_sim.hpp"
#include "world.hpp"

namespace ipdaemon {

std::int64_t monotonic_us() {
  const sim::SimulatorCode guard;
  sim::World* world = sim::World::current();
  return world != nullptr ? world->read_clock() : 0;
}

}  // namespace ipdaemon

namespace {

// The world's beginning: 1 January 2026.
constexpr std::int64_t epoch_s = 1767225600;

std::int64_t time_of_day_us() {
  const ipdaemon::sim::World* world = ipdaemon::sim::World::current();
  return epoch_s * 1000000 + (world != nullptr ? world->now_us() : 0);
}

}  // namespace

// The time of day, in place of the C library's. This program exports the names, so that OpenSSL, which is loaded
// later, finds these, too: certificates and tickets carry the time, and a seed must give the same bytes each time.
extern "C" {

#define IPD_SIM_EXPORT __attribute__((visibility("default")))

IPD_SIM_EXPORT std::time_t time(std::time_t* result) noexcept {
  const auto now = static_cast<std::time_t>(time_of_day_us() / 1000000);
  if (result != nullptr) *result = now;
  return now;
}

IPD_SIM_EXPORT int gettimeofday(timeval* result, void* /*zone*/) noexcept {
  const std::int64_t now = time_of_day_us();
  result->tv_sec = static_cast<decltype(result->tv_sec)>(now / 1000000);
  result->tv_usec = static_cast<decltype(result->tv_usec)>(now % 1000000);
  return 0;
}

#undef IPD_SIM_EXPORT
}
