// What a host's loop goes by: when it has to pump. It learns of a change outside of all calls, where it asks.
#pragma once

#include <cstdint>

namespace ipdaemon {

struct HostView {
  bool wants_poll = false;
  bool due_now = false;
  std::int64_t next_look = 0;
  std::uint64_t pumps = 0;  // A pump may change everything, also what another thread waits for.
  bool operator==(const HostView&) const = default;
};

}  // namespace ipdaemon
