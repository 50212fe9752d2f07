// Memory that runs out on demand. The simulator's executable replaces the global operator new: while
// library code runs, an allocation may fail by the plan of the run; while the simulator's own code
// runs, none does. Also counts what the library holds, to see that closing gives everything back.
#pragma once

#include <cstdint>

namespace ipdaemon::sim {

struct MemoryPlan {
  int per_ten_thousand = 0;  // How many allocations fail at random.
  std::int64_t first = -1;   // Counted from the start of the run: allocations from this one on fail ...
  std::int64_t count = 0;    // ... so many of them.
  std::uint64_t seed = 0;
};

void plan_memory(const MemoryPlan& plan);
void stop_memory_failures();         // From now on; the count of the failures stays.
std::int64_t memory_failures();      // Injected since plan_memory.
std::int64_t library_allocations();  // Blocks the library holds now.
std::int64_t library_bytes();

// What to do whenever a call of the library has returned; null for nothing.
extern void (*after_library_call)();

// For the time of its life, code counts as the library's.
class LibraryCode {
 public:
  LibraryCode();
  ~LibraryCode();
  LibraryCode(const LibraryCode&) = delete;
  LibraryCode& operator=(const LibraryCode&) = delete;

 private:
  bool before_;
};

// For the time of its life, code counts as the simulator's.
class SimulatorCode {
 public:
  SimulatorCode();
  ~SimulatorCode();
  SimulatorCode(const SimulatorCode&) = delete;
  SimulatorCode& operator=(const SimulatorCode&) = delete;

 private:
  bool before_;
};

// Runs library code: allocations are the library's, and may fail.
template <typename Function>
auto library(Function function) {
  const LibraryCode guard;
  return function();
}

// Looks at the library without disturbing it: allocations succeed.
template <typename Function>
auto undisturbed(Function function) {
  const SimulatorCode guard;
  return function();
}

}  // namespace ipdaemon::sim
