#include "connection/connection.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <limits>
#include <new>
#include <random>

#include "base/clock.hpp"
#include "ipdaemon.h"
#include "server/server.hpp"

namespace ipdaemon {

namespace {

// How long closing waits for a peer that takes nothing, when Timeout sets no other limit.
constexpr std::int64_t linger_ms = 30'000;
// A blocking wait comes up for air this often, so that its thread can be ended.
constexpr int wait_slice_ms = 100;
constexpr std::int64_t file_chunk = 1 << 20;
constexpr std::size_t batch_pieces_max = 256;
// A program that keeps one line of a batch may keep the memory of the whole batch with it.
constexpr std::size_t batch_bytes_max = 8 * 1024;
constexpr const char* disconnected_detail = "the program closed the connection before the TLS handshake was done";
constexpr const char* truncated_detail =
    "the peer ended the connection without TLS's close_notify, so data may be missing";
constexpr const char* handshake_detail = "the TLS handshake was not done within DefaultConnectionTimeout";
constexpr const char* idle_detail = "no data in either direction for as long as IdleTimeout allows";
constexpr const char* linger_detail = "the peer did not take what was queued when the connection was closed";
constexpr const char* too_long_detail =
    "what the peer sent is longer than a value can be here; set a smaller RecordLength or DefaultMaxLineLength";
constexpr const char* no_memory_detail = "there was no memory to deliver what the peer sent";
constexpr const char* file_detail = "the file became shorter, or could not be read on, while it was being sent";

std::uint64_t next_uid() {
  static std::atomic<std::uint64_t> counter{0};
  return ++counter;
}

}  // namespace

Connection::Connection(Server& server, Socket&& socket, const Endpoint& peer, std::int32_t id)
    : server_(server),
      socket_(std::move(socket)),
      id_(id),
      peer_(peer),
      uid_(next_uid()),
      line_length_max_(static_cast<std::uint32_t>(server.number(IPDAEMON_PROPERTY_DEFAULT_MAX_LINE_LENGTH))) {
  properties_.ACCEPT_DATA = true;
  properties_.EOL = server.bytes(IPDAEMON_PROPERTY_DEFAULT_EOL);
  properties_.IDLE_TIMEOUT = static_cast<std::int32_t>(server.number(IPDAEMON_PROPERTY_DEFAULT_IDLE_TIMEOUT));
  properties_.SINGLE_LINE_MODE = server.number(IPDAEMON_PROPERTY_DEFAULT_SINGLE_LINE_MODE) != 0;
  properties_.TIMEOUT = static_cast<std::int32_t>(server.number(IPDAEMON_PROPERTY_DEFAULT_TIMEOUT));
  linger_ = server.number(IPDAEMON_PROPERTY_LINGER) != 0;
  local_ = server.listening_address();
  note_activity();
}

Connection::~Connection() {
  if (security_) server_.handshakes().remove(*security_);
  server_.owed().remove(this);
}

std::string Connection::uid() const {
  // The random half tells processes apart, the counter connections.
  static const std::uint64_t process = (std::uint64_t{std::random_device{}()} << 32) | std::random_device{}();
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(process),
                static_cast<unsigned long long>(uid_));
  return text;
}

int Connection::start() {
  interest_ = Interest::read;
  const int error = server_.reactor().poller().watch(socket_.handle(), interest_, static_cast<Source*>(this));
  watched_ = error == 0;
  if (watched_) schedule();
  return error;
}

void Connection::greet() {
  if (state_ == State::ended) return;  // The end says that it never came up.
  if (!server_.may_deliver()) {
    connected_owed_ = true;
    server_.owed().add(this);
    return;
  }
  connected_owed_ = false;
  connected_ = true;
  if (is_drained()) ready_owed_ = false;  // One event for this and for sends that were too early.
  server_.count_up();
  greeting_owed_ = true;
  if (server_.wants(IPDAEMON_EVENT_CONNECTED)) {
    ValueView parameters[] = {ValueView::integer(id_), ValueView::integer(0), ValueView::text("OK")};
    server_.deliver(this, IPDAEMON_EVENT_CONNECTED, parameters, 3);
  }
  if (!greeting_owed_ || ready_owed_ || state_ != State::open) return;
  fire_ready();
}

// ---- Turns ----------------------------------------------------------------------------------------

void Connection::on_ready(const Ready& ready) {
  if (state_ == State::ended || failed_code_ != 0) return;
  if (ready.error != 0) broken_code_ = ready.error;
  if (ready.broken && !wants_read(interest_)) {
    // Input is not wanted now, but a broken connection is news at once.
    fail(why_broken());
    return;
  }
  if (ready.writable && !is_drained()) {
    write();
    if (state_ == State::ended || failed_code_ != 0 || !server_.may_deliver()) return;
  }
  if (!ready.readable && !ready.broken) return;
  if (!wants_read(interest_)) return;
  if (is_held_back()) {
    // A broken one is not watched any more, since that is reported whatever is asked for.
    if (ready.broken) {
      fail(why_broken());
    } else {
      pause();
    }
    return;
  }
  // What it has sent before comes first; until then nothing more is taken from it.
  if (input_owed_) return;
  if (is_securing() && !ready.broken && !server_.may_shake_hands()) {
    handshake_waits_ = true;
    update_interest();
    server_.owed().add(this, Urgency::handshake);
    return;
  }
  receive();
}

