// The log of a run: lines of text with the virtual time in front. All lines are hashed, so that two
// runs can be compared; the last ones are kept for a failure's report.
#pragma once

#include <array>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <string>

#include "base/bytes.hpp"

namespace ipdaemon::sim {

class Log {
 public:
  explicit Log(bool trace) : trace_(trace) {}

  void set_clock(const std::int64_t* now_us) { now_us_ = now_us; }
  void write(const char* format, ...) __attribute__((format(printf, 2, 3)));
  // A line that is shown with --trace and belongs to no log.
  void note(const std::string& text) const;
  bool traces() const { return trace_; }
  std::uint64_t hash() const { return hash_; }
  std::uint64_t lines() const { return lines_; }
  std::string tail() const;
  // How deep the calls and events are nested: the indentation of a line.
  int depth = 0;

 private:
  static constexpr std::size_t line_length_max = 240;
  static constexpr std::size_t tail_length = 80;

  bool trace_;
  const std::int64_t* now_us_ = nullptr;
  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
  std::uint64_t lines_ = 0;
  std::array<std::array<char, line_length_max>, tail_length> tail_{};
};

// At most a few dozen bytes in readable form, for a line of the log.
std::string shown(BytesView bytes);
std::uint64_t hash_of(BytesView bytes);

}  // namespace ipdaemon::sim
