// When a wait of a poller or a waiter ends.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.hpp"

namespace ipdaemon {

class WaitLimit {
 public:
  // -1: never.
  explicit WaitLimit(int timeout_ms)
      : is_endless_(timeout_ms < 0), end_us_(timeout_ms > 0 ? monotonic_us() + std::int64_t{timeout_ms} * 1000 : 0) {}

  // Rounded up, so that no wait ends before its time. -1 for ever.
  int remaining_ms() const {
    if (is_endless_) return -1;
    return end_us_ == 0 ? 0 : static_cast<int>((std::max<std::int64_t>(end_us_ - monotonic_us(), 0) + 999) / 1000);
  }

 private:
  const bool is_endless_;
  const std::int64_t end_us_;
};

}  // namespace ipdaemon
