// Members of Connection: what the program sends. It is accepted whole or refused whole; what the system does not take
// at once waits in the outbox.

#include <algorithm>
#include <limits>
#include <new>

#include "base/clock.hpp"
#include "connection/connection.hpp"
#include "connection/services.hpp"
#include "ipdaemon.h"

namespace ipdaemon {

namespace {

constexpr std::size_t high_water_min = 64 * 1024;
constexpr const char* file_detail = "the file shrank or became unreadable while it was being sent";

}  // namespace

int Connection::why_not_sendable() const {
  if (!life_.output_is_open()) return life_.output_code();
  if (has_ended() && status_ != 0) return status_;
  if (!is_up() || services().dispatcher.is_silenced()) return IPDAEMON_ERROR_NOT_OPEN;
  if (sending_) return IPDAEMON_ERROR_IN_PROGRESS;
  return 0;
}

bool Connection::is_unready() const {
  return speaks_tls() && (!channel_.is_established() || owed_.has(Owing::connected));
}

bool Connection::is_too_early() const {
  return is_unready() && !has_ended() && life_.output_is_open();
}

bool Connection::is_full() const {
  const std::size_t high_water =
      std::max(high_water_min, static_cast<std::size_t>(services().settings.setting(IPDAEMON_SETTING_OUT_BUFFER_SIZE)));
  const std::size_t waiting = outbox_.size() + channel_.unsent_size() + services().gathering.size(*this);
  return outbox_.file() != nullptr || waiting > high_water;
}

int Connection::refuse_send() {
  bytes_sent_ = 0;
  services().connections.counters.count(IPDAEMON_COUNTER_SENDS_REFUSED);
  ready_.refused();
  return IPDAEMON_ERROR_WOULD_BLOCK;
}

int Connection::send(BytesView data, BytesView tail) {
  if (is_too_early()) return refuse_send();
  if (const int code = why_not_sendable(); code != 0) {
    bytes_sent_ = 0;
    return code;
  }
  Services& services = this->services();
  const std::size_t length = data.size() + tail.size();
  if (length > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    bytes_sent_ = 0;
    return services.dispatcher.record_error(IPDAEMON_ERROR_MESSAGE_TOO_LONG,
                                            "one send can carry at most 2147483647 bytes; split the data");
  }
  if (length == 0 && properties_.TIMEOUT == 0) {
    bytes_sent_ = 0;
    return 0;
  }
  if (is_full()) return refuse_send();
  if (properties_.TIMEOUT > 0) {
    services.gathering.flush();
    const std::uint64_t begin = outbox_.appended();
    if (const int code = send_now(data, tail); code != 0) return code;
    return wait_until_sent(begin, begin + length);
  }
  // In TLS longer sends are worth the copy, too: full records, and several with one system call.
  const std::size_t gather_max = speaks_tls() ? Gathering::length_max / 2 : Gathering::piece_max;
  if (services.dispatcher.in_callback() && queue_is_empty() && services.gathering.add(*this, data, tail, gather_max)) {
    bytes_sent_ = static_cast<std::int64_t>(length);
    return 0;
  }
  services.gathering.flush();
  return send_now(data, tail);
}

// Whether small sends would be accepted now without a look at them.
bool Connection::may_send_gathered() const {
  return may_gather_in_handler() && services().dispatcher.in_callback();
}

bool Connection::may_gather_in_handler() const {
  return why_not_sendable() == 0 && !is_too_early() && properties_.TIMEOUT == 0 && queue_is_empty();
}

int Connection::send_gathered(BytesView data, std::int64_t last_length) {
  int code = 0;
  if (!may_send_gathered() || !services().gathering.add(*this, data, {}, Gathering::length_max)) code = send(data, {});
  if (code == 0) bytes_sent_ = last_length;
  return code;
}

// Accepted bytes are gone: the stream cannot go on behind the gap.
int Connection::lose_gathered() {
  forget_sent();
  break_off(IPDAEMON_ERROR_NO_BUFFERS);
  return IPDAEMON_ERROR_NO_BUFFERS;
}

void Connection::write_gathered(BytesView bytes) {
  if (!life_.output_is_open() || has_ended()) return;
  const std::int64_t accepted = bytes_sent_;  // Of the last send, not of this write.
  send_now(bytes, {});
  bytes_sent_ = accepted;
}

// Hands to the system what it takes and queues the rest.
int Connection::send_now(BytesView data, BytesView tail) {
  bytes_sent_ = 0;
  if (!life_.output_is_open()) return life_.output_code();  // The flush before has found out.
  const std::size_t length = data.size() + tail.size();
  std::size_t taken = 0;
  for (bool again = true; again && taken < length && queue_is_empty();) {
    const BytesView rest = data.substr(std::min(taken, data.size()));
    const BytesView rest_of_tail = tail.substr(taken - (data.size() - rest.size()));
    const Channel::Step step = channel_.send_some(rest, rest_of_tail);
    if (step.error != 0) {
      break_off(step.error);
      if (properties_.TIMEOUT > 0) bytes_sent_ = static_cast<std::int64_t>(taken);
      return step.error;
    }
    if (step.taken > 0) {
      taken += static_cast<std::size_t>(step.taken);
      outbox_.count_direct(static_cast<std::size_t>(step.taken));
      on_taken(step.taken);
    }
    again = step.again;
  }
  if (taken < length && !queue(data, tail, taken)) return IPDAEMON_ERROR_NO_BUFFERS;
  if (!queue_is_empty()) {
    update_interest();
    schedule();
  }
  bytes_sent_ = static_cast<std::int64_t>(length);
  return 0;
}

// What is left behind the first `taken` bytes. False without memory.
bool Connection::queue(BytesView data, BytesView tail, std::size_t taken) {
  try {
    if (taken < data.size()) {
      outbox_.append(data.substr(taken));
      outbox_.append(tail);
    } else {
      outbox_.append(tail.substr(taken - data.size()));
    }
    return true;
  } catch (const std::bad_alloc&) {
    // A part may be on its way already: the stream cannot go on behind a gap.
    break_off(IPDAEMON_ERROR_NO_BUFFERS);
    return false;
  }
}

int Connection::send_file(File&& file) {
  if (is_too_early()) return refuse_send();
  if (const int code = why_not_sendable(); code != 0) {
    bytes_sent_ = 0;
    return code;
  }
  services().gathering.flush();
  if (!life_.output_is_open()) return life_.output_code();
  if (is_full()) return refuse_send();
  const std::int64_t size = file.size();
  const std::uint64_t begin = outbox_.appended();
  bytes_sent_ = 0;
  if (size > 0) {
    const bool at_once = queue_is_empty();
    outbox_.append_file(std::move(file));
    if (at_once) write_queued();
    if (!life_.output_is_open() || has_ended()) {
      if (properties_.TIMEOUT > 0) bytes_sent_ = static_cast<std::int64_t>(outbox_.taken() - begin);
      return !life_.output_is_open() ? life_.output_code() : status_;
    }
    update_interest();
    schedule();
  }
  bytes_sent_ = size;
  if (properties_.TIMEOUT == 0) return 0;
  return wait_until_sent(begin, begin + static_cast<std::uint64_t>(size));
}

// ---- Writing what is queued -------------------------------------------------------------------------

void Connection::write() {
  write_queued();
  if (has_ended() || !life_.output_is_open()) return;
  if (outbox_.size() > 0) return;  // Nothing has changed for the poller.
  // Before callbacks, which may pump and must not be told of this socket over and over.
  update_interest();
  schedule();
  if (queue_is_empty()) on_queue_empty();
}

void Connection::write_queued() {
  std::int64_t turn_left = Channel::encrypt_per_turn;
  for (bool again = true; again;) {
    const Channel::Step step = channel_.write_some(outbox_, &turn_left);
    if (step.file_lost) on_file_lost();
    if (step.error != 0) break_off(step.error);
    if (step.taken > 0) {
      on_taken(step.taken);
    } else if (step.moved) {
      note_activity();
      if (limits_) restart_send_limit();
    }
    again = step.again;
  }
}

// The peer must see that something is missing.
void Connection::on_file_lost() {
  owed_.add(Owing::error);
  end(IPDAEMON_ERROR_FILE_UNUSABLE, file_detail, Close::reset, IPDAEMON_CLOSED_FILE);
}

void Connection::on_taken(std::int64_t count) {
  services().connections.counters.count(IPDAEMON_COUNTER_BYTES_OUT, count);
  note_activity();
  if (limits_ && limits_->waits_for_room()) restart_send_limit();
  if (channel_.logs_packets()) owe();
}

void Connection::on_queue_empty() {
  if (life_.is_closing()) {
    if (!sending_) end(status_, status_detail_, Close::orderly, reason_);
    return;
  }
  if (ready_is_due()) fire_ready();
  end_if_peer_has();
}

// ---- Blocking sends ---------------------------------------------------------------------------------

// Until the system has taken everything up to `goal`, as long as the peer makes room at least once in Timeout.
struct Connection::BlockingSend {
  static constexpr bool stops_at_once = true;