// Whether what comes cannot be taken now: a callback of this connection has not returned, and a nested pump runs;
// or pumps are nested so deeply that it could not be delivered.
bool Connection::is_held_back() const {
  return busy() || server_.is_mute() || (input_owed_ && server_.holds_data());
}

// The poller would report it over and over.
void Connection::pause() {
  paused_ = true;
  update_interest();
  if (!busy()) server_.owed().add(this);
}

void Connection::resume() {
  paused_ = false;
  update_interest();
}

void Connection::go_on_with_handshake() {
  handshake_waits_ = false;
  if (busy()) {
    paused_ = true;  // callbacks_returned resumes.
    return;
  }
  if (state_ == State::ended || failed_code_ != 0) return;
  if (is_securing()) receive();  // It may be done by now, see look_before_deadline.
  update_interest();
}

int Connection::why_broken() {
  if (const int code = socket_.pending_error(); code != 0) return code;
  return broken_code_ != 0 ? broken_code_ : IPDAEMON_ERROR_RESET_BY_PEER;
}

void Connection::on_out_of_memory() {
  finish(IPDAEMON_ERROR_NO_BUFFERS, nullptr, Close::reset);
  if (end_owed_) server_.owed().add(this);
}

void Connection::callbacks_returned() {
  if (paused_ && !is_held_back()) resume();
  if (end_owed_ || failed_code_ != 0 || input_owed_) {
    server_.owed().add(this);
  } else if (has_backlog()) {
    server_.owed().add(this, Urgency::after_others);
  } else if (handshake_waits_) {
    server_.owed().add(this, Urgency::handshake);
  }
  if (peer_ended_ && !rest_owed_) finish_if_peer_ended();
}

void Connection::fire_owed() {
  if (ready_is_due()) fire_ready();
  if (busy() || feeding_) return;  // callbacks_returned asks again.
  if (handshake_waits_) server_.owed().add(this, Urgency::handshake);
  if (paused_ && !is_held_back()) resume();
  if (security_ && security_->engine().logs()) tell_log();
  if (state_ == State::ended) {
    if (end_owed_) deliver_disconnected();
    return;
  }
  if (connected_owed_) {
    greet();
    if (connected_owed_ || state_ == State::ended) return;
  }
  if (greeting_owed_ && !ready_owed_) fire_ready();
  if (failed_code_ != 0) {
    read_out();
    return;
  }
  if (input_owed_) feed_input();
  open_backlog();
  if (rest_owed_) deliver_rest();
  finish_if_peer_ended();
}

// ---- Receiving --------------------------------------------------------------------------------------

bool Connection::may_deliver() const {
  return state_ == State::open && properties_.ACCEPT_DATA && !greeting_owed_ && !discard_ && !busy() &&
         server_.may_deliver() && !server_.holds_data();
}

Framing Connection::framing() const {
  return {properties_.EOL, properties_.RECORD_LENGTH, properties_.SINGLE_LINE_MODE, line_length_max_};
}

// Reads once and delivers what is complete. Returns whether there may be more to read.
bool Connection::receive() {
  if (security_) return receive_sealed();
  const Landing landing = this->landing();
  const Transfer received = take(landing.at);
  if (received.error == IPDAEMON_ERROR_WOULD_BLOCK) return false;
  if (received.error != 0) {
    fail(received.error);
    return false;
  }
  if (received.count == 0) {
    on_peer_end();
    return false;
  }
  note_activity();
  deliver_received(landing, static_cast<std::size_t>(received.count));
  return true;
}

// Behind what could still be read, a broken connection has not ended in order.
Transfer Connection::take(char* at) {
  const Transfer received = socket_.receive(at, TurnBuffers::receive_length);
  const bool has_nothing = received.count == 0 && (received.error == 0 || received.error == IPDAEMON_ERROR_WOULD_BLOCK);
  return has_nothing && broken_code_ != 0 ? Transfer{0, broken_code_} : received;
}

// What is left of the read before goes in front of what comes now, so that lines are found in one run.
Connection::Landing Connection::landing() {
  char* buffer = server_.buffers().receive_buffer();
  const std::size_t left = input_.size();
  const bool joined = left <= TurnBuffers::headroom;
  return {buffer, joined ? buffer + left : buffer, left, joined};
}

// Delivers what is complete of `count` bytes that have come. In TLS callbacks may have run meanwhile.
void Connection::deliver_received(const Landing& landing, std::size_t count) {
  server_.count_in(static_cast<std::int64_t>(count));
  if (landing.joined && landing.left == input_.size()) {
    copy_bytes(landing.buffer, input_);
    feed({landing.buffer, landing.left + count});
  } else {
    input_.append(landing.at, count);
    feed_input();
  }
}

