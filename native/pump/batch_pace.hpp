// How many callbacks may be delayed together, so that what they send leaves in one system call: many while they are
// quick, one at a time when they are slow. What the first of a batch has sent must not wait long for the last.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.hpp"

namespace ipdaemon {

class BatchPace {
 public:
  // How many callbacks may be gathered or cut ahead for.
  int limit() const { return limit_; }

  // Callbacks that are measured together begin, or have ended.
  void forget() { measured_ = 0; }
  // Before a callback. The clock is looked at once for as many as may be delayed together.
  void start() {
    if (measured_ == 0) start_us_ = monotonic_us();
  }
  // After `count` callbacks. Returns false if they were so slow that what they have sent must not wait.
  bool is_quick(int count) {
    measured_ += count;
    if (measured_ < limit_) return true;
    const std::int64_t elapsed_us = monotonic_us() - start_us_;
    measured_ = 0;
    if (elapsed_us > slow_us) {
      limit_ = std::max(1, limit_ / 4);
      return false;
    }
    if (elapsed_us < fast_us) limit_ = std::min(limit_max, limit_ * 2);
    return true;
  }

 private:
  static constexpr std::int64_t slow_us = 1000;
  static constexpr std::int64_t fast_us = 250;
  static constexpr int limit_max = 256;

  int measured_ = 0;  // Callbacks since the clock was last looked at.
  std::int64_t start_us_ = 0;
  int limit_ = 64;
};

}  // namespace ipdaemon
