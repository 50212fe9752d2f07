// How many of something there may be in a time: a bucket that is full at first, and that fills again evenly. It only
// keeps what was taken, so it is full again whenever its size changes.
#pragma once

#include <algorithm>
#include <cstdint>

namespace ipdaemon {

// So many in so many microseconds, and how many the bucket holds, in microseconds of one of them: whole numbers keep it
// exact.
struct Rate {
  std::int64_t count = 0;
  std::int64_t interval_us = 1;
  std::int64_t size = 0;

  static Rate of(std::int64_t count, std::int64_t interval_us) { return {count, interval_us, count * interval_us}; }
};

class RateBucket {
 public:
  bool take(const Rate& rate, std::int64_t now_us) {
    settle(rate, now_us);
    if (spent_ + rate.interval_us > rate.size) return false;
    spent_ += rate.interval_us;
    return true;
  }
  void give_back(const Rate& rate) { spent_ = std::max<std::int64_t>(0, spent_ - rate.interval_us); }
  // How long until one can be taken; 0 for now.
  std::int64_t wait_us(const Rate& rate, std::int64_t now_us) const {
    const std::int64_t lacks = spent_at(rate, now_us) + rate.interval_us - rate.size;
    return lacks <= 0 ? 0 : (lacks + rate.count - 1) / rate.count;
  }

 private:
  std::int64_t spent_at(const Rate& rate, std::int64_t now_us) const {
    const std::int64_t elapsed_us = now_us - settled_us_;
    return elapsed_us > spent_ / rate.count ? 0 : spent_ - elapsed_us * rate.count;
  }
  void settle(const Rate& rate, std::int64_t now_us) {
    spent_ = spent_at(rate, now_us);
    settled_us_ = now_us;
  }

  std::int64_t spent_ = 0;
  std::int64_t settled_us_ = 0;
};

}  // namespace ipdaemon
