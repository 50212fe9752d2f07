// Looks into the library after each call: what always holds of a connection must hold (Connection::check), and with
// --trace each connection whose state has changed is described in a line of its own. This hashes and changes nothing.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "ipdaemon.h"
#include "log.hpp"
#include "program.hpp"

namespace ipdaemon::sim {

// Looks for as long as it lives; one at a time.
class StateCheck {
 public:
  StateCheck(const Program* program, Log* log);
  ~StateCheck();
  StateCheck(const StateCheck&) = delete;
  StateCheck& operator=(const StateCheck&) = delete;

  // A bit for each IPDAEMON_CLOSED_* that ended a connection since this was asked for.
  static std::uint32_t take_reasons();

 private:
  static void look();
  void describe(ipdaemon_t handle);

  const Program& program_;
  Log& log_;
  std::map<std::pair<ipdaemon_t, int>, std::string> described_;
};

}  // namespace ipdaemon::sim
