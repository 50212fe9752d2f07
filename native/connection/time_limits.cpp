// Members of Connection: PieceTimeout, SendTimeout and MaxConnectionTime. Their deadlines are parts of the one deadline
// of the connection (ending.cpp). The clock is looked at when a limit begins or begins anew, and only where it is set.

#include "connection/time_limits.hpp"

#include <new>

#include "base/clock.hpp"
#include "connection/connection.hpp"
#include "connection/services.hpp"
#include "ipdaemon.h"

namespace ipdaemon {

namespace {

constexpr const char* piece_detail = "a line, record or frame was not complete within PieceTimeout";
constexpr const char* send_detail = "the peer accepted none of the queued data within SendTimeout";

// Connections that came together must not all go together. What matters is that they differ, not that nobody can guess:
// the id and the microsecond in which it came up will do, and the simulator has a hand in both.
std::int64_t spread(std::int64_t limit_s, std::int32_t id, std::int64_t now_us) {
  std::uint64_t mixed = static_cast<std::uint64_t>(now_us) + static_cast<std::uint64_t>(id) * 0x9e3779b97f4a7c15;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  mixed ^= mixed >> 31;
  return limit_s * 900 + static_cast<std::int64_t>(mixed % static_cast<std::uint64_t>(limit_s * 200 + 1));
}

}  // namespace

// Null where there is no memory for it: then the limit begins with the next event that would begin it.
TimeLimits* Connection::need_limits() {
  if (limits_) return limits_.get();
  try {
    limits_ = std::make_unique<TimeLimits>();
  } catch (const std::bad_alloc&) {
  }
  return limits_.get();
}

// What was handed out last ended in the middle of a piece. `is_new`: it began behind a complete one.
void Connection::note_unfinished_piece(bool is_new) {
  const std::int64_t limit_s = services().settings.setting(IPDAEMON_SETTING_PIECE_TIMEOUT);
  if (limit_s == 0 || !is_up() || life_.input() == Life::Input::ended) {
    forget_piece();
    return;
  }
  TimeLimits* limits = need_limits();
  if (limits == nullptr || (limits->has_piece() && !is_new)) return;
  limits->begin_piece(monotonic_ms(), limit_s);
  schedule();
}

void Connection::hold_piece() {
  if (limits_) limits_->hold_piece(monotonic_ms());
}

void Connection::release_piece() {
  if (!limits_ || !properties_.ACCEPT_DATA || busy()) return;
  if (limits_->release_piece(monotonic_ms())) schedule();
}

// Output waits, or waits no more.
void Connection::note_queue() {
  if (queue_is_empty()) {
    if (limits_) limits_->end_send();
    return;
  }
  if (limits_ && limits_->waits_for_room()) return;
  restart_send_limit();
  if (limits_) schedule();
}

// It begins to wait, or some of it was taken.
void Connection::restart_send_limit() {
  const std::int64_t limit_s = services().settings.setting(IPDAEMON_SETTING_SEND_TIMEOUT);
  if (limit_s == 0 || has_ended()) {
    if (limits_) limits_->end_send();
  } else if (TimeLimits* limits = need_limits(); limits != nullptr) {
    limits->begin_send(monotonic_ms(), limit_s);
  }
}

void Connection::begin_life_limit() {
  const std::int64_t limit_s = services().settings.setting(IPDAEMON_SETTING_MAX_CONNECTION_TIME);
  if (limit_s == 0) return;
  TimeLimits* limits = need_limits();
  if (limits == nullptr) return;
  const std::int64_t now_us = monotonic_us();
  limits->begin_life(now_us / 1000, spread(limit_s, id_, now_us));
  schedule();
}

// The earliest of the limits is over.
void Connection::end_by_limit() {
  switch (limits_->earliest()) {
    case TimeLimits::Kind::none:
      return;
    case TimeLimits::Kind::piece:
      end(IPDAEMON_ERROR_CONNECTION_TIMED_OUT, piece_detail, Close::orderly, IPDAEMON_CLOSED_PIECE_TIMEOUT);
      return;
    case TimeLimits::Kind::send:
      end(IPDAEMON_ERROR_CONNECTION_TIMED_OUT, send_detail, Close::reset, IPDAEMON_CLOSED_SEND_TIMEOUT);
      return;
    case TimeLimits::Kind::life:
      limits_->end_life();
      disconnect(IPDAEMON_CLOSED_MAX_TIME);
      if (!has_ended()) schedule();  // By the rules of Linger.
      return;
  }
}

}  // namespace ipdaemon