// Delivers what is complete in `data`, which is not in input_, and keeps the rest there.
void Connection::feed(BytesView data) {
  const std::size_t done = deliver_pieces(data);
  if (state_ == State::ended || discard_) {
    discard_input();
    return;
  }
  const BytesView rest = data.substr(done);
  if (rest.empty()) {
    if (!input_.empty()) Bytes().swap(input_);
  } else {
    input_.assign(rest);
  }
}

void Connection::feed_input() {
  input_owed_ = false;
  const std::size_t done = deliver_pieces(input_);
  if (state_ == State::ended || discard_) {
    discard_input();
  } else if (done == input_.size()) {
    Bytes().swap(input_);
  } else if (done > 0) {
    input_.erase(0, done);
  }
}

// Cuts lazily: each piece by what the callback of the one before has set.
std::size_t Connection::deliver_pieces(BytesView data) {
  const Gathering::Across across(server_.gathering(), server_.pace());
  feeding_ = true;
  discard_ = false;
  std::size_t done = 0;
  bool complete = true;
  while (complete && may_deliver()) {
    done = deliver_next(data, done, &complete);
    // Whatever a callback has made due comes before the next piece, and so do others when this takes long.
    if (complete && (!server_.owed().empty() || server_.slice().is_over())) break;
  }
  feeding_ = false;
  const bool held = !properties_.ACCEPT_DATA || greeting_owed_ || discard_ || state_ != State::open;
  if (complete && done < data.size() && !held) owe_input();
  return done;
}

std::size_t Connection::deliver_next(BytesView data, std::size_t from, bool* complete) {
  const Framing by = framing();
  Piece piece;
  *complete = framer_.next(by, data, from, &piece);
  if (!*complete) return piece.next;
  if (!server_.wants(IPDAEMON_EVENT_DATA_IN)) return piece.next;
  if (piece.next >= data.size()) {
    deliver_piece(data.substr(piece.begin, piece.end - piece.begin), piece.eol);
    return piece.next;
  }
  return deliver_batch(data, by, piece);
}

void Connection::deliver_piece(BytesView text, bool eol) {
  server_.run_callback(this, [&] { return server_.sink().data_in(id_, text, eol); });
}

// Delivers `piece` and as many further ones as may be cut ahead.
std::size_t Connection::deliver_batch(BytesView data, const Framing& by, Piece piece) {
  const BatchWords batch = server_.sink().batch_words();
  const std::size_t limit =
      std::min<std::size_t>({batch_pieces_max, static_cast<std::size_t>(server_.pace().limit()),
                             batch.words != nullptr ? static_cast<std::size_t>(batch.capacity) : 1});
  std::uint32_t begins[batch_pieces_max];
  const std::size_t base = piece.begin;
  std::size_t count = 0;
  Piece last;
  Framer behind_last;
  do {
    begins[count] = static_cast<std::uint32_t>(piece.begin - base);
    if (limit > 1) {
      std::int32_t* words = batch.words + BatchWords::first_piece + count * BatchWords::words_per_piece;
      words[0] = static_cast<std::int32_t>(piece.begin - base);
      words[1] = static_cast<std::int32_t>(piece.end - base);
      words[2] = piece.eol ? 1 : 0;
    }
    last = piece;
    behind_last = framer_;
    ++count;
  } while (count < limit && framer_.next(by, data, last.next, &piece) && piece.end - base <= batch_bytes_max);
  framer_ = behind_last;

  server_.pace().start();
  if (count == 1) {
    deliver_piece(data.substr(last.begin, last.end - last.begin), last.eol);
    if (!server_.pace().is_quick(1)) server_.gathering().flush();
    return last.next;
  }
  const std::size_t delivered =
      server_.run_batch(this, batch, data.substr(base, last.end - base), static_cast<int>(count));
  if (!server_.pace().is_quick(static_cast<int>(count))) server_.gathering().flush();
  if (delivered == count) return last.next;
  framer_.reset();
  return base + begins[delivered];
}

// After the peer's end: what is left is delivered although nothing ends it.
void Connection::deliver_rest() {
  feeding_ = true;
  discard_ = false;
  std::size_t done = 0;
  Piece piece;
  bool left = true;
  while (left && may_deliver()) {
    left = framer_.rest(framing(), input_, done, &piece);
    done = piece.next;
    if (left && server_.wants(IPDAEMON_EVENT_DATA_IN)) {
      deliver_piece(BytesView(input_).substr(piece.begin, piece.end - piece.begin), piece.eol);
    }
  }
  feeding_ = false;
  if (state_ == State::ended || discard_) {
    discard_input();
    return;
  }
  input_.erase(0, std::min(done, input_.size()));
  rest_owed_ = left;
  if (left && properties_.ACCEPT_DATA) owe_input();
}

void Connection::on_peer_end() {
  peer_ended_ = true;
  rest_owed_ = true;
  note_activity();
  update_interest();
  deliver_rest();
  finish_if_peer_ended();
}

void Connection::owe_input() {
  input_owed_ = true;
  server_.owed().add(this);
}

void Connection::framing_changed() {
  framer_.forget_search();
  server_.cancel_batch();
  if (!feeding_ && (!input_.empty() || rest_owed_)) owe_input();
}

