// Members of Connection: from the channel to DataIn. Each piece is cut by what the callback of the one before has set.

#include <algorithm>

#include "connection/connection.hpp"
#include "connection/services.hpp"
#include "ipdaemon.h"

namespace ipdaemon {

namespace {

constexpr const char* frame_too_long_detail = "the peer sent a frame that is longer than the max of Framing";
constexpr const char* frame_skipped_detail = "a frame is longer than the max of Framing; it is skipped";

}  // namespace

bool Connection::may_fire_data() const {
  const Dispatcher& dispatcher = services().dispatcher;
  return is_up() && properties_.ACCEPT_DATA && !ready_.holds_input() && !inbox_.is_discarded() && !busy() &&
         dispatcher.may_deliver() && !dispatcher.holds_data();
}

bool Connection::wants_input() const {
  return is_up() && properties_.ACCEPT_DATA && life_.input() != Life::Input::ended && !ready_.holds_input();
}

Framing Connection::framing() const {
  return {properties_.EOL, properties_.RECORD_LENGTH, properties_.SINGLE_LINE_MODE, inbox_.line_length_max()};
}

// Reads once and delivers what is complete. Returns whether there may be more to read.
bool Connection::receive() {
  if (speaks_tls()) return receive_ciphertext();
  const ReceiveTarget target = inbox_.target(services().buffers.receive_buffer(), TurnBuffers::headroom);
  const Transfer received = channel_.read_some(target.at);
  if (received.error == IPDAEMON_ERROR_WOULD_BLOCK) return false;
  if (received.error != 0) {
    break_off(received.error);
    return false;
  }
  if (received.count == 0) {
    on_peer_end();
    return false;
  }
  note_activity();
  on_received(target, static_cast<std::size_t>(received.count));
  return true;
}

// Delivers what is complete of `count` bytes that have come. In TLS callbacks may have run meanwhile.
void Connection::on_received(const ReceiveTarget& target, std::size_t count) {
  services().connections.counters.count(IPDAEMON_COUNTER_BYTES_IN, static_cast<std::int64_t>(count));
  bytes_received_ += static_cast<std::int64_t>(count);
  BytesView whole;
  if (inbox_.join(target, count, &whole)) {
    feed(whole);
  } else {
    feed_inbox();
  }
}

// Delivers what is complete in `data`, which is not in the inbox, and keeps the rest there.
void Connection::feed(BytesView data) {
  const std::size_t done = fire_pieces(data);
  if (has_ended() || inbox_.is_discarded()) {
    discard_input();
  } else {
    inbox_.keep_rest(data, done);
  }
}

void Connection::feed_inbox() {
  owed_.remove(Owing::input);
  const std::size_t done = fire_pieces(inbox_.bytes());
  if (has_ended() || inbox_.is_discarded()) {
    discard_input();
  } else {
    inbox_.consume(done);
  }
}

std::size_t Connection::fire_pieces(BytesView data) {
  Services& services = this->services();
  const Gathering::Across across(services.gathering, services.pace);
  const bool was_inside = limits_ && inbox_.is_inside_piece();
  inbox_.begin_handing_out();
  std::size_t done = 0;
  bool complete = true;
  while (complete && may_fire_data()) {
    done = fire_next(data, done, &complete);
    // Whatever a callback has made due comes before the next piece, and so do others when this takes long.
    if (complete && (!services.owed.empty() || services.pump.slice().is_over())) break;
  }
  inbox_.end_handing_out();
  if (!complete) {
    const bool is_inside = inbox_.is_inside_piece();
    if (is_inside || done < data.size()) {
      note_unfinished_piece(done > 0 && !(was_inside && is_inside));
    } else {
      forget_piece();
    }
  }
  const bool held = !properties_.ACCEPT_DATA || ready_.holds_input() || inbox_.is_discarded() || !is_up();
  if (complete && done < data.size() && !held) owe_input();
  return done;
}

std::size_t Connection::fire_next(BytesView data, std::size_t from, bool* complete) {
  const Framing by = framing();
  Piece piece;
  const Cut cut = inbox_.next(by, data, from, &piece);
  *complete = cut == Cut::piece;
  if (cut != Cut::piece) {
    if (cut != Cut::more) *complete = fire_violation(cut);
    return piece.next;
  }
  forget_piece();
  if (!services().dispatcher.wants(IPDAEMON_EVENT_DATA_IN)) return piece.next;
  if (piece.next < data.size()) return fire_batch(data, by, piece);
  fire_piece(data, piece);
  return piece.next;
}

void Connection::fire_piece(BytesView data, const Piece& piece) {
  services().connections.counters.count(IPDAEMON_COUNTER_PIECES);
  services().dispatcher.fire_data_in(this, id_, data.substr(piece.begin, piece.end - piece.begin), piece.eol);
}

// Delivers `first` and as many further ones as may be cut ahead.
std::size_t Connection::fire_batch(BytesView data, const Framing& by, const Piece& first) {
  Services& services = this->services();
  const BatchDescriptor descriptor = services.dispatcher.batch_descriptor();
  const std::size_t limit =
      std::min<std::size_t>({Batch::pieces_max, static_cast<std::size_t>(services.pace.limit()),
                             descriptor.numbers != nullptr ? static_cast<std::size_t>(descriptor.capacity) : 1});
  Batch batch;
  inbox_.cut_ahead(by, data, first, limit, descriptor.numbers, &batch);
  services.pace.start();
  std::size_t fired = 1;
  if (batch.count == 1) {
    fire_piece(data, batch.last);
  } else {
    const BytesView bytes = data.substr(batch.base, batch.last.end - batch.base);
    fired = services.dispatcher.fire_batch(this, id_, descriptor, bytes, static_cast<int>(batch.count));
    services.connections.counters.count(IPDAEMON_COUNTER_PIECES, static_cast<std::int64_t>(fired));
  }
  if (!services.pace.is_quick(static_cast<int>(batch.count))) services.gathering.flush();
  return fired == batch.count ? batch.last.next : inbox_.cut_back(batch, fired);
}

// After the peer's end: what is left is delivered although nothing ends it.
void Connection::fire_rest() {
  inbox_.begin_handing_out();
  std::size_t done = 0;
  Piece piece;
  bool left = true;
  while (left && may_fire_data()) {
    const Cut cut = inbox_.rest(framing(), done, &piece);
    done = piece.next;
    left = cut == Cut::piece;
    if (left && services().dispatcher.wants(IPDAEMON_EVENT_DATA_IN)) fire_piece(inbox_.bytes(), piece);
    if (cut != Cut::piece && cut != Cut::more) left = fire_violation(cut);
  }
  inbox_.end_handing_out();
  if (has_ended() || inbox_.is_discarded()) {
    discard_input();
    return;
  }
  inbox_.consume(done);
  owed_.set(Owing::rest, left);
  if (left && properties_.ACCEPT_DATA) owe_input();
}

// What comes does not keep to the Framing. Returns whether the stream goes on.
bool Connection::fire_violation(Cut cut) {
  if (cut == Cut::malformed) {
    close_as_linger_says(IPDAEMON_ERROR_FRAME_MALFORMED, inbox_.frames()->why(), IPDAEMON_CLOSED_MALFORMED);
    return false;
  }
  if (cut == Cut::too_long) {
    close_as_linger_says(IPDAEMON_ERROR_MESSAGE_TOO_LONG, frame_too_long_detail, IPDAEMON_CLOSED_TOO_LONG);
    return false;
  }
  forget_piece();
  services().dispatcher.fire_error(this, id_, IPDAEMON_ERROR_MESSAGE_TOO_LONG, frame_skipped_detail);
  return true;
}

void Connection::set_framing(std::shared_ptr<const FramingSpec> spec) {
  inbox_.set_frames(std::move(spec));
  framing_changed();
}

std::string Connection::framing_text() const {
  return inbox_.frames() != nullptr ? inbox_.frames()->spec().text() : std::string();
}

void Connection::on_peer_end() {
  life_.end_input();
  forget_piece();  // It ends where the input does.
  owed_.add(Owing::rest);
  note_activity();
  update_interest();
  fire_rest();
  end_if_peer_has();
}

void Connection::owe_input() {
  owed_.add(Owing::input);
  owe();
}

void Connection::framing_changed() {
  inbox_.framing_changed();
  services().dispatcher.cancel_batch();
  if (!inbox_.is_handing_out() && (!inbox_.empty() || owed_.has(Owing::rest))) owe_input();
}

void Connection::discard_input() {
  services().dispatcher.cancel_batch();
  owed_.remove(Owing::input);
  owed_.remove(Owing::rest);
  forget_piece();
  inbox_.discard();
}

}  // namespace ipdaemon
