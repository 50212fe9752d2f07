// The clock of the simulated world.
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
