// The log checker, DataIn and Disconnected: the bytes that are delivered, and what is left at the end.
#include "log_checker.hpp"

#include <algorithm>

#include "ipdaemon.h"
#include "memory_sim.hpp"
#include "tls_sim.hpp"

namespace ipdaemon::sim {

void LogChecker::data_begins(int handle, int id) {
  ConnectionModel* model = find(handle, id);
  if (model == nullptr) {
    fail("DataIn before Connected");
  } else {
    if (model->callbacks > 0) fail("DataIn while a callback of connection " + std::to_string(id) + " is running");
    if (!model->greeted) fail("DataIn before the ReadyToSend that follows Connected");
    model->unserved_pumps = 0;
    model->delivered_us = now();
  }
  event_begins("DataIn", handle, id, IPDAEMON_EVENT_DATA_IN);
}

void LogChecker::data_piece(int handle, int id, BytesView text, bool eol) {
  log_.write("DataIn id %d %s eol %d", id, shown(text).c_str(), eol ? 1 : 0);
  ConnectionModel* model = find(handle, id);
  if (model == nullptr) return;
  if (!model->accept_data) fail("DataIn of connection " + std::to_string(id) + " while AcceptData is False");
  // A shutdown that ran out of memory may have reached only some connections.
  if (model->end_wanted && memory_failures() == 0) {
    fail("DataIn of connection " + std::to_string(id) + " after it was disconnected");
  }
  // A connection that fails for lack of memory delivers what it has, and may find more.
  if (model->rest_delivered && memory_failures() == 0) fail("DataIn after the rest of the input");
  model->piece_us = model->cut_us = now();
  if (!failed()) check_piece(*model, text, eol);
}

// The one place that knows what the cuts have to be: from the bytes and the framing in force alone.
void LogChecker::check_piece(ConnectionModel& model, BytesView text, bool eol) {
  const Incoming link = incoming(model);
  const BytesView stream = link.stream;
  const std::string what = "DataIn of connection " + std::to_string(model.id);
  if (model.swallow_lf && model.position < stream.size() && stream[model.position] == '\n') ++model.position;
  if (!text.empty() || model.position < stream.size()) model.swallow_lf = false;
  if (model.position + text.size() > link.read) {
    fail(what + " has more bytes than were received");
    return;
  }
  if (stream.substr(model.position, text.size()) != text) {
    fail(what + " differs from what was sent at " + std::to_string(model.position) + ": " + shown(text) +
         " instead of " + shown(stream.substr(model.position, text.size())));
    return;
  }
  const std::size_t end = model.position + text.size();
  // What is left when the connection ends is delivered too, although nothing completes it. It also ends where the
  // system refuses the server what it needs.
  const bool ended = link.ended || trouble_injected();
  // Without memory, TLS may fail in the middle of what has come.
  const bool torn = model.secure && memory_failures() > 0;
  const bool all_read = link.read == stream.size() || !link.closed || trouble_injected();
  const bool at_end = ended && (torn || (end == link.read && all_read));
  const FramingModel& framing = model.framing;
  const bool framed = framing.record_length > 0 || framing.single_line || !framing.eol.empty();
  if (!framed) {
    if (text.empty()) fail(what + " has no bytes");
    if (!eol) fail(what + " without framing has eol False");
    model.position = end;
    return;
  }
  if (framing.record_length > 0) {
    const auto length = static_cast<std::size_t>(framing.record_length);
    if (eol && text.size() != length) fail(what + " is a record of the wrong length");
    if (!eol && (!at_end || text.size() >= length || text.empty())) fail(what + " is an incomplete record");
    model.position = end;
    model.rest_delivered = !eol;
    return;
  }
  check_line(model, link, text, eol, at_end);
}

void LogChecker::check_line(ConnectionModel& model, const Incoming& link, BytesView text, bool eol, bool at_end) {
  const BytesView stream = link.stream;
  const FramingModel& framing = model.framing;
  const auto limit = static_cast<std::size_t>(handles_[model.handle].line_length_max);
  const std::string what = "DataIn of connection " + std::to_string(model.id);
  const std::size_t end = model.position + text.size();
  // Lines: where does the terminator stand that comes first?
  std::size_t terminator = std::string_view::npos;
  std::size_t terminator_length = 1;
  if (framing.single_line) {
    terminator = stream.find_first_of("\r\n", model.position);
  } else {
    terminator = stream.find(framing.eol, model.position);
    terminator_length = framing.eol.size();
  }
  const bool line_ends_here = terminator == end;
  if (eol) {
    if (!line_ends_here) {
      fail(what + " is a line that does not end there");
      return;
    }
    if (text.size() > limit) fail(what + " is a line longer than the limit");
    if (end + terminator_length > link.read) fail(what + " is a line whose end was not received yet");
    model.swallow_lf = framing.single_line && stream[end] == '\r';
    model.position = end + terminator_length;
    return;
  }
  if (line_ends_here && end + terminator_length <= link.read) fail(what + " lacks the end that the line has");
  if (terminator != std::string_view::npos && terminator < end) fail(what + " goes past the end of a line");
  if (text.size() == limit) {
    model.position = end;  // Cut at the limit, or a rest of exactly that length.
    return;
  }
  if (text.empty() || !at_end || text.size() > limit + terminator_length - 1) {
    fail(what + " is a part of a line that is not at its limit");
  }
  model.position = end;
  model.rest_delivered = true;
}

// Whether a piece is complete in what the peer has sent and was not delivered.
bool LogChecker::piece_available(const ConnectionModel& model) const {
  const Incoming link = incoming(model);
  const BytesView stream = link.stream;
  std::size_t position = model.position;
  if (model.swallow_lf && position < stream.size() && stream[position] == '\n') ++position;
  const std::size_t left = stream.size() - position;
  const auto limit = static_cast<std::size_t>(handles_.at(model.handle).line_length_max);
  if (left == 0 || model.rest_delivered) return false;
  if (link.closed && !world_->link(model.link).peer_reset) return true;
  if (model.framing.record_length > 0) return left >= static_cast<std::size_t>(model.framing.record_length);
  if (model.framing.single_line) {
    return stream.find_first_of("\r\n", position) != std::string_view::npos || left > limit;
  }
  if (model.framing.eol.empty()) return true;
  return stream.find(model.framing.eol, position) != std::string_view::npos || left >= limit + model.framing.eol.size();
}

void LogChecker::disconnected_begins(int handle, int id, int status) {
  log_.write("Disconnected id %d status %d", id, status);
  ConnectionModel* model = find(handle, id);
  if (model == nullptr) {
    fail("Disconnected before Connected");
  } else {
    if (model->callbacks > 0) fail("Disconnected while a callback of connection " + std::to_string(id) + " is running");
    if (!model->disconnected && !model->abandoned) check_end_of_connection(*model, status);
  }
  event_begins("Disconnected", handle, id, IPDAEMON_EVENT_DISCONNECTED);
  if (model == nullptr) return;
  model->disconnected = true;
  model->status = status;
  --handles_[handle].live;
  std::vector<ConnectionModel*>& live = live_[handle];
  live.erase(std::remove(live.begin(), live.end(), model), live.end());
}

void LogChecker::check_end_of_connection(ConnectionModel& model, int status) {
  const Link& link = world_->link(model.link);
  const Incoming heard = incoming(model);
  const std::string what = "Disconnected of connection " + std::to_string(model.id);
  HandshakeModel* securing = handshake(model.handle, model.id);
  const bool of_handshake = is_tls_code(status) || status == IPDAEMON_ERROR_TIMED_OUT;
  const bool of_data = status == IPDAEMON_ERROR_TLS_DECRYPT || status == IPDAEMON_ERROR_TLS_ENCRYPT;
  if (securing != nullptr && of_handshake && !(of_data && may_be_secured(model))) {
    if (securing->error != status) fail(what + " after a failed handshake, without Error before");
    securing->over = true;
    return;
  }
  if (securing != nullptr) securing->over = true;
  switch (status) {
    case 0:
      check_end_in_order(model, link, heard, what);
      break;
    case IPDAEMON_ERROR_RESET_BY_PEER:
      if (!link.peer_reset) fail(what + " says that the peer reset, but it did not");
      if (!may_end(model) && model.accept_data && model.accepted_at_close && !trouble_injected()) {
        if (heard.read < heard.stream.size()) fail(what + " by a reset before what had come was read");
        if (piece_available(model)) fail(what + " by a reset before what had come was delivered");
      }
      break;
    case IPDAEMON_ERROR_CONNECTION_TIMED_OUT:
      check_end_by_time(model, link, what);
      break;
    case IPDAEMON_ERROR_FILE_UNUSABLE:
      if (!is_queued(model) && !model.file_failed) fail(what + " for a file although none was being sent");
      break;
    case IPDAEMON_ERROR_TLS_DECRYPT:
      if (!model.secure || !link.tls || !link.tls->damage_read(link.read_count)) {
        fail(what + " says that data could not be decrypted, but none was damaged");
      } else if (!may_end(model) && model.accept_data && model.position < heard.read && !trouble_injected()) {
        std::size_t position = model.position;
        if (model.swallow_lf && heard.stream[position] == '\n') ++position;
        if (position < heard.read) fail(what + " by damaged data before what came before it was delivered");
      }
      break;
    default:
      if (status == IPDAEMON_ERROR_NO_BUFFERS && model.lost_sends) break;
      if (!trouble_injected()) fail(what + " with status " + std::to_string(status) + " without a cause");
  }
  // One that breaks while the callback of Connected is running may go without it.
  if (status == 0 && !model.greeted && !may_end(model) && !model.ready_owed && !trouble_injected()) {
    fail(what + " before the ReadyToSend that follows Connected");
  }
}

// Whether something that was accepted waits, as far as that is known.
bool LogChecker::is_queued(const ConnectionModel& model) const {
  return model.taken < model.expected.size() && !is_opaque(model);
}

void LogChecker::check_end_in_order(const ConnectionModel& model, const Link& link, const Incoming& heard,
                                    const std::string& what) {
  if (!heard.closed && !may_end(model)) fail(what + " with status 0, but nobody ended it");
  if (model.secure && !may_end(model) && !may_be_secured(model)) fail(what + " with status 0 in a handshake");
  if (is_queued(model) && model.linger && !link.dead()) {
    fail(what + " with status 0 although accepted bytes were not sent");
  }
  if (may_end(model) || trouble_injected()) return;
  if (heard.read < heard.stream.size()) fail(what + " before the peer's bytes were read");
  std::size_t position = model.position;
  if (model.swallow_lf && position < heard.stream.size() && heard.stream[position] == '\n') ++position;
  if (position < heard.stream.size()) fail(what + " before the peer's bytes were delivered");
}

void LogChecker::check_end_by_time(const ConnectionModel& model, const Link& link, const std::string& what) {
  // The event may have had to wait; what counts is when the server gave the connection up.
  // Behind an alert, the socket stays for a moment.
  const bool closed = model.closed_us != 0;
  const std::int64_t silent_us = (closed ? model.closed_us : link.server_ended_us) - model.activity_us;
  const std::int64_t idle_s = closed ? model.closed_idle_s : model.idle_s;
  const bool idle = idle_s > 0 && silent_us >= idle_s * second_us - 1000;
  // A farewell that does not get through ends after Timeout, or 30 s.
  const std::int64_t patience_us = (model.closed_timeout_s > 0 ? model.closed_timeout_s : 30) * second_us;
  const bool stuck = (is_queued(model) || link.dead()) && (may_end(model) || link.peer_ended) &&
                     (silent_us >= patience_us - 1000 || may_end(model));
  const bool limited = limit_was_over(model, closed ? model.closed_us : link.server_ended_us);
  if (!idle && !stuck && !limited) {
    fail(what + " by a time-out that was not due: silent for " + std::to_string(silent_us) + " us of " +
         std::to_string(idle_s) + " s");
  }
  if (!stuck && !limited && !may_end(model) && model.accept_data && model.unread_at_close > 0 &&
      !link.receive_refused && !trouble_injected()) {
    fail(what + " as idle although " + std::to_string(model.unread_at_close) + " bytes of it had arrived");
  }
}

}  // namespace ipdaemon::sim
