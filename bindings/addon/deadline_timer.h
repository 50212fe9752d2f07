// The timer of a waker, for deadlines of the server. It never keeps the process alive.
#pragma once

#include <uv.h>

#include <cstdint>

namespace ipdaemon::addon {

class DeadlineTimer {
 public:
  // `data` is what the callbacks find in the handle.
  void open(uv_loop_t* loop, void* data, uv_timer_cb on_due) {
    uv_timer_init(loop, &timer_);
    timer_.data = data;
    uv_unref(handle());
    on_due_ = on_due;
  }

  static bool is_due_now(std::int32_t next_ms) { return next_ms == 0; }

  uv_handle_t* handle() { return reinterpret_cast<uv_handle_t*>(&timer_); }

  // `next_ms` is what ipdaemon_next_deadline says. A timer that is due too early costs one turn without work,
  // re-arming it on every turn costs more. So it only ever moves to an earlier time, and is looked at again when
  // it has fired.
  void update(std::int32_t next_ms) {
    const bool is_active = uv_is_active(handle()) != 0;
    if (next_ms < 0) {
      if (is_active) uv_timer_stop(&timer_);
      return;
    }
    // Not the time of the loop, which Deno does not give.
    const std::uint64_t due = uv_hrtime() / 1'000'000 + static_cast<std::uint64_t>(next_ms);
    if (is_active && due_ <= due) return;
    due_ = due;
    // What is due at once has other ways, see is_due_now. One of 0 ms would run again and again before the loop looks
    // at anything else.
    uv_timer_start(&timer_, on_due_, static_cast<std::uint64_t>(next_ms == 0 ? 1 : next_ms), 0);
  }

 private:
  uv_timer_t timer_{};
  uv_timer_cb on_due_ = nullptr;
  std::uint64_t due_ = 0;
};

}  // namespace ipdaemon::addon
