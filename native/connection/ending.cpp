// Members of Connection: how it ends, and the deadlines that end it.

#include "base/clock.hpp"
#include "connection/connection.hpp"
#include "connection/services.hpp"
#include "ipdaemon.h"

namespace ipdaemon {

namespace {

// How long closing waits for a peer that takes nothing, when Timeout sets no other limit.
constexpr std::int64_t linger_ms = 30'000;
constexpr const char* disconnected_detail = "the program closed the connection before the TLS handshake was complete";
constexpr const char* truncated_detail =
    "the peer ended the connection without TLS's close_notify, so data may be missing";
constexpr const char* handshake_detail = "the TLS handshake did not finish within DefaultConnectionTimeout";
constexpr const char* idle_detail = "no data was sent or received within IdleTimeout";
constexpr const char* linger_detail =
    "the peer did not accept the data that was still queued when the connection was closed";
constexpr const char* room_detail =
    "MaxConnections is reached, and this unfinished handshake had to make room for another peer";
constexpr const char* too_long_detail =
    "the peer sent more in one piece than a value can hold; set a smaller RecordLength or DefaultMaxLineLength";
constexpr const char* no_memory_detail = "there was not enough memory to deliver the data that the peer sent";

// What came does not keep to the Framing.
bool is_violation(int status) {
  return status == IPDAEMON_ERROR_FRAME_MALFORMED || status == IPDAEMON_ERROR_MESSAGE_TOO_LONG;
}

}  // namespace

// ---- Ending -----------------------------------------------------------------------------------------

void Connection::disconnect(int reason) {
  if (life_.is_handshaking()) end(IPDAEMON_ERROR_ABORTED, disconnected_detail, Close::reset, reason);
  if (!is_up()) return;
  close_as_linger_says(0, nullptr, reason);
}

// What was sent goes first, unless Linger is False. `status` is 0 or an error code that the peer has caused.
void Connection::close_as_linger_says(int status, const char* detail, int reason) {
  services().gathering.flush();
  if (!is_up()) return;
  // A program that waits for ReadyToSend is told before Disconnected, unless it is the one that ends the connection.
  if (status == 0) ready_.given_up();
  discard_input();
  if (!linger_ || !life_.output_is_open()) {
    const int code = life_.output_code();
    const bool is_broken = status == 0 && code != 0;
    end(is_broken ? code : status, detail, Close::reset, is_broken ? reason_of(code) : reason);
    return;
  }
  life_.begin_closing();
  status_ = status;
  status_detail_ = detail;
  reason_ = static_cast<std::uint8_t>(reason);
  if (queue_is_empty()) {
    end(status_, status_detail_, Close::orderly, reason);
  } else {
    note_activity();
    update_interest();
    schedule();
  }
}

void Connection::refuse_input(int code) {
  if (has_ended()) return;
  services().gathering.flush();
  owed_.add(Owing::error);
  const bool is_too_long = code == IPDAEMON_ERROR_MESSAGE_TOO_LONG;
  end(code, is_too_long ? too_long_detail : no_memory_detail, Close::reset,
      is_too_long ? IPDAEMON_CLOSED_TOO_LONG : IPDAEMON_CLOSED_MEMORY);
}

void Connection::abort(int status, int reason) {
  end(status, nullptr, Close::reset, reason);
}

void Connection::give_way() {
  owed_.set(Owing::error, told_connected_);
  end(IPDAEMON_ERROR_TLS_HANDSHAKE, room_detail, Close::reset, IPDAEMON_CLOSED_GAVE_WAY);
}

void Connection::drop(int reason) {
  if (!has_ended()) count_end(reason);
  life_.go();
  owed_.remove(Owing::end);
  services().gathering.forget(*this);
  services().deadlines.cancel(this);
  services().owed.remove(this);
  outbox_.clear();
  drop_tls();
  discard_input();
  channel_.unwatch();
  channel_.close();
}

// Ciphertext that was not sent is given up; no handshake is unfinished any more.
void Connection::drop_tls() {
  channel_.drop_unsent();
  if (speaks_tls()) services().handshakes.remove(*channel_.tls());
}

// Nothing can be written any more. What has been received is still delivered, then the connection ends.
void Connection::break_off(int code) {
  if (!life_.output_is_open() || has_ended()) return;
  if (channel_.is_handshaking()) {
    end_failed_handshake(code, nullptr, reason_of(code));
    return;
  }
  life_.fail_output(code);
  services().gathering.forget(*this);
  outbox_.clear();
  channel_.drop_unsent();
  if (life_.is_closing()) {
    end(code, nullptr, Close::orderly, reason_of(code));
    return;
  }
  channel_.unwatch();
  owe();
}

void Connection::read_out() {
  const Dispatcher& dispatcher = services().dispatcher;
  if (owed_.has(Owing::input)) feed_inbox();
  const bool accepts = properties_.ACCEPT_DATA;
  bool more = accepts && life_.input_is_open() && !ready_.holds_input() && is_up() && dispatcher.may_deliver();
  if (more && !owed_.has(Owing::input)) more = receive();
  if (has_ended()) return;
  const bool is_held = properties_.ACCEPT_DATA && !inbox_.empty() && dispatcher.holds_data();
  if (more || owed_.has(Owing::input) || is_held || !dispatcher.may_deliver()) {
    owe();
    return;
  }
  if (properties_.ACCEPT_DATA && !inbox_.empty()) fire_rest();
  if (!has_ended() && dispatcher.may_deliver()) {
    const bool is_damaged = life_.input() == Life::Input::damaged;
    const char* detail = is_damaged ? channel_.tls()->engine().problem().detail.c_str() : nullptr;
    end(life_.output_code(), detail, Close::orderly, reason_of(life_.output_code()));
  }
  owe();
}

// The peer has ended its side. Ours ends when all it sent was delivered and all it shall get was sent.
void Connection::end_if_peer_has() {
  if (!life_.is_half_closed() || owed_.has(Owing::rest) || !life_.output_is_open() || busy() || sending_) return;
  if (owed_.has(Owing::connected)) return;
  if (linger_ && (!queue_is_empty() || ready_.is_owed())) {
    schedule();
    return;
  }
  const bool is_truncated = speaks_tls() && channel_.tls()->is_truncated();
  end(0, is_truncated ? truncated_detail : nullptr, Close::orderly, IPDAEMON_CLOSED_PEER);
}

// Error goes before the end of a connection that had come up and began a handshake later.
void Connection::end_failed_handshake(int status, const char* detail, int reason) {
  owed_.set(Owing::error, told_connected_);
  end(status, detail, Close::orderly, reason);
}

// Why a connection ends that the code of an error breaks.
int Connection::reason_of(int code) const {
  if (life_.input() == Life::Input::damaged) return IPDAEMON_CLOSED_TLS_DATA;
  switch (code) {
    case IPDAEMON_ERROR_RESET_BY_PEER:
      return IPDAEMON_CLOSED_RESET_BY_PEER;
    case IPDAEMON_ERROR_NO_BUFFERS:
      return IPDAEMON_CLOSED_MEMORY;
    case IPDAEMON_ERROR_TLS_ENCRYPT:
    case IPDAEMON_ERROR_TLS_DECRYPT:
      return IPDAEMON_CLOSED_TLS_DATA;
    case IPDAEMON_ERROR_TLS_CHAIN_INCOMPLETE:
    case IPDAEMON_ERROR_TLS_CHAIN:
    case IPDAEMON_ERROR_TLS_PEER_UNCHECKED:
    case IPDAEMON_ERROR_TLS_NO_CLIENT_CERTIFICATE:
      return IPDAEMON_CLOSED_TLS_CERTIFICATE;
    case IPDAEMON_ERROR_TLS_HANDSHAKE:
    case IPDAEMON_ERROR_TLS_NO_SERVER_CERTIFICATE:
      return IPDAEMON_CLOSED_TLS_HANDSHAKE;
    default:
      return IPDAEMON_CLOSED_NETWORK;
  }
}

// Before anything is given up: what is unfinished still shows.
void Connection::count_end(int reason) {
  Connections& connections = services().connections;
  if (life_.is_handshaking()) connections.count_handshaken();
  if (speaks_tls() && channel_.tls()->is_listed()) connections.counters.count(IPDAEMON_COUNTER_HANDSHAKES_FAILED);
  if (reason != 0) connections.counters.connections.add(services().pump.slice().looked_us() - began_us_);
  connections.count_ended(reason);
  if (!counts_in_block_) return;
  counts_in_block_ = false;
  services().blocks.leave(peer_.address);
}

void Connection::end(int status, const char* detail, Close how, int reason) {
  if (has_ended()) return;
  count_end(reason);
  life_.end();
  reason_ = static_cast<std::uint8_t>(reason);
  status_ = status;
  status_detail_ = detail;
  if (!told_connected_) ready_.show();
  services().gathering.forget(*this);
  services().deadlines.cancel(this);
  if (how == Close::orderly && life_.output_is_open()) channel_.send_close_notify(outbox_.empty());
  outbox_.clear();
  drop_tls();
  discard_input();
  remember_local_address();
  const bool peer_is_there = speaks_tls() ? !channel_.tls()->has_end_of_stream() && life_.output_is_open()
                                          : life_.input() != Life::Input::ended;
  // A peer that gets an alert, too, shall be able to read it.
  const bool has_last_words =
      status == 0 || is_violation(status) || (channel_.has_alert() && services().lingering.has_room_for_alert());
  if (how == Close::orderly && has_last_words && peer_is_there && channel_.shut_down_send() == 0) {
    channel_.hand_over([this](Socket&& socket, bool watched) { services().lingering.add(std::move(socket), watched); });
  }
  channel_.unwatch();
  if (how == Close::reset) {
    channel_.reset();
  } else {
    channel_.close();
  }
  owed_.add(Owing::end);
  owe();
}

// Disconnected; for what never came up, Connected with an error code. Before it what is owed of the others: a program
// that waits for ReadyToSend must not wait for ever.
void Connection::fire_end() {
  Dispatcher& dispatcher = services().dispatcher;
  if (dispatcher.may_deliver() && ready_.is_owed() && told_connected_) fire_ready();
  if (dispatcher.may_deliver() && !told_connected_) {
    owed_.set(Owing::error, !told_failure_);
    if (status_ == 0) {
      status_ = IPDAEMON_ERROR_ABORTED;
      status_detail_ = disconnected_detail;
    }
  }
  const char* detail = status_detail_ != nullptr ? status_detail_ : "";
  if (dispatcher.may_deliver() && owed_.take(Owing::error)) {
    told_failure_ = true;
    dispatcher.fire_error(this, id_, status_, detail);
  }
  if (!dispatcher.may_deliver()) {
    owe();
    return;
  }
  const std::string text = error_text(status_, detail);
  owed_.remove(Owing::end);
  if (told_connected_) services().connections.count_disconnected();
  const int event = told_connected_ ? IPDAEMON_EVENT_DISCONNECTED : IPDAEMON_EVENT_CONNECTED;
  if (dispatcher.wants(event)) {
    ValueView parameters[] = {ValueView::integer(id_), ValueView::integer(status_), ValueView::text(text)};
    dispatcher.fire(this, event, parameters, 3);
  }
  life_.go();
  services().gathering.forget(*this);
  services().owed.remove(this);
  services().connections.retire(id_);
}

bool Connection::is_lost() const {
  return !life_.output_is_open() || has_ended() || services().dispatcher.is_silenced();
}

// ---- Deadlines --------------------------------------------------------------------------------------

bool Connection::is_lingering() const {
  return life_.is_closing() || (life_.is_half_closed() && !queue_is_empty());
}

void Connection::note_activity() {
  const bool matters = properties_.IDLE_TIMEOUT > 0 || life_.input() == Life::Input::ended || life_.is_closing();
  if (matters) last_activity_ms_ = monotonic_ms();
}

// When the connection is to be ended unless something happens; 0 for never.
std::int64_t Connection::deadline_ms() const {
  const std::int64_t due_ms = silence_ends_ms();
  return limits_ && !has_ended() ? TimeLimits::earlier(due_ms, limits_->earliest_ms()) : due_ms;
}

// Of the limits for silence: Linger, the handshake's, IdleTimeout.
std::int64_t Connection::silence_ends_ms() const {
  if (is_lingering()) {
    return last_activity_ms_ + 1 + (properties_.TIMEOUT > 0 ? std::int64_t{properties_.TIMEOUT} * 1000 : linger_ms);
  }
  if (channel_.is_handshaking()) {
    const std::int64_t limit_s = services().settings.setting(IPDAEMON_SETTING_DEFAULT_CONNECTION_TIMEOUT);
    return limit_s > 0 && !has_ended() ? channel_.tls()->begun_ms() + 1 + limit_s * 1000 : 0;
  }
  if (is_up() && properties_.IDLE_TIMEOUT > 0) {
    return last_activity_ms_ + 1 + std::int64_t{properties_.IDLE_TIMEOUT} * 1000;
  }
  return 0;
}

// Sets the deadline if there is none or it comes too late. One that comes too early is corrected when
// it fires: activity costs no more than remembering its time.
void Connection::schedule() {
  const std::int64_t due_ms = deadline_ms();
  if (due_ms == 0) {
    if (is_set()) services().deadlines.cancel(this);
  } else if (!is_set() || Deadline::due_ms() > due_ms) {
    services().deadlines.set(this, due_ms);
  }
}

void Connection::on_deadline(std::int64_t now_ms) {
  std::int64_t due_ms = deadline_ms();
  if (due_ms == 0 || has_ended()) return;
  if (now_ms >= due_ms) {
    look_before_deadline();
    if (has_ended() || !life_.output_is_open()) return;
    due_ms = deadline_ms();
    if (due_ms == 0) return;
  }
  if (now_ms < due_ms) {
    schedule();
  } else if (limits_ && limits_->earliest_ms() == due_ms) {
    end_by_limit();
  } else if (is_lingering()) {
    end(IPDAEMON_ERROR_CONNECTION_TIMED_OUT, linger_detail, Close::reset, IPDAEMON_CLOSED_LINGER_TIMEOUT);
  } else if (channel_.is_handshaking()) {
    end_failed_handshake(IPDAEMON_ERROR_TIMED_OUT, handshake_detail, IPDAEMON_CLOSED_TLS_TIMEOUT);
  } else {
    end(IPDAEMON_ERROR_CONNECTION_TIMED_OUT, idle_detail, Close::orderly, IPDAEMON_CLOSED_IDLE);
  }
}

// What has happened at the socket counts before a deadline does, although nobody has looked for a while: a callback may
// have computed for longer than the limit, or the process was stopped.
void Connection::look_before_deadline() {
  if (!life_.output_is_open()) return;
  const bool lingers = is_lingering();
  if (lingers || (limits_ && limits_->waits_for_room())) write();
  if (lingers || has_ended() || !life_.output_is_open()) return;
  const bool input = is_up() && properties_.ACCEPT_DATA && life_.input() != Life::Input::ended;
  if (!input && !channel_.is_handshaking()) return;
  if (owed_.has(Owing::input)) {
    note_activity();  // It has sent more than has been delivered.
  } else if (is_held_back() || ready_.holds_input() || inbox_.is_handing_out() || !may_fire()) {
    if (!channel_.has_input()) return;
    note_activity();
    if (limits_ && limits_->has_piece()) note_unfinished_piece(true);
  } else {
    receive();
  }
}

}  // namespace ipdaemon
