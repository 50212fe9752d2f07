// One pump: fires what is owed, serves what is ready, takes the next steps of handshakes, lets deadlines expire. Each
// part has a share of time, so that nobody waits for all of the others. Pumps nest, because callbacks pump.
//
// Blocking is a separate layer on top: `until` pumps until what a caller waits for has come.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.hpp"
#include "ipdaemon.h"
#include "pump/counters.hpp"
#include "pump/deadlines.hpp"
#include "pump/dispatcher.hpp"
#include "pump/gathering.hpp"
#include "pump/notices.hpp"
#include "pump/owed_list.hpp"
#include "pump/turn_buffers.hpp"
#include "reactor/reactor.hpp"

namespace ipdaemon {

// Serves several sources at once, where that is possible.
class Together {
 public:
  virtual bool serve() = 0;

 protected:
  ~Together() = default;
};

class Pump {
 public:
  Pump(Reactor& reactor, Deadlines& deadlines, OwedList& owed, Dispatcher& dispatcher, TurnBuffers& buffers,
       Notices& notices, Gathering& gathering)
      : reactor_(reactor),
        deadlines_(deadlines),
        owed_(owed),
        dispatcher_(dispatcher),
        buffers_(buffers),
        notices_(notices),
        gathering_(gathering) {}
  Pump(const Pump&) = delete;
  Pump& operator=(const Pump&) = delete;

  // Waits up to `timeout_ms` if there is nothing to do. Returns 0, or HANDLER_STOPPED when a callback has ended it.
  int run(int timeout_ms);

  // The one blocking loop. Pumps in slices of at most wait_slice_ms, and at least once, until
  //  - what `wait` waits for has come, or cannot come any more: its code;
  //  - its time is used up and a last look has found nothing: its code;
  //  - a callback has asked to stop: HANDLER_STOPPED, at once or when the wait is over, as the wait wants it;
  //  - the host wants its thread back, which it is asked between the slices: HANDLER_STOPPED.
  // A nested call sees no difference: it runs inside a callback of one of these pumps, with its own pumps.
  // A `Wait` has
  //    std::int64_t left_ms(now_ms)  for how long it goes on waiting; 0 or less when its time is used up
  //    bool gives_up(&left_ms)       asked then: whether to end with its code, or to go on with more time
  //    bool is_over()                asked after each slice
  //    int code                      what `until` returns when it is over
  //    stops_at_once                 whether a callback that asks to stop ends it before it is over
  template <typename Wait>
  int until(Wait& wait);
  static constexpr int wait_slice_ms = 100;

  // Whether a pump would find something to do without waiting, and how long it would wait at most; -1 for ever.
  bool has_something_due() const { return !owed_.all_empty() || reactor_.has_ready() || !notices_.empty(); }
  int wait_ms() { return has_something_due() ? 0 : deadlines_.wait_ms(monotonic_ms()); }
  // How long turns took, of those in which somebody was ready and no callback failed.
  const Histogram& turns() const { return turns_; }
  // Asked before each source that is ready; null for nobody.
  void set_together(Together* together) { together_ = together; }
  // How many pumps there ever were.
  std::uint64_t runs() const { return runs_; }
  // Whether pumps are nested so deeply on this thread that the next one would run no callback.
  static bool next_is_mute() { return depth_of_thread_ >= callback_depth_max; }

  // The share of time of the part that runs now.
  TimeSlice& slice() { return slice_; }
  // Whether the next step of a handshake may be taken at once, and not in its turn: the first of a turn may, so that a
  // lone one costs nothing more.
  bool may_shake_hands();

  // Calls of the ABI and blocking waits on the stack. While there are any, nothing may be freed that they use.
  void enter_call() { ++calls_; }
  void leave_call() { --calls_; }
  int calls() const { return calls_; }

 private:
  class Level;

  static constexpr int data_depth_max = 64;
  static constexpr int callback_depth_max = 80;
  // How many debtors one pass serves; the next pump goes on.
  static constexpr std::size_t owed_per_pass_max = 4096;
  // For how long each part goes on: over what is owed, what is ready, handshakes, deadlines. Then it is the turn of
  // the others, and of other handles and whatever else the thread has to do.
  static constexpr std::int64_t slice_us = 2000;

  bool has_work() const;
  std::int64_t turn(int timeout_ms);
  std::int64_t serve_ready(int timeout_ms);
  void expire();
  void fire_owed();
  void fire_owed_within_slice();
  void fire_notices();
  void fire_after_others();
  void serve_handshakes();

  static thread_local constinit int depth_of_thread_;  // Pumps on the stack, of all servers.

  Reactor& reactor_;
  Deadlines& deadlines_;
  OwedList& owed_;
  Dispatcher& dispatcher_;
  TurnBuffers& buffers_;
  Notices& notices_;
  Gathering& gathering_;
  Together* together_ = nullptr;
  TimeSlice slice_;
  bool may_shake_hands_at_once_ = false;  // The present turn has taken no step of a handshake out of its order.
  int calls_ = 0;
  Histogram turns_;
  std::uint64_t runs_ = 0;
};

template <typename Wait>
int Pump::until(Wait& wait) {
  bool was_stopped = false;
  for (;;) {
    std::int64_t left_ms = wait.left_ms(monotonic_ms());
    if (left_ms <= 0 && wait.gives_up(&left_ms)) return wait.code;
    if (const int code = run(static_cast<int>(std::clamp<std::int64_t>(left_ms, 0, wait_slice_ms))); code != 0) {
      if (Wait::stops_at_once) return code;
      was_stopped = true;
    }
    if (wait.is_over()) return was_stopped ? IPDAEMON_ERROR_HANDLER_STOPPED : wait.code;
    if (!dispatcher_.may_wait()) return IPDAEMON_ERROR_HANDLER_STOPPED;
  }
}

}  // namespace ipdaemon