void Connection::discard_input() {
  server_.cancel_batch();
  input_owed_ = false;
  rest_owed_ = false;
  discard_ = feeding_;
  if (feeding_) return;  // The bytes may be on their way to a callback.
  framer_.reset();
  Bytes().swap(input_);
}

// ---- Sending ----------------------------------------------------------------------------------------

int Connection::check_sendable() const {
  if (failed_code_ != 0) return failed_code_;
  if (state_ == State::ended && status_ != 0) return status_;
  if (state_ != State::open || server_.is_quiet()) return IPDAEMON_ERROR_NOT_OPEN;
  if (sending_) return IPDAEMON_ERROR_IN_PROGRESS;
  return 0;
}

bool Connection::is_lost() const {
  return failed_code_ != 0 || state_ == State::ended || server_.is_quiet();
}

bool Connection::is_full() const {
  const std::size_t sealed = security_ ? security_->pending_size() : 0;
  return outbox_.file() != nullptr || outbox_.size() + sealed + server_.gathering().size(*this) > server_.high_water();
}

int Connection::refuse() {
  bytes_sent_ = 0;
  ready_ = false;
  ready_owed_ = true;
  return IPDAEMON_ERROR_WOULD_BLOCK;
}

// In TLS longer sends are worth the copy, too: full records, and several with one system call.
std::size_t Connection::gather_max() const {
  return security_ ? Gathering::length_max / 2 : Gathering::piece_max;
}

int Connection::send(BytesView data, BytesView tail) {
  if (is_too_early()) return refuse();
  if (const int code = check_sendable(); code != 0) {
    bytes_sent_ = 0;
    return code;
  }
  const std::size_t length = data.size() + tail.size();
  if (length > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    bytes_sent_ = 0;
    return server_.fail(IPDAEMON_ERROR_MESSAGE_TOO_LONG, "one send takes at most 2147483647 bytes; send it in parts");
  }
  if (length == 0 && properties_.TIMEOUT == 0) {
    bytes_sent_ = 0;
    return 0;
  }
  if (is_full()) return refuse();
  if (properties_.TIMEOUT > 0) {
    server_.gathering().flush();
    const std::uint64_t begin = outbox_.appended();
    if (const int code = send_now(data, tail); code != 0) return code;
    return wait_until_sent(begin, begin + length);
  }
  if (server_.in_callback() && is_drained() && server_.gathering().add(*this, data, tail, gather_max())) {
    bytes_sent_ = static_cast<std::int64_t>(length);
    return 0;
  }
  server_.gathering().flush();
  return send_now(data, tail);
}

// Whether small sends would be accepted now without a look at them.
bool Connection::may_keep() const {
  return check_sendable() == 0 && !is_unready() && properties_.TIMEOUT == 0 && is_drained() && server_.in_callback();
}

int Connection::send_kept(BytesView data, std::int64_t last_length) {
  int code = 0;
  if (!may_keep() || !server_.gathering().add(*this, data, {}, Gathering::length_max)) code = send(data, {});
  if (code == 0) bytes_sent_ = last_length;
  return code;
}

// Accepted bytes are gone: the stream cannot go on behind the gap.
int Connection::lose_kept() {
  forget_sent();
  fail(IPDAEMON_ERROR_NO_BUFFERS);
  return IPDAEMON_ERROR_NO_BUFFERS;
}

// Hands to the system what it takes and queues the rest.
int Connection::send_now(BytesView data, BytesView tail) {
  bytes_sent_ = 0;
  if (failed_code_ != 0) return failed_code_;  // The flush before has found out.
  const std::size_t length = data.size() + tail.size();
  std::size_t taken = 0;
  if (security_) {
    if (is_drained()) {
      if (const int code = seal_directly(data, tail, &taken); code != 0) {
        if (properties_.TIMEOUT > 0) bytes_sent_ = static_cast<std::int64_t>(taken);
        return code;
      }
    }
  } else if (outbox_.empty() && length > 0) {
    const BytesView pieces[] = {data, tail};
    const Transfer sent = socket_.send(pieces, tail.empty() ? 1 : 2);
    if (sent.error != 0 && sent.error != IPDAEMON_ERROR_WOULD_BLOCK) {
      fail(sent.error);
      return sent.error;
    }
    if (sent.error == 0) taken = static_cast<std::size_t>(sent.count);
    if (taken > 0) {
      outbox_.count_direct(taken);
      on_taken(static_cast<std::int64_t>(taken));
    }
  }
  if (taken < length) {
    try {
      if (taken < data.size()) {
        outbox_.append(data.substr(taken));
        outbox_.append(tail);
      } else {
        outbox_.append(tail.substr(taken - data.size()));
      }
    } catch (const std::bad_alloc&) {
      // A part may be on its way already: the stream cannot go on behind a gap.
      fail(IPDAEMON_ERROR_NO_BUFFERS);
      return IPDAEMON_ERROR_NO_BUFFERS;
    }
  }
  if (!is_drained()) {
    update_interest();
    schedule();
  }
  bytes_sent_ = static_cast<std::int64_t>(length);
  return 0;
}

