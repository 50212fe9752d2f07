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
};

// A mix of everything, different for each source of choices.
RunResult run_mixed(Choices* choices, bool trace);

// `count` connections in one server, of which some are active.
RunResult run_many(Choices* choices, bool trace, int count);

// Prints the last lines of the run that is going on, for a crash.
void print_current_tail();

}  // namespace ipdaemon::sim