  Connection& connection;
  const std::uint64_t goal;
  const std::int64_t limit_ms;
  std::uint64_t moved_before;
  std::int64_t progress_ms = 0;  // When the peer has last made room, or the wait began.
  int code = 0;

  BlockingSend(Connection& sender, std::uint64_t wanted)
      : connection(sender),
        goal(wanted),
        limit_ms(std::int64_t{sender.properties_.TIMEOUT} * 1000),
        moved_before(moved()) {}

  std::uint64_t moved() const { return connection.outbox_.taken() + connection.channel_.unsent_consumed(); }
  // In TLS, what is encrypted counts as taken, and may still be lost.
  bool is_sent() const {
    const Channel& channel = connection.channel_;
    return connection.outbox_.taken() >= goal && !channel.has_unsent() && !channel.has_lost();
  }
  // Why it cannot go on; 0 if it can.
  int why_not() const {
    if (connection.services().dispatcher.is_silenced()) return IPDAEMON_ERROR_NOT_OPEN;  // Closed or reset meanwhile.
    if (!connection.life_.output_is_open()) return connection.life_.output_code();
    if (connection.is_up()) return 0;
    return connection.status_ != 0 ? connection.status_ : IPDAEMON_ERROR_NOT_OPEN;
  }

  std::int64_t left_ms(std::int64_t now_ms) const {
    return connection.interrupted_ ? 0 : limit_ms - (now_ms - progress_ms) + 1;
  }
  bool gives_up(std::int64_t* left_ms) {
    if (!connection.interrupted_) {
      // Callbacks of others may have taken all that time: what counts is whether the peer has made room.
      connection.write();
      if (is_sent()) return true;
      if (code = why_not(); code != 0) return true;
      if (moved() != moved_before) {
        *left_ms = limit_ms + 1;
        return false;
      }
    }
    code = IPDAEMON_ERROR_TIMED_OUT;
    return true;
  }
  bool is_over() {
    if (is_sent()) return true;
    if (code = why_not(); code != 0) return true;
    if (moved() != moved_before) {
      moved_before = moved();
      progress_ms = monotonic_ms();
    }
    return false;
  }
};

// What the system has not taken when the wait ends early is withdrawn, so that BytesSent says exactly what the peer
// will get.
int Connection::wait_until_sent(std::uint64_t begin, std::uint64_t goal) {
  BlockingSend wait(*this, goal);
  if (wait.is_sent()) return 0;
  const Pin pin(*this);  // The end of the connection may be delivered meanwhile.
  Services& services = this->services();
  sending_ = true;
  interrupted_ = false;
  services.pump.enter_call();
  wait.progress_ms = monotonic_ms();
  const int code = services.pump.until(wait);
  services.pump.leave_call();
  sending_ = false;
  const std::uint64_t taken = std::clamp(outbox_.taken(), begin, goal);
  bytes_sent_ = static_cast<std::int64_t>(taken - begin);
  if (!life_.output_is_open() || has_ended()) return code;
  if (outbox_.file() != nullptr) {
    outbox_.drop_file();
  } else if (taken < goal) {
    outbox_.withdraw(static_cast<std::size_t>(goal - taken));
  }
  update_interest();
  if (!queue_is_empty()) return code;
  if (code == IPDAEMON_ERROR_HANDLER_STOPPED && ready_.is_owed()) {
    owe();  // A callback has ended the call: ReadyToSend comes with the next one.
  } else {
    on_queue_empty();
  }
  return code;
}

}  // namespace ipdaemon