int Connection::send_file(File&& file) {
  if (is_too_early()) return refuse();
  if (const int code = check_sendable(); code != 0) {
    bytes_sent_ = 0;
    return code;
  }
  server_.gathering().flush();
  if (failed_code_ != 0) return failed_code_;
  if (is_full()) return refuse();
  const std::int64_t size = file.size();
  const std::uint64_t begin = outbox_.appended();
  bytes_sent_ = 0;
  if (size > 0) {
    const bool at_once = is_drained();
    outbox_.append_file(std::move(file));
    if (at_once) {
      if (security_) {
        write_sealed();
      } else {
        write_file();
      }
    }
    if (failed_code_ != 0 || state_ == State::ended) {
      if (properties_.TIMEOUT > 0) bytes_sent_ = static_cast<std::int64_t>(outbox_.taken() - begin);
      return failed_code_ != 0 ? failed_code_ : status_;
    }
    update_interest();
    schedule();
  }
  bytes_sent_ = size;
  if (properties_.TIMEOUT == 0) return 0;
  return wait_until_sent(begin, begin + static_cast<std::uint64_t>(size));
}

// Pumps until the system has taken everything up to `goal`. What it has not taken when the wait ends
// early is withdrawn, so that BytesSent tells exactly what the peer will get.
int Connection::wait_until_sent(std::uint64_t begin, std::uint64_t goal) {
  if (is_sent(goal)) return 0;
  const Pin pin(*this);  // The end of the connection may be delivered meanwhile.
  sending_ = true;
  interrupted_ = false;
  server_.enter_blocking();
  const int code = pump_until_sent(goal);
  server_.leave_blocking();
  sending_ = false;
  const std::uint64_t taken = std::clamp(outbox_.taken(), begin, goal);
  bytes_sent_ = static_cast<std::int64_t>(taken - begin);
  if (failed_code_ != 0 || state_ == State::ended) return code;
  if (outbox_.file() != nullptr) {
    outbox_.drop_file();
  } else if (taken < goal) {
    outbox_.withdraw(static_cast<std::size_t>(goal - taken));
  }
  update_interest();
  if (is_drained()) {
    if (code == IPDAEMON_ERROR_HANDLER_STOPPED && ready_owed_) {
      server_.owed().add(this);  // A callback has ended the call: ReadyToSend comes with the next one.
    } else {
      on_drained();
    }
  }
  return code;
}

// In TLS, what is sealed counts as taken, and may still be lost.
bool Connection::is_sent(std::uint64_t goal) const {
  return outbox_.taken() >= goal && !(security_ && (security_->has_pending() || security_->has_lost()));
}

// Returns 0 when it is sent, or why not.
int Connection::pump_until_sent(std::uint64_t goal) {
  const std::int64_t limit_ms = std::int64_t{properties_.TIMEOUT} * 1000;
  std::uint64_t moved_before = moved();
  std::int64_t progress_ms = monotonic_ms();
  while (!is_sent(goal)) {
    std::int64_t waited_ms = monotonic_ms() - progress_ms;
    if (waited_ms > limit_ms && !interrupted_) {
      // Callbacks of others may have taken all that time: what counts is whether the peer has made room.
      write();
      if (is_sent(goal)) return 0;
      if (const int code = why_not_sent(); code != 0) return code;
      if (moved() != moved_before) waited_ms = 0;
    }
    if (interrupted_ || waited_ms > limit_ms) return IPDAEMON_ERROR_TIMED_OUT;
    const int code = server_.pump(static_cast<int>(std::min<std::int64_t>(wait_slice_ms, limit_ms - waited_ms + 1)));
    if (code != 0 || is_sent(goal)) return code;
    if (const int reason = why_not_sent(); reason != 0) return reason;
    if (moved() != moved_before) {
      moved_before = moved();
      progress_ms = monotonic_ms();
    }
    if (!server_.may_wait()) return IPDAEMON_ERROR_HANDLER_STOPPED;
  }
  return 0;
}

// Why a blocking send cannot go on; 0 if it can.
int Connection::why_not_sent() const {
  if (server_.is_quiet()) return IPDAEMON_ERROR_NOT_OPEN;  // A callback has closed or reset the server.
  if (failed_code_ != 0) return failed_code_;
  if (state_ == State::open) return 0;
  return status_ != 0 ? status_ : IPDAEMON_ERROR_NOT_OPEN;
}

void Connection::write_gathered(BytesView bytes) {
  if (failed_code_ != 0 || state_ == State::ended) return;
  const std::int64_t accepted = bytes_sent_;  // Of the last send, not of this write.
  send_now(bytes, {});
  bytes_sent_ = accepted;
}

void Connection::write() {
  if (security_) {
    write_sealed();
  } else {
    if (outbox_.size() > 0 && !write_bytes()) return;
    if (outbox_.file() != nullptr) write_file();
  }
  if (state_ == State::ended || failed_code_ != 0) return;
  // Before callbacks, which may pump and must not be told of this socket over and over.
  update_interest();
  schedule();
  if (is_drained()) on_drained();
}

