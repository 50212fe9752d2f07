// One turn: wait, then call each source that can make progress. Turns nest, because a callback may
// pump events itself, for as long as its program likes. They share one list of what the poller has reported,
// so an inner turn goes on where the outer one stopped.
//
// What was closed cannot wait for the outermost turn to be freed. The rule: closed sources are freed at the
// end of every pump, a nested one too, and at no other time than that and the end of the outermost call;
// except those with a pin. A pointer to a source is therefore good until something pumps, and whoever uses it
// after that holds a pin meanwhile. Four do:
//  - Reactor::serve, on the source that has been told that it is ready,
//  - Server::run_callback, on the connection whose callback runs,
//  - Connection::wait_until_sent, on the connection that it waits for,
//  - DataGroup, on the connection whose handler runs.
// The list of what was reported has none: a source is taken out of it when it is closed.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/clock.hpp"
#include "reactor/poller.hpp"
#include "reactor/source.hpp"

namespace ipdaemon {

// A share of processor time: work is done a piece at a time until it is used up. The clock is looked at
// seldom while the pieces are small, and after each one when they are not.
class TimeSlice {
 public:
  // Returns what the clock says.
  std::int64_t begin(std::int64_t length_us) {
    looked_us_ = monotonic_us();
    end_us_ = looked_us_ + length_us;
    until_look_ = stride_;  // Of the slice before, since work is much the same from one to the next.
    is_over_ = false;
    return looked_us_;
  }
  // What the clock said when it was last looked at.
  std::int64_t looked_us() const { return looked_us_; }
  // To be asked after each piece of work.
  bool is_over() {
    if (is_over_ || --until_look_ > 0) return is_over_;
    look();
    return is_over_;
  }
  // The same after a piece that is known to be large.
  bool is_over_now() {
    if (!is_over_) look();
    return is_over_;
  }

 private:
  static constexpr int stride_max = 8;
  static constexpr std::int64_t slow_us = 250;

  void look() {
    const std::int64_t now_us = monotonic_us();
    stride_ = now_us - looked_us_ > slow_us ? 1 : stride_ < stride_max ? 2 * stride_ : stride_max;
    until_look_ = stride_;
    looked_us_ = now_us;
    is_over_ = now_us >= end_us_;
  }

  std::int64_t looked_us_ = 0;
  std::int64_t end_us_ = 0;
  int stride_ = stride_max;
  int until_look_ = stride_max;
  bool is_over_ = true;
};

class Reactor {
 public:
  explicit Reactor(std::unique_ptr<Poller> poller) : poller_(std::move(poller)) {}
  ~Reactor() { free_retired(); }

  Poller& poller() { return *poller_; }

  // Serves what the poller has reported and nobody has served yet; if there is nothing, waits up to
  // `timeout_ms` first. Calls `begin` before the first source, and after each one `between`, which ends the
  // turn by returning false. What was not served is served first by the next turn. `together` may serve several of
  // them, and says whether it has.
  template <typename Begin, typename Together, typename Between>
  void turn(int timeout_ms, Begin begin, Together together, Between between);
  // The record that is `ahead` places behind the next one to be served; null if there are not so many.
  const Ready* upcoming(std::size_t ahead) const {
    const std::size_t at = static_cast<std::size_t>(next_) + ahead;
    return at < static_cast<std::size_t>(count_) ? &ready_[at] : nullptr;
  }
  // So many of them have been served by other means.
  void skip(std::size_t count) { next_ += static_cast<int>(count); }
  // Whether a turn has work without waiting.
  bool has_ready() const { return next_ < count_; }

  // Takes a source that was closed, to be freed by free_retired. It is not told of anything any more.
  void retire(std::unique_ptr<Source> source);
  // Frees all of them that have no pin.
  void free_retired();

 private:
  static constexpr int ready_max = 128;

  static void serve(const Ready& ready);

  std::unique_ptr<Poller> poller_;
  std::array<Ready, ready_max> ready_;
  int next_ = 0;   // The first record that was not served.
  int count_ = 0;  // Records of the last wait.
  std::unique_ptr<Source> retired_;
};

template <typename Begin, typename Together, typename Between>
void Reactor::turn(int timeout_ms, Begin begin, Together together, Between between) {
  if (!has_ready()) {
    next_ = 0;
    count_ = 0;
    count_ = poller_->wait(ready_.data(), ready_max, timeout_ms);
  }
  if (has_ready()) begin();
  while (has_ready()) {
    if (together()) {
      if (!between()) return;
      continue;
    }
    const Ready ready = ready_[static_cast<std::size_t>(next_++)];
    if (ready.token == nullptr) continue;  // Retired since.
    serve(ready);
    if (!between()) return;
  }
}

}  // namespace ipdaemon
