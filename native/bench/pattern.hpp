// The endless stream of bytes that a connection sends and expects back.
//
// It is a block of random bytes (or of random lines) repeated for ever, and every connection starts at
// another place of it, so that bytes lost, doubled, reordered or sent to a wrong peer do not compare.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

class Pattern {
 public:
  // Random bytes of all 256 values.
  static Pattern of_bytes(std::size_t longest_view) {
    Pattern pattern;
    pattern.period_ = 65521;
    pattern.step_ = 1;
    pattern.bytes_.reserve(pattern.period_ + longest_view);
    for (std::size_t i = 0; i < pattern.period_; ++i) pattern.bytes_ += static_cast<char>(pattern.random());
    return pattern.repeat(longest_view);
  }

  // Lines of `length` bytes, of which the last is a line feed and the others are printable.
  static Pattern of_lines(std::size_t length, std::size_t longest_view) {
    Pattern pattern;
    const std::size_t lines = 1021;
    pattern.period_ = lines * length;
    pattern.step_ = length;
    pattern.bytes_.reserve(pattern.period_ + longest_view);
    for (std::size_t line = 0; line < lines; ++line) {
      for (std::size_t i = 1; i < length; ++i) pattern.bytes_ += static_cast<char>('!' + pattern.random() % 94);
      pattern.bytes_ += '\n';
    }
    return pattern.repeat(longest_view);
  }

  // The stream of connection `number` from `offset` on: at most `length` bytes, and at least one.
  std::string_view view(std::uint64_t number, std::uint64_t offset, std::size_t length) const {
    const std::uint64_t start = number * 7919 * step_;
    const auto position = static_cast<std::size_t>((start + offset) % period_);
    return std::string_view(bytes_).substr(position, std::min(length, longest_view_));
  }

 private:
  Pattern repeat(std::size_t longest_view) {
    longest_view_ = std::max<std::size_t>(longest_view, 1);
    while (bytes_.size() < period_ + longest_view_) bytes_ += bytes_[bytes_.size() - period_];
    return std::move(*this);
  }

  // xorshift64*: always the same sequence, so two runs send the same bytes.
  unsigned random() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return static_cast<unsigned>((state_ * 2685821657736338717ULL) >> 56);
  }

  std::string bytes_;
  std::size_t period_ = 1;
  std::size_t step_ = 1;
  std::size_t longest_view_ = 1;
  std::uint64_t state_ = 88172645463325252ULL;
};

}  // namespace bench