// Returns whether all bytes are gone.
bool Connection::write_bytes() {
  const BytesView bytes = outbox_.front();
  const Transfer sent = socket_.send(&bytes, 1);
  if (sent.error == IPDAEMON_ERROR_WOULD_BLOCK) return false;
  if (sent.error != 0) {
    fail(sent.error);
    return false;
  }
  outbox_.consume(static_cast<std::size_t>(sent.count));
  on_taken(sent.count);
  return outbox_.size() == 0;
}

void Connection::write_file() {
  const Transfer sent =
      socket_.send_file(*outbox_.file(), outbox_.file_offset(), std::min(outbox_.file_left(), file_chunk));
  if (sent.error == IPDAEMON_ERROR_WOULD_BLOCK) return;
  if (sent.error == IPDAEMON_ERROR_FILE_UNUSABLE || (sent.error == 0 && sent.count == 0)) {
    on_file_lost();
    return;
  }
  if (sent.error != 0) {
    fail(sent.error);
    return;
  }
  outbox_.consume_file(sent.count);
  on_taken(sent.count);
}

// The peer must see that something is missing.
void Connection::on_file_lost() {
  error_owed_ = true;
  finish(IPDAEMON_ERROR_FILE_UNUSABLE, file_detail, Close::reset);
}

void Connection::on_taken(std::int64_t count) {
  server_.count_out(count);
  note_activity();
}

void Connection::on_drained() {
  if (state_ == State::finishing) {
    if (!sending_) finish(0, nullptr, Close::orderly);
    return;
  }
  if (ready_is_due()) fire_ready();
  finish_if_peer_ended();
}

bool Connection::ready_is_due() const {
  if (state_ == State::ended) return ready_owed_ && connected_;
  return ready_owed_ && connected_ && (failed_code_ != 0 || (is_drained() && !is_unready()));
}

// Fires ReadyToSend, the one after Connected and the one after a refusal alike.
void Connection::fire_ready() {
  if (!server_.may_deliver()) {
    if (server_.is_mute()) ready_ = true;
    server_.owed().add(this);
    return;
  }
  ready_owed_ = false;
  greeting_owed_ = false;
  ready_ = true;
  if (server_.wants(IPDAEMON_EVENT_READY_TO_SEND)) {
    ValueView parameters[] = {ValueView::integer(id_)};
    server_.deliver(this, IPDAEMON_EVENT_READY_TO_SEND, parameters, 1);
  }
  if (state_ != State::open) return;
  update_interest();
  if ((!input_.empty() || has_backlog()) && !feeding_) owe_input();
}

// ---- Ending -----------------------------------------------------------------------------------------

void Connection::disconnect() {
  if (state_ == State::opening) finish(IPDAEMON_ERROR_ABORTED, disconnected_detail, Close::reset);
  if (state_ != State::open) return;
  server_.gathering().flush();
  if (state_ != State::open) return;
  ready_owed_ = false;
  ready_ = true;  // A loop that waits for it ends, and the next send says why.
  greeting_owed_ = false;
  discard_input();
  if (!linger_ || failed_code_ != 0) {
    finish(failed_code_, nullptr, Close::reset);
    return;
  }
  state_ = State::finishing;
  if (is_drained()) {
    finish(0, nullptr, Close::orderly);
  } else {
    note_activity();
    update_interest();
    schedule();
  }
}

void Connection::refuse_input(int code) {
  if (state_ == State::ended) return;
  server_.gathering().flush();
  error_owed_ = true;
  finish(code, code == IPDAEMON_ERROR_MESSAGE_TOO_LONG ? too_long_detail : no_memory_detail, Close::reset);
}

void Connection::abort(int status) {
  finish(status, nullptr, Close::reset);
}

void Connection::drop() {
  if (state_ != State::ended) server_.count_socket_closed();
  state_ = State::ended;
  end_owed_ = false;
  server_.gathering().forget(*this);
  server_.deadlines().cancel(this);
  server_.owed().remove(this);
  outbox_.clear();
  end_security();
  discard_input();
  unwatch();
  socket_.close();
}

// The connection is broken for writing. What has been received is still delivered, then it ends.
void Connection::fail(int code) {
  if (failed_code_ != 0 || state_ == State::ended) return;
  if (is_securing()) {
    error_owed_ = connected_;
    finish(code, nullptr, Close::orderly);
    return;
  }
  failed_code_ = code;
  server_.gathering().forget(*this);
  outbox_.clear();
  if (security_) security_->clear_pending();
  if (state_ == State::finishing) {
    finish(code, nullptr, Close::orderly);
    return;
  }
  unwatch();
  server_.owed().add(this);
}

// Before closing too: a descriptor that a child process holds for a moment would go on being reported.
void Connection::unwatch() {
  if (watched_) server_.reactor().poller().forget(socket_.handle());
  watched_ = false;
}

