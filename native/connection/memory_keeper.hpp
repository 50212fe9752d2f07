// Sees to it that the memory of a crowd is given back to the system when the crowd has gone. The C library
// keeps it otherwise, since nobody knows whether it will be wanted again: a server that has had thousands
// of unfinished handshakes at once would be large for ever.
#pragma once

#include <cstddef>

#include "base/clock.hpp"
#include "base/memory.hpp"
#include "pump/deadlines.hpp"

namespace ipdaemon {

class MemoryKeeper final : public Deadline {
 public:
  explicit MemoryKeeper(Deadlines& deadlines) : deadlines_(deadlines) {}

  // How many connections there are now.
  void note(std::size_t count) {
    count_ = count;
    if (count > most_) {
      most_ = count;
    } else if (is_low() && !is_set()) {
      deadlines_.set(this, monotonic_ms() + pause_ms);
    }
  }

  // A busy server, whose connections come and go, is never low; and the next wave of an attack comes
  // within the pause.
  void on_deadline(std::int64_t) override {
    if (is_low()) give_back();
  }
  // All of them are gone and freed.
  void finish() {
    if (most_ >= worthwhile) give_back();
  }

  static constexpr std::size_t worthwhile = 256;
  static constexpr std::int64_t pause_ms = 1000;

 private:
  bool is_low() const { return most_ >= worthwhile && count_ < most_ / 4; }
  void give_back() {
    most_ = count_;
    give_back_memory();
  }

  Deadlines& deadlines_;
  std::size_t count_ = 0;
  std::size_t most_ = 0;  // Since the last time.
};

}  // namespace ipdaemon
