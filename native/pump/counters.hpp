// What a server counts, by the rows of ipdaemon_counters.def.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>

#include "ipdaemon.h"

namespace ipdaemon {

// Times, in buckets whose upper limits grow by powers of 4 from a quarter of a millisecond.
class Histogram {
 public:
  static constexpr int bucket_count = 12;
  static constexpr std::int64_t limit_us(int bucket) { return std::int64_t{250} << (2 * bucket); }

  // Less than nothing is what clocks say that were looked at in another order.
  void add(std::int64_t us) {
    us = std::max<std::int64_t>(us, 0);
    int bucket = 0;
    while (bucket < bucket_count && us > limit_us(bucket)) ++bucket;
    ++counts_[static_cast<std::size_t>(bucket)];
    sum_us_ += us;
  }
  // How many were within a bucket, alone; the one behind the last has what was longer.
  std::int64_t count(int bucket) const { return counts_[static_cast<std::size_t>(bucket)]; }
  std::int64_t sum_us() const { return sum_us_; }

 private:
  std::array<std::int64_t, bucket_count + 1> counts_{};
  std::int64_t sum_us_ = 0;
};

class Counters {
 public:
  // The rows that have a number of their own here: not the gauges, and not what follows from other rows.
  void count(int counter, std::int64_t by = 1) { plain_[static_cast<std::size_t>(counter)] += by; }
  // A peer did not become a connection: IPDAEMON_REFUSED_*.
  void refuse(int reason, std::int64_t by = 1) { refused_[static_cast<std::size_t>(reason)] += by; }
  // A connection that had been accepted has ended: IPDAEMON_CLOSED_*.
  void close(int reason) { ++closed_[static_cast<std::size_t>(reason)]; }

  std::int64_t refused(int reason) const { return refused_[static_cast<std::size_t>(reason)]; }
  std::int64_t closed(int reason) const { return closed_[static_cast<std::size_t>(reason)]; }
  std::int64_t closed() const { return std::accumulate(closed_.begin() + 1, closed_.end(), std::int64_t{0}); }

  // By IPDAEMON_COUNTER_*, which may be of a reason. -1 for what is none; gauges read as 0.
  std::int64_t value(int counter) const {
    switch (counter) {
      case IPDAEMON_COUNTER_REFUSED_FULL:
        return refused(IPDAEMON_REFUSED_FULL);
      case IPDAEMON_COUNTER_REFUSED_PROGRAM:
        return refused(IPDAEMON_REFUSED_PROGRAM) + refused(IPDAEMON_REFUSED_ALLOWED_CLIENTS);
      case IPDAEMON_COUNTER_REFUSED_CLOSED:
        return refused(IPDAEMON_REFUSED_NOT_LISTENING);
      case IPDAEMON_COUNTER_CLOSED_ALL:
        return closed();
      default:
        break;
    }
    if (is_in(counter, 0, plain_.size())) return plain_[static_cast<std::size_t>(counter)];
    if (is_in(counter, IPDAEMON_COUNTER_REFUSED, refused_.size())) return refused(counter - IPDAEMON_COUNTER_REFUSED);
    if (is_in(counter, IPDAEMON_COUNTER_CLOSED, closed_.size())) return closed(counter - IPDAEMON_COUNTER_CLOSED);
    return -1;
  }

  Histogram handshakes;   // From their beginning on.
  Histogram connections;  // From accept to the end.

 private:
  // Numbers begin with 1.
  static bool is_in(int counter, int before_first, std::size_t length) {
    return counter > before_first &&
           static_cast<std::size_t>(counter) - static_cast<std::size_t>(before_first) < length;
  }

  std::array<std::int64_t, IPDAEMON_COUNTER_END> plain_{};
  std::array<std::int64_t, IPDAEMON_REFUSED_END> refused_{};
  std::array<std::int64_t, IPDAEMON_CLOSED_END> closed_{};
};

}  // namespace ipdaemon
