// Latencies in buckets that grow with the value: 64 to each power of two, so a percentile is off by
// 1.6 % at most, and recording is a shift and an increment.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace bench {

class Histogram {
 public:
  void record(std::int64_t nanoseconds) {
    const std::uint64_t value = nanoseconds > 0 ? static_cast<std::uint64_t>(nanoseconds) : 0;
    ++buckets_[bucket_of(value)];
    ++count_;
    if (value > maximum_) maximum_ = value;
  }

  void clear() { *this = Histogram(); }

  std::uint64_t count() const { return count_; }
  double maximum_us() const { return static_cast<double>(maximum_) / 1000.0; }

  // The smallest latency that at least `share` (0 to 1) of all stayed within; 0 without any.
  double percentile_us(double share) const {
    const double wanted = share * static_cast<double>(count_);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      seen += buckets_[i];
      if (seen > 0 && static_cast<double>(seen) >= wanted) return static_cast<double>(middle_of(i)) / 1000.0;
    }
    return 0;
  }

 private:
  static constexpr unsigned bits = 6;
  static constexpr std::uint64_t per_power = 1U << bits;

  static std::size_t bucket_of(std::uint64_t value) {
    if (value < per_power) return value;
    const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - bits - 1;
    return (shift + 1) * per_power + ((value >> shift) - per_power);
  }
  static std::uint64_t middle_of(std::size_t bucket) {
    if (bucket < per_power) return bucket;
    const unsigned shift = static_cast<unsigned>(bucket / per_power) - 1;
    const std::uint64_t low = (per_power + bucket % per_power) << shift;
    return low + (std::uint64_t{1} << shift) / 2;
  }

  std::array<std::uint64_t, (64 - bits + 1) * per_power> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t maximum_ = 0;
};

}  // namespace bench
