#include "pump/pump.hpp"

#include <new>
#include <utility>

namespace ipdaemon {

thread_local constinit int Pump::depth_of_thread_ = 0;

// One level of nesting: what callbacks may do on it, and its buffers.
class Pump::Level {
 public:
  explicit Level(Pump& pump) : pump_(pump), outer_across_(pump.gathering_.set_across_callbacks(false)) {
    pump_.buffers_.enter_level();
    const int depth = ++depth_of_thread_;
    outer_ = pump_.dispatcher_.exchange(
        {.stopped = false, .holds_data = depth > data_depth_max, .is_mute = depth > callback_depth_max});
  }
  ~Level() {
    --depth_of_thread_;
    pump_.dispatcher_.exchange(outer_);
    pump_.gathering_.set_across_callbacks(outer_across_);
    pump_.buffers_.leave_level();
    pump_.reactor_.free_retired();
  }
  Level(const Level&) = delete;
  Level& operator=(const Level&) = delete;

 private:
  Pump& pump_;
  const bool outer_across_;
  Dispatcher::Pumping outer_;
};

int Pump::run(int timeout_ms) {
  ++runs_;
  Gathering::flush_thread();
  dispatcher_.cancel_batch();
  const Level level(*this);
  const std::uint64_t fired_before = dispatcher_.fired();
  std::int64_t began_us = -1;
  fire_owed();
  if (dispatcher_.goes_on()) {
    int wait = dispatcher_.fired() != fired_before || has_work() ? 0 : timeout_ms;
    const int deadline = deadlines_.wait_ms(monotonic_ms());
    if (deadline >= 0) wait = std::min(wait, deadline);
    began_us = turn(wait);
  }
  if (dispatcher_.goes_on()) {
    const std::int64_t now_us = monotonic_us();
    if (began_us >= 0) turns_.add(now_us - began_us);
    if (deadlines_.wait_ms(now_us / 1000) == 0) expire();
  }
  return dispatcher_.was_stopped() ? IPDAEMON_ERROR_HANDLER_STOPPED : 0;
}

// Whether there is something to do without waiting. What the depth of the nesting holds back is not work.
bool Pump::has_work() const {
  if (dispatcher_.is_mute()) return false;
  if (!owed_.empty(Urgency::handshake)) return true;
  return !dispatcher_.holds_data() && !owed_.all_empty();
}

// Everybody who is ready first, then what takes long, then whoever has had a callback that failed. Returns when serving
// began, -1 if nobody was ready.
std::int64_t Pump::turn(int timeout_ms) {
  may_shake_hands_at_once_ = true;
  const std::int64_t began_us = serve_ready(timeout_ms);
  if (dispatcher_.goes_on()) serve_handshakes();
  // Not while some of the others are still to be served; their list is used up after a few turns at most.
  if (dispatcher_.goes_on() && !reactor_.has_ready()) fire_after_others();
  return began_us;
}

std::int64_t Pump::serve_ready(int timeout_ms) {
  std::int64_t began_us = -1;
  reactor_.turn(
      timeout_ms, [&] { began_us = slice_.begin(slice_us); },
      [this] { return together_ != nullptr && together_->serve(); },
      [this] {
        if (!owed_.empty() && !dispatcher_.is_mute()) fire_owed_within_slice();
        return dispatcher_.goes_on() && !slice_.is_over();
      });
  return began_us;
}

// What is due beyond a share of time stays due: whoever waits for the others must not wait for all of them.
void Pump::expire() {
  slice_.begin(slice_us);
  deadlines_.expire(monotonic_ms(), [this] { return !dispatcher_.goes_on() || slice_.is_over(); });
  fire_owed();
  if (dispatcher_.goes_on()) fire_after_others();
}

void Pump::fire_owed() {
  if (owed_.empty() && notices_.empty()) return;
  slice_.begin(slice_us);
  fire_owed_within_slice();
}

namespace {

template <typename Step>
void take_step(Debtor* debtor, Step step) {
  try {
    (debtor->*step)();
  } catch (const std::bad_alloc&) {
    debtor->on_out_of_memory();
  }
}

}  // namespace

void Pump::fire_owed_within_slice() {
  if (dispatcher_.is_mute()) {
    for (Debtor* one = owed_.first(); one != nullptr; one = OwedList::after(one)) one->show_ready();
    return;
  }
  // Where data is held back, what is owed may stay so.
  std::size_t left = dispatcher_.holds_data() ? owed_.size(Urgency::now) : owed_per_pass_max;
  for (; left > 0 && !owed_.empty() && dispatcher_.may_deliver(); --left) {
    take_step(owed_.take(Urgency::now), &Debtor::fire_owed);
    if (slice_.is_over()) break;
  }
  fire_notices();
}

void Pump::fire_notices() {
  while (notices_.has_error() && dispatcher_.may_deliver()) {
    const Notices::Error error = notices_.take_error();
    dispatcher_.fire_error(nullptr, 0, error.code, error.detail);
  }
  while (notices_.has_status() && dispatcher_.may_deliver()) {
    const std::string text = notices_.take_status();
    dispatcher_.fire_status(nullptr, 0, text);
  }
}

// One whose callback fails each time must not keep the others waiting: it is served once in a pump, and last.
void Pump::fire_after_others() {
  if (dispatcher_.holds_data() || owed_.empty(Urgency::after_others)) return;
  slice_.begin(slice_us);
  for (std::size_t left = owed_.size(Urgency::after_others); left > 0 && dispatcher_.may_deliver(); --left) {
    if (owed_.empty(Urgency::after_others)) return;
    take_step(owed_.take(Urgency::after_others), &Debtor::fire_owed);
    if (slice_.is_over()) return;
  }
}

// A few of the handshakes that wait, at least one. Between two of them it is the turn of everybody else who has become
// ready: no connection that stands waits for more than one step, however many handshakes there are.
void Pump::serve_handshakes() {
  if (owed_.empty(Urgency::handshake) || dispatcher_.is_mute()) return;
  const std::int64_t end_us = monotonic_us() + slice_us;
  for (;;) {
    take_step(owed_.take(Urgency::handshake), &Debtor::go_on_with_handshake);
    if (!owed_.empty()) fire_owed();
    if (!dispatcher_.may_deliver() || owed_.empty(Urgency::handshake) || monotonic_us() >= end_us) return;
    serve_ready(0);
    if (!dispatcher_.may_deliver() || reactor_.has_ready()) return;
    if (owed_.empty(Urgency::handshake)) return;
  }
}

bool Pump::may_shake_hands() {
  return owed_.empty(Urgency::handshake) && std::exchange(may_shake_hands_at_once_, false);
}

}  // namespace ipdaemon