void Connection::read_out() {
  if (input_owed_) feed_input();
  bool more = properties_.ACCEPT_DATA && !peer_ended_ && !greeting_owed_ && state_ == State::open &&
              server_.may_deliver() && !(security_ && security_->input_broken);
  if (more && !input_owed_) more = receive();
  if (state_ == State::ended) return;
  const bool is_held = properties_.ACCEPT_DATA && !input_.empty() && server_.holds_data();
  if (more || input_owed_ || is_held || !server_.may_deliver()) {
    server_.owed().add(this);
    return;
  }
  if (properties_.ACCEPT_DATA && !input_.empty()) deliver_rest();
  if (state_ != State::ended && server_.may_deliver()) {
    const bool broken = security_ && security_->input_broken;
    finish(failed_code_, broken ? security_->engine().problem().detail.c_str() : nullptr, Close::orderly);
  }
  server_.owed().add(this);
}

// The peer has ended its side. Ours ends when all it sent was delivered and all it shall get was sent.
void Connection::finish_if_peer_ended() {
  if (!peer_ended_ || rest_owed_ || state_ != State::open || failed_code_ != 0 || busy() || sending_) return;
  if (connected_owed_) return;
  if (linger_ && (!is_drained() || ready_owed_)) {
    schedule();
    return;
  }
  finish(0, security_ && security_->truncated ? truncated_detail : nullptr, Close::orderly);
}

void Connection::finish(int status, const char* detail, Close how) {
  if (state_ == State::ended) return;
  state_ = State::ended;
  server_.count_socket_closed();
  status_ = status;
  status_detail_ = detail;
  if (!connected_) ready_ = true;  // A loop that waits for it ends, and the next send says why.
  server_.gathering().forget(*this);
  server_.deadlines().cancel(this);
  if (security_ && how == Close::orderly && failed_code_ == 0) close_security();
  outbox_.clear();
  end_security();
  discard_input();
  remember_local_address();
  // A peer that gets an alert, too, shall be able to read it.
  const bool peer_is_there = security_ ? !security_->fin_received && failed_code_ == 0 : !peer_ended_;
  const bool has_alert = security_ && !security_->is_established();
  const bool has_last_words = status == 0 || (has_alert && server_.lingering().has_room_for_alert());
  if (how == Close::orderly && has_last_words && peer_is_there && socket_.shut_down_send() == 0) {
    server_.linger(std::move(socket_), watched_);
    watched_ = watched_ && socket_.valid();
  }
  unwatch();
  if (how == Close::reset) {
    socket_.reset();
  } else {
    socket_.close();
  }
  end_owed_ = true;
  server_.owed().add(this);
}

void Connection::show_ready() {
  if (ready_is_due()) ready_ = true;
}

void Connection::deliver_disconnected() {
  if (!server_.may_deliver()) {
    server_.owed().add(this);
    return;
  }
  if (ready_owed_ && connected_) {
    // A program that waits for this event must not wait for ever.
    fire_ready();
    if (!server_.may_deliver()) {
      server_.owed().add(this);
      return;
    }
  }
  if (!connected_) {
    error_owed_ = !failure_told_;
    if (status_ == 0) {
      status_ = IPDAEMON_ERROR_ABORTED;
      status_detail_ = disconnected_detail;
    }
  }
  if (error_owed_) {
    error_owed_ = false;
    failure_told_ = true;
    server_.report_error(this, status_, status_detail_ != nullptr ? status_detail_ : "");
    if (!server_.may_deliver()) {
      server_.owed().add(this);
      return;
    }
  }
  const std::string text = error_text(status_, status_detail_ != nullptr ? status_detail_ : "");
  end_owed_ = false;
  if (connected_) server_.count_down();
  // What never came up does not go down.
  const int event = connected_ ? IPDAEMON_EVENT_DISCONNECTED : IPDAEMON_EVENT_CONNECTED;
  if (server_.wants(event)) {
    ValueView parameters[] = {ValueView::integer(id_), ValueView::integer(status_), ValueView::text(text)};
    server_.deliver(this, event, parameters, 3);
  }
  server_.forget(*this);
}

bool Connection::is_lingering() const {
  return state_ == State::finishing || (peer_ended_ && state_ == State::open && !is_drained());
}

void Connection::note_activity() {
  if (properties_.IDLE_TIMEOUT > 0 || peer_ended_ || state_ == State::finishing) last_activity_ms_ = monotonic_ms();
}

// When the connection is to be ended unless something happens; 0 for never.
std::int64_t Connection::deadline_ms() const {
  if (is_lingering()) {
    return last_activity_ms_ + 1 + (properties_.TIMEOUT > 0 ? std::int64_t{properties_.TIMEOUT} * 1000 : linger_ms);
  }
  if (is_securing()) {
    const std::int64_t limit_s = server_.setting(IPDAEMON_SETTING_DEFAULT_CONNECTION_TIMEOUT);
    return limit_s > 0 && state_ != State::ended ? security_->begun_ms() + 1 + limit_s * 1000 : 0;
  }
  if (state_ == State::open && properties_.IDLE_TIMEOUT > 0) {
    return last_activity_ms_ + 1 + std::int64_t{properties_.IDLE_TIMEOUT} * 1000;
  }
  return 0;
}

