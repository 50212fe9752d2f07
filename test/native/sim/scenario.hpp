// One run: a world, peers, programs, troubles, all drawn from Choices; then a calm end in which
// everything has to come to rest, and the closing of all handles.
#pragma once

#include <cstdint>
#include <string>

#include "choices.hpp"

namespace ipdaemon::sim {

struct RunResult {
  std::string failure;  // Empty: all promises were kept.
  std::uint64_t hash = 0;
  std::uint64_t events = 0;
  std::uint64_t calls = 0;
  std::string tail;  // The last lines of the log of a run that failed.
};

// A mix of everything, different for each source of choices. What settings that came later are, is drawn from a source
// of its own, `later`, so that the runs of before stay what they were; null: these settings are not used.
RunResult run_mixed(Choices* choices, bool trace, Choices* later = nullptr);

// Whether run_mixed with this seed lets memory run out. Which allocation fails depends on what the
// library keeps from runs before; such a run is only the same again in a process of its own.
bool needs_own_process(std::uint64_t seed);

// `count` connections in one server, of which some are active.
RunResult run_many(Choices* choices, bool trace, int count);

// `count` connections that come and go while one callback pumps: nothing of them stays. They keep their ends open, so
// that the server's have to wait.
RunResult run_gateway(Choices* choices, bool trace, int count);

// Prints the last lines of the run that is going on, for a crash.
void print_current_tail();

}  // namespace ipdaemon::sim
