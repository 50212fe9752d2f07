// Members of Connection for DataGroup: what is read ahead of its turn, and how it is delivered.

#include "connection/connection.hpp"
#include "connection/services.hpp"
#include "ipdaemon.h"

namespace ipdaemon {

bool Connection::may_join(const Ready& ready) const {
  const bool is_readable = ready.readable && !ready.writable && !ready.broken && ready.error == 0;
  return is_readable && !has_ended() && life_.output_is_open() && !speaks_tls() && wants_input() &&
         wants_read(channel_.interest()) && !owed_.any() && !is_held_back() && may_fire_data() && inbox_.empty() &&
         inbox_.frames() == nullptr && !inbox_.is_handing_out() && !channel_.has_ahead();
}

std::size_t Connection::read_ahead(char* at, GroupMember* member) {
  const Transfer received = channel_.read_some(at);
  if (received.error != 0 && received.error != IPDAEMON_ERROR_WOULD_BLOCK) channel_.note_error(received.error);
  if (received.error != 0 || received.count <= 0) return 0;
  channel_.set_ahead(true);
  member->channel = &channel_;
  return static_cast<std::size_t>(received.count);
}

bool Connection::cut_whole(BytesView data, GroupMember* member) {
  member->before = inbox_.framer();
  const Cut cut = inbox_.next(framing(), data, 0, &member->piece);
  if (cut == Cut::piece && member->piece.next == data.size()) return true;
  inbox_.restore(member->before);
  return false;
}

void Connection::begin_ahead(std::size_t length) {
  channel_.set_ahead(false);
  note_activity();
  forget_piece();
  bytes_received_ += static_cast<std::int64_t>(length);
  auto& counters = services().connections.counters;
  counters.count(IPDAEMON_COUNTER_BYTES_IN, static_cast<std::int64_t>(length));
  counters.count(IPDAEMON_COUNTER_PIECES);
}

void Connection::begin_alone() {
  inbox_.begin_handing_out();
  enter_callback();
}

void Connection::end_alone() {
  leave_callback();
  inbox_.end_handing_out();
  if (has_ended() || inbox_.is_discarded()) discard_input();
}

// What was read ahead and not delivered is not reported by the poller again.
void Connection::receive_ahead() {
  if (owed_.has(Owing::input) || has_ended() || !life_.output_is_open()) return;
  if (wants_read(channel_.interest()) && !is_held_back()) receive();
}

}  // namespace ipdaemon