// Sets the deadline if there is none or it comes too late. One that comes too early is corrected when
// it fires: activity costs no more than remembering its time.
void Connection::schedule() {
  const std::int64_t due_ms = deadline_ms();
  if (due_ms == 0) {
    if (is_set()) server_.deadlines().cancel(this);
  } else if (!is_set() || Deadline::due_ms() > due_ms) {
    server_.deadlines().set(this, due_ms);
  }
}

void Connection::on_deadline(std::int64_t now_ms) {
  std::int64_t due_ms = deadline_ms();
  if (due_ms == 0 || state_ == State::ended) return;
  if (now_ms >= due_ms) {
    look_before_deadline();
    if (state_ == State::ended || failed_code_ != 0) return;
    due_ms = deadline_ms();
    if (due_ms == 0) return;
  }
  if (now_ms < due_ms) {
    schedule();
  } else if (is_lingering()) {
    finish(IPDAEMON_ERROR_CONNECTION_TIMED_OUT, linger_detail, Close::reset);
  } else if (is_securing()) {
    error_owed_ = connected_;
    finish(IPDAEMON_ERROR_TIMED_OUT, handshake_detail, Close::orderly);
  } else {
    finish(IPDAEMON_ERROR_CONNECTION_TIMED_OUT, idle_detail, Close::orderly);
  }
}

// What has happened at the socket counts before a deadline does, although nobody has looked for a while: a callback may
// have computed for longer than the limit, or the process was stopped.
void Connection::look_before_deadline() {
  if (failed_code_ != 0) return;
  if (is_lingering()) {
    write();
    return;
  }
  const bool input = state_ == State::open && properties_.ACCEPT_DATA && !peer_ended_;
  if (!input && !is_securing()) return;
  if (input_owed_) {
    note_activity();  // It has sent more than has been delivered.
  } else if (is_held_back() || greeting_owed_ || feeding_ || !server_.may_deliver()) {
    if (socket_.has_input()) note_activity();
  } else {
    receive();
  }
}

void Connection::update_interest() {
  if (!watched_) return;
  const bool input = wants_input();
  const bool securing = is_securing() && (state_ == State::open || state_ == State::opening);
  const bool read = (input || securing) && !paused_ && !handshake_waits_;
  const bool write = !is_drained();
  const auto interest = static_cast<Interest>((read ? 1 : 0) | (write ? 2 : 0));
  if (interest == interest_) return;
  interest_ = interest;
  const int error = server_.reactor().poller().change(socket_.handle(), interest, static_cast<Source*>(this));
  if (error != 0) fail(error);
}

void Connection::remember_local_address() {
  if (local_.family != Family::none || !socket_.valid()) return;
  Endpoint local;
  if (socket_.local_endpoint(&local) == 0) local_ = local.address;
}

// ---- Properties -------------------------------------------------------------------------------------

int Connection::set(const Row& row, Stored&& value) {
  switch (row.id) {
    case IPDAEMON_PROPERTY_CONNECTED:
      if (state_ == State::open) return 0;
      return server_.fail(IPDAEMON_ERROR_NOT_OPEN, "Connected cannot be set to True; connections come from peers");
    case IPDAEMON_PROPERTY_ACCEPT_DATA:
      properties_.ACCEPT_DATA = value.number != 0;
      server_.cancel_batch();
      update_interest();
      if (properties_.ACCEPT_DATA && !feeding_ && (!input_.empty() || rest_owed_ || has_backlog())) {
        owe_input();
      }
      return 0;
    case IPDAEMON_PROPERTY_IDLE_TIMEOUT:
      properties_.IDLE_TIMEOUT = static_cast<std::int32_t>(value.number);
      note_activity();
      schedule();
      return 0;
    case IPDAEMON_PROPERTY_EOL:
    case IPDAEMON_PROPERTY_RECORD_LENGTH:
    case IPDAEMON_PROPERTY_SINGLE_LINE_MODE:
      properties_.write(row.id, std::move(value));
      framing_changed();
      return 0;
    default:
      properties_.write(row.id, std::move(value));
      return 0;
  }
}

int Connection::get(const Row& row, ValueView* out, std::string* scratch) {
  switch (row.id) {
    case IPDAEMON_PROPERTY_CONNECTED:
      *out = ValueView::boolean(state_ == State::open && !is_lost());
      return 0;
    case IPDAEMON_PROPERTY_BYTES_SENT:
      *out = ValueView::integer(bytes_sent_);
      return 0;
    case IPDAEMON_PROPERTY_CONNECTION_ID:
      *scratch = std::to_string(id_);
      break;
    case IPDAEMON_PROPERTY_LOCAL_ADDRESS:
      remember_local_address();
      *scratch = local_.family == Family::none ? std::string() : local_.text();
      break;
    case IPDAEMON_PROPERTY_READY_TO_SEND:
      *out = ValueView::boolean(ready_ || is_lost());
      return 0;
    case IPDAEMON_PROPERTY_REMOTE_HOST:
      *scratch = peer_.address.text();
      break;
    case IPDAEMON_PROPERTY_REMOTE_PORT:
      *out = ValueView::integer(peer_.port);
      return 0;
    default:
      properties_.read(row.id, out);
      return 0;
  }
  *out = ValueView::text(*scratch);
  return 0;
}

}  // namespace ipdaemon
