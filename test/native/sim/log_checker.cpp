#include "log_checker.hpp"

#include <algorithm>

#include "ipdaemon.h"
#include "memory_sim.hpp"
#include "tls_sim.hpp"

namespace ipdaemon::sim {
namespace {

constexpr std::int64_t tick_us = 128 * 1000;  // Of the server's time-outs.
constexpr std::int64_t second_us = 1000 * 1000;
constexpr std::size_t high_water = 64 * 1024;

bool is_tls_code(int code) {
  return code >= IPDAEMON_ERROR_TLS_UNAVAILABLE && code <= IPDAEMON_ERROR_TLS_DECRYPT;
}

}  // namespace

const char* name_of(Call call) {
  constexpr const char* names[] = {"open",      "close",         "set",         "get",         "register_callback",
                                   "do_config", "do_disconnect", "do_doevents", "poll",        "do_interrupt",
                                   "do_reset",  "do_send",       "do_sendfile", "do_shutdown", "do_startssl"};
  return names[static_cast<int>(call)];
}

void LogChecker::fail(const std::string& what) {
  if (!failure_.empty()) return;
  failure_ = what;
  log_.write("FAILED: %s", what.c_str());
}

bool LogChecker::trouble_injected() const {
  return tolerant_ || memory_failures() > 0 || world_->injected_errors() > 0;
}

ConnectionModel* LogChecker::find(int handle, int id) {
  const auto found = models_.find({handle, id});
  return found == models_.end() ? nullptr : found->second.get();
}

ConnectionModel* LogChecker::of_link(int link) {
  return static_cast<std::size_t>(link) < by_link_.size() ? by_link_[static_cast<std::size_t>(link)] : nullptr;
}

int LogChecker::callbacks(int handle) const {
  return static_cast<int>(std::count_if(frames_.begin(), frames_.end(), [handle](const Frame& frame) {
    return !frame.is_call && frame.handle == handle;
  }));
}

// ---- Calls

void LogChecker::call_begins(Call call, int handle, int id, bool may_fire) {
  Frame frame;
  frame.is_call = true;
  frame.call = call;
  frame.handle = handle;
  frame.id = id;
  frame.may_fire = may_fire;
  frame.began_us = now();
  if (call == Call::doevents || call == Call::poll) ++handles_[handle].pump_depth;
  frames_.push_back(frame);
  ++log_.depth;
}

void LogChecker::call_ends(int code) {
  const Frame frame = frames_.back();
  frames_.pop_back();
  --log_.depth;
  HandleModel& model = handles_[frame.handle];
  const bool pumps = frame.call == Call::doevents || frame.call == Call::poll;
  if (pumps) --model.pump_depth;
  if (host_ended_) return;
  const std::string name = name_of(frame.call);
  if (frame.stopped && model.open && !model.silent && code != IPDAEMON_ERROR_HANDLER_STOPPED) {
    fail(name + " returned " + std::to_string(code) + " although a callback ended it");
  }
  if (!frame.stopped && code == IPDAEMON_ERROR_HANDLER_STOPPED) {
    fail(name + " says that a callback ended it, but none did");
  }
  if (code == IPDAEMON_ERROR_OUT_OF_MEMORY && memory_failures() == 0) {
    fail(name + " reports a lack of memory that there was not");
  }
  if (pumps && code != 0 && code != IPDAEMON_ERROR_HANDLER_STOPPED && code != IPDAEMON_ERROR_OUT_OF_MEMORY &&
      code != IPDAEMON_ERROR_INVALID_HANDLE) {
    fail(name + " returned " + std::to_string(code));
  }
  if (pumps && frames_.empty() && model.open) check_fairness(frame.handle);
  if (pumps && frames_.empty() && model.open && code == 0) {
    check_idle(frame.handle, frame.began_us);
    check_handshakes(frame.handle, frame.began_us);
  }
  if (frame.call == Call::shutdown && code == 0 && frames_.empty() && model.live > 0) {
    fail("do_shutdown returned although there are connections left");
  }
}

void LogChecker::opened(int handle) {
  if (handles_.contains(handle) && handles_[handle].open) fail("open returned a handle that is open already");
  handles_[handle] = HandleModel{};
  live_[handle].clear();
}

void LogChecker::listens(int handle, std::uint16_t port) {
  handles_[handle].port = port;
}

void LogChecker::reset(int handle) {
  HandleModel& model = handles_[handle];
  for (ConnectionModel* connection : live_[handle]) connection->abandoned = true;
  const std::int64_t ended_us = frames_.empty() ? now() : frames_.back().began_us;
  for (auto& [key, connection] : models_) {
    if (key.first == handle) connection->handle_ended_us = std::min(connection->handle_ended_us, ended_us);
  }
  for (auto& [link, one] : handshakes_) {
    if (one.handle == handle) one.over = true;
  }
  live_[handle].clear();
  model.live = 0;
  if (callbacks(handle) > 0) {
    // Carried out when the outermost callback has returned; silent from now on.
    model.silent = true;
    return;
  }
  HandleModel fresh;
  fresh.last_id = model.last_id;
  fresh.pump_depth = model.pump_depth;
  fresh.wants_request = model.wants_request;
  fresh.wants_certificates = model.wants_certificates;
  fresh.send_max = model.send_max;
  fresh.record_max = model.record_max;
  model = fresh;
}

void LogChecker::closed(int handle) {
  reset(handle);
  handles_[handle].open = false;
  handles_[handle].silent = true;
}

void LogChecker::property_set(int handle, int property, int id, std::int64_t number, BytesView bytes) {
  HandleModel& server = handles_[handle];
  switch (property) {
    case IPDAEMON_PROPERTY_DEFAULT_EOL:
      server.defaults.eol = bytes;
      return;
    case IPDAEMON_PROPERTY_DEFAULT_SINGLE_LINE_MODE:
      server.defaults.single_line = number != 0;
      return;
    case IPDAEMON_PROPERTY_DEFAULT_MAX_LINE_LENGTH:
      server.line_length_max = std::max<std::int64_t>(number, 256);
      return;
    case IPDAEMON_PROPERTY_DEFAULT_TIMEOUT:
      server.timeout_s = number;
      return;
    case IPDAEMON_PROPERTY_DEFAULT_IDLE_TIMEOUT:
      server.idle_s = number;
      server.idle_used = true;
      return;
    case IPDAEMON_PROPERTY_SSL_START_MODE:
      server.implicit = number == IPDAEMON_SSL_START_MODE_AUTOMATIC || number == IPDAEMON_SSL_START_MODE_IMPLICIT;
      return;
    case IPDAEMON_PROPERTY_SSL_AUTHENTICATE_CLIENTS:
      server.authenticates = number != 0;
      return;
    case IPDAEMON_PROPERTY_LINGER:
      server.linger = number != 0;
      return;
    case IPDAEMON_PROPERTY_LISTENING:
      server.listening = number != 0;
      server.accept_failed = false;
      server.accept_failures_told = 0;
      return;
    default:
      break;
  }
  ConnectionModel* model = find(handle, id);
  if (model == nullptr) return;
  switch (property) {
    case IPDAEMON_PROPERTY_EOL:
      model->framing.eol = bytes;
      return;
    case IPDAEMON_PROPERTY_RECORD_LENGTH:
      model->framing.record_length = number;
      server.record_max = std::max(server.record_max, number);
      return;
    case IPDAEMON_PROPERTY_SINGLE_LINE_MODE:
      model->framing.single_line = number != 0;
      return;
    case IPDAEMON_PROPERTY_ACCEPT_DATA:
      model->accept_data = number != 0;
      return;
    case IPDAEMON_PROPERTY_TIMEOUT:
      model->timeout_s = number;
      return;
    case IPDAEMON_PROPERTY_IDLE_TIMEOUT:
      model->idle_s = number;
      server.idle_used = true;
      model->idle_set_us = now();
      return;
    default:
      return;
  }
}

void LogChecker::end_wanted(int handle, int id) {
  if (id == 0) handles_[handle].ended_all_us = now();
  for (auto& [link, one] : handshakes_) {
    if (one.handle == handle && (id == 0 || one.id == id)) one.end_wanted = true;
  }
  for (ConnectionModel* model : live_[handle]) {
    if ((id != 0 && model->id != id) || model->end_wanted) continue;
    model->end_wanted = true;
    model->end_wanted_us = now();
  }
}

void LogChecker::interrupt_called(int handle, int id) {
  if (ConnectionModel* model = find(handle, id)) model->interrupted = model->blocking;
}

void LogChecker::send_begins(int handle, int id, BytesView bytes, bool file) {
  Frame& frame = frames_.back();
  HandleModel& server = handles_[handle];
  ConnectionModel* model = find(handle, id);
  if (!file) server.send_max = std::max(server.send_max, static_cast<std::int64_t>(bytes.size()));
  if (model == nullptr) return;
  frame.sends = true;
  frame.file = file;
  frame.offset = model->expected.size();
  frame.length = bytes.size();
  frame.outer_blocking = model->blocking;
  frame.blocking = model->timeout_s > 0 && !model->blocking;
  if (frame.blocking) {
    model->blocking = true;
    frame.timeout_s = model->timeout_s;
    model->interrupted = false;
    model->progress_us = now();
  }
  model->expected.append(bytes);
  model->tried = false;
}

void LogChecker::send_ends(int handle, int id, int code, std::int64_t bytes_sent) {
  const Frame& frame = frames_.back();
  ConnectionModel* model = find(handle, id);
  if (!frame.sends) {
    if (const HandshakeModel* securing = handshake(handle, id); securing != nullptr) {
      if (code == 0 && frame.length > 0) fail("a send was accepted before Connected");
      if (bytes_sent > 0) fail("a send before Connected has BytesSent " + std::to_string(bytes_sent));
      return;
    }
    if (model == nullptr && code != IPDAEMON_ERROR_UNKNOWN_CONNECTION && code != IPDAEMON_ERROR_INVALID_HANDLE &&
        code != IPDAEMON_ERROR_OUT_OF_MEMORY) {
      fail("a send to an unknown connection returned " + std::to_string(code));
    }
    return;
  }
  if (frame.blocking) model->blocking = false;
  const bool gone = model->disconnected || model->abandoned;
  if (code == 0) {
    if (frame.length > 0 && !may_be_secured(*model)) fail("a send was accepted before the handshake was done");
    if (frame.outer_blocking && frame.length > 0) fail("a send was accepted while a blocking send is on its way");
    if (!gone && !frame.file && bytes_sent >= 0 && bytes_sent != static_cast<std::int64_t>(frame.length)) {
      fail("BytesSent is " + std::to_string(bytes_sent) + " after a send of " + std::to_string(frame.length));
    }
    if (frame.blocking && frame.length > 0 && model->taken < frame.offset + frame.length) {
      fail("a blocking send returned before the system had all bytes");
    }
    if (frame.file && !frame.blocking) model->file_pending = true;
    // In TLS, something of TLS itself may be in front.
    if (!gone && !frame.file && !model->secure && !model->untried && !model->tried && model->taken == frame.offset &&
        frame.length > 0) {
      model->untried = true;
      untried_.push_back(model);
    }
    return;
  }
  std::size_t kept = 0;
  if (frame.file && code != IPDAEMON_ERROR_WOULD_BLOCK) model->file_failed = true;
  if (code == IPDAEMON_ERROR_WOULD_BLOCK) {
    if (bytes_sent > 0) fail("a refused send has BytesSent " + std::to_string(bytes_sent));
    if (!gone) model->ready_owed = true;
    if (frame.blocking && !model->secure && !gone && model->taken >= frame.offset)
      fail("a blocking send would block although nothing is queued");
  } else if (code == IPDAEMON_ERROR_OUT_OF_MEMORY || code == IPDAEMON_ERROR_FILE_UNUSABLE ||
             code == IPDAEMON_ERROR_IN_PROGRESS || code == IPDAEMON_ERROR_NOT_OPEN ||
             code == IPDAEMON_ERROR_UNKNOWN_CONNECTION || code == IPDAEMON_ERROR_INVALID_HANDLE ||
             code == IPDAEMON_ERROR_NO_BUFFERS) {
    // What was partly taken by the system before the failure is gone with the connection.
    kept = model->taken > frame.offset ? model->taken - frame.offset : 0;
    // What is sealed is still sent when the program has ended the connection meanwhile.
    if (frame.blocking && !gone && model->secure && code == IPDAEMON_ERROR_NOT_OPEN &&
        bytes_sent > static_cast<std::int64_t>(kept)) {
      kept = std::min(static_cast<std::size_t>(bytes_sent), frame.length);
    }
  } else if (code == IPDAEMON_ERROR_TIMED_OUT || code == IPDAEMON_ERROR_HANDLER_STOPPED ||
             code == IPDAEMON_ERROR_RESET_BY_PEER || code == IPDAEMON_ERROR_PEER_CLOSED ||
             code == IPDAEMON_ERROR_CONNECTION_TIMED_OUT || code == IPDAEMON_ERROR_ABORTED ||
             (model->secure && is_tls_code(code))) {
    kept = model->taken > frame.offset ? model->taken - frame.offset : 0;
    if (frame.blocking && !gone && model->secure && bytes_sent > static_cast<std::int64_t>(kept)) {
      // What is sealed reaches the peer, too, if the connection lasts.
      if (bytes_sent > static_cast<std::int64_t>(frame.length)) fail("BytesSent is more than there was to send");
      kept = std::min(static_cast<std::size_t>(bytes_sent), frame.length);
    } else if (frame.blocking && !gone && bytes_sent >= 0) {
      if (bytes_sent != static_cast<std::int64_t>(kept)) {
        fail("BytesSent is " + std::to_string(bytes_sent) + " after a blocking send of which the system took " +
             std::to_string(kept));
      }
    }
    if (code == IPDAEMON_ERROR_TIMED_OUT && frame.blocking && !model->interrupted &&
        !world_->link(model->link).server_ended && now() - model->progress_us < frame.timeout_s * second_us - 1000) {
      fail("a blocking send timed out early");
    }
  } else {
    fail("a send returned " + std::to_string(code));
  }
  if (model->expected.size() > frame.offset + kept) {
    if (model->taken > frame.offset + kept) {
      fail("of a send that failed with " + std::to_string(code) + " the system got more bytes than BytesSent says");
    }
    model->expected.resize(frame.offset + kept);
  }
}

// ---- Events

bool LogChecker::event_begins(const char* name, int handle, int id, int event) {
  ++events_;
  const std::string what = std::string(name) + (id != 0 ? " of connection " + std::to_string(id) : "");
  HandleModel& server = handles_[handle];
  if (frames_.empty() || !frames_.back().is_call || frames_.back().handle != handle) {
    fail(what + " outside of any call on its handle");
  } else {
    Frame& call = frames_.back();
    call.nested_events = true;
    if (!call.may_fire) fail(what + " inside " + name_of(call.call) + ", which fires no events");
    if (call.stopped && (call.call == Call::doevents || call.call == Call::poll || call.call == Call::send ||
                         call.call == Call::send_file)) {
      fail(what + " after a callback had ended the call");
    }
  }
  if (!server.open || server.silent) fail(what + " after the handle was closed or reset");
  Frame frame;
  frame.handle = handle;
  frame.id = id;
  frame.event = event;
  frame.began_us = now();
  if (ConnectionModel* model = id != 0 ? find(handle, id) : nullptr) {
    if (model->disconnected) fail(what + " after its Disconnected");
    ++model->callbacks;
  }
  frames_.push_back(frame);
  ++log_.depth;
  return !failed();
}

void LogChecker::event_ends(int result) {
  const Frame frame = frames_.back();
  frames_.pop_back();
  --log_.depth;
  if (frame.id != 0) {
    if (ConnectionModel* model = find(frame.handle, frame.id)) --model->callbacks;
  }
  if (result != 0) {
    ++handles_[frame.handle].stops;
    log_.write("  the callback ends the call");
    if (!frames_.empty()) frames_.back().stopped = true;
  }
  // A reset that had to wait is carried out by now, and the handle may speak again.
  HandleModel& server = handles_[frame.handle];
  if (server.silent && server.open && callbacks(frame.handle) == 0) {
    server.silent = false;
    reset(frame.handle);
    server.silent = false;
  }
}

void LogChecker::request_begins(int handle, int link, bool accept, bool expected_accept) {
  log_.write("ConnectionRequest from peer %d accept %d", link, accept ? 1 : 0);
  if (!event_begins("ConnectionRequest", handle, 0, IPDAEMON_EVENT_CONNECTION_REQUEST)) return;
  if (accept != expected_accept) fail("ConnectionRequest proposes the wrong answer");
  if (static_cast<std::size_t>(link) >= request_.size()) request_.resize(static_cast<std::size_t>(link) + 1);
  if (request_[static_cast<std::size_t>(link)] != 0) fail("a second ConnectionRequest for one peer");
}

void LogChecker::request_ends(int handle, int link, bool accept, int result) {
  request_[static_cast<std::size_t>(link)] = accept && result == 0 ? 1 : 2;
  if (accept && result == 0 && handles_[handle].implicit && !handles_[handle].silent) begin_handshake(handle, link);
  event_ends(result);
}

void LogChecker::connected_begins(int handle, int id, int status, int link) {
  log_.write("Connected id %d status %d peer %d", id, status, link);
  HandleModel& server = handles_[handle];
  if (status != 0) {
    event_begins("Connected", handle, 0, IPDAEMON_EVENT_CONNECTED);
    HandshakeModel* one = handshake(handle, id);
    if (one == nullptr) {
      fail("Connected with status " + std::to_string(status) + " without a handshake");
      return;
    }
    if (one->error != status) {
      fail("Connected with status " + std::to_string(status) + " after Error with " + std::to_string(one->error));
    }
    one->over = true;
    return;
  }
  if (find(handle, id) != nullptr) fail("a second Connected for connection " + std::to_string(id));
  // In TLS, some take longer than others.
  if (id <= server.last_id && !server.implicit) fail("connection ids do not rise");
  server.last_id = std::max<std::int64_t>(id, server.last_id);
  const auto position = static_cast<std::size_t>(link);
  if (request_.size() <= position) request_.resize(position + 1);
  if (server.wants_request && request_[position] == 0) fail("Connected without ConnectionRequest");
  if (request_[position] == 2) fail("Connected of a peer that was refused");
  if (by_link_.size() <= position) by_link_.resize(position + 1);
  if (by_link_[position] != nullptr) fail("two connections for one peer");
  auto fresh = std::make_unique<ConnectionModel>();
  ConnectionModel& model = *fresh;
  model.handle = handle;
  model.id = id;
  model.link = link;
  model.connected = true;
  model.framing = server.defaults;
  model.linger = server.linger;
  model.timeout_s = server.timeout_s;
  model.idle_s = server.idle_s;
  model.activity_us = now();
  if (server.implicit) {
    HandshakeModel& one = begin_handshake(handle, link);
    model.secure = true;
    one.id = id;
    const std::string what = "Connected of connection " + std::to_string(id);
    if (one.over) fail(what + " whose handshake was over");
    if (one.error != 0) fail(what + " after its Error");
    if (one.refused) fail(what + ", which the program has refused");
    if (!may_be_secured(model)) fail(what + " before the handshake was done");
    if (server.authenticates && server.wants_certificates && !one.asked_certificate) {
      fail(what + " without SSLClientAuthentication");
    }
    one.over = true;
  }
  by_link_[position] = &model;
  models_[{handle, id}] = std::move(fresh);
  live_[handle].push_back(&model);
  ++server.live;
  if (server.live > server.max_connections) fail("more connections than MaxConnections");
  event_begins("Connected", handle, id, IPDAEMON_EVENT_CONNECTED);
}

void LogChecker::ready_begins(int handle, int id) {
  log_.write("ReadyToSend id %d", id);
  ConnectionModel* model = find(handle, id);
  event_begins("ReadyToSend", handle, id, IPDAEMON_EVENT_READY_TO_SEND);
  if (model == nullptr) {
    fail("ReadyToSend before Connected");
    return;
  }
  if (!may_be_secured(*model) && !world_->link(model->link).dead() && !world_->link(model->link).server_ended) {
    fail("ReadyToSend before the handshake was done");
  }
  if (!model->greeted) {
    if (model->end_wanted && memory_failures() == 0)
      fail("the first ReadyToSend of a connection that was disconnected before");
    model->greeted = true;
    model->ready_owed = false;
  } else if (!model->ready_owed) {
    fail("ReadyToSend of connection " + std::to_string(id) + " without a refused send");
  } else {
    model->ready_owed = false;
    const Link& link = world_->link(model->link);
    const bool damaged = model->secure && link.tls && link.tls->damage_read(link.read_count);
    const bool broken = link.dead() || link.server_closed || (model->secure && link.server_ended) || damaged;
    // Of a blocking send that ends early, the checker learns only when it returns.
    if (!model->blocking && model->taken < model->expected.size() && !broken && !model->file_pending &&
        !is_opaque(*model) && !trouble_injected()) {
      fail("ReadyToSend although " + std::to_string(model->expected.size() - model->taken) + " bytes are still queued");
    }
  }
  model->file_pending = false;
}

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
  if (!failed()) check_piece(*model, text, eol);
}

// The one place that knows what the cuts have to be: from the bytes and the framing in force alone.
void LogChecker::check_piece(ConnectionModel& model, BytesView text, bool eol) {
  const Incoming link = incoming(model);
  const BytesView stream = link.stream;
  const auto limit = static_cast<std::size_t>(handles_[model.handle].line_length_max);
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
  const bool queued = model.taken < model.expected.size() && !is_opaque(model);
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
      if (!heard.closed && !model.end_wanted) fail(what + " with status 0, but nobody ended it");
      if (model.secure && !model.end_wanted && !may_be_secured(model)) fail(what + " with status 0 in a handshake");
      if (queued && model.linger && !link.dead()) fail(what + " with status 0 although accepted bytes were not sent");
      if (!model.end_wanted && !trouble_injected()) {
        if (heard.read < heard.stream.size()) fail(what + " before the peer's bytes were read");
        std::size_t position = model.position;
        if (model.swallow_lf && position < heard.stream.size() && heard.stream[position] == '\n') ++position;
        if (position < heard.stream.size()) fail(what + " before the peer's bytes were delivered");
      }
      break;
    case IPDAEMON_ERROR_RESET_BY_PEER:
      if (!link.peer_reset) fail(what + " says that the peer reset, but it did not");
      if (!model.end_wanted && model.accept_data && model.accepted_at_close && !trouble_injected()) {
        if (heard.read < heard.stream.size()) fail(what + " by a reset before what had come was read");
        if (piece_available(model)) fail(what + " by a reset before what had come was delivered");
      }
      break;
    case IPDAEMON_ERROR_CONNECTION_TIMED_OUT: {
      // The event may have had to wait; what counts is when the server gave the connection up.
      // Behind an alert, the socket stays for a moment.
      const bool closed = model.closed_us != 0;
      const std::int64_t silent_us = (closed ? model.closed_us : link.server_ended_us) - model.activity_us;
      const std::int64_t idle_s = closed ? model.closed_idle_s : model.idle_s;
      const bool idle = idle_s > 0 && silent_us >= idle_s * second_us - 1000;
      // A farewell that does not get through ends after Timeout, or 30 s.
      const std::int64_t patience_us = (model.closed_timeout_s > 0 ? model.closed_timeout_s : 30) * second_us;
      const bool stuck = (queued || link.dead()) && (model.end_wanted || link.peer_ended) &&
                         (silent_us >= patience_us - 1000 || model.end_wanted);
      if (!idle && !stuck) {
        fail(what + " by a time-out that was not due: silent for " + std::to_string(silent_us) + " us of " +
             std::to_string(idle_s) + " s");
      }
      if (!stuck && !model.end_wanted && model.accept_data && model.unread_at_close > 0 && !link.receive_refused &&
          !trouble_injected()) {
        fail(what + " as idle although " + std::to_string(model.unread_at_close) + " bytes of it had arrived");
      }
      break;
    }
    case IPDAEMON_ERROR_FILE_UNUSABLE:
      if (!queued && !model.file_failed) fail(what + " for a file although none was being sent");
      break;
    case IPDAEMON_ERROR_TLS_DECRYPT:
      if (!model.secure || !link.tls || !link.tls->damage_read(link.read_count)) {
        fail(what + " says that data could not be decrypted, but none was damaged");
      } else if (!model.end_wanted && model.accept_data && model.position < heard.read && !trouble_injected()) {
        std::size_t position = model.position;
        if (model.swallow_lf && heard.stream[position] == '\n') ++position;
        if (position < heard.read) fail(what + " by damaged data before what came before it was delivered");
      }
      break;
    default:
      if (!trouble_injected()) fail(what + " with status " + std::to_string(status) + " without a cause");
  }
  // One that breaks while the callback of Connected is running may go without it.
  if (status == 0 && !model.greeted && !model.end_wanted && !model.ready_owed && !trouble_injected()) {
    fail(what + " before the ReadyToSend that follows Connected");
  }
}

void LogChecker::error_begins(int handle, int id, int code, int link) {
  log_.write("Error id %d code %d", id, code);
  if (id != 0 && find(handle, id) == nullptr && handles_[handle].implicit && link >= 0) {
    begin_handshake(handle, link).id = id;
  }
  event_begins("Error", handle, id, IPDAEMON_EVENT_ERROR);
  HandshakeModel* one = id != 0 && code != IPDAEMON_ERROR_FILE_UNUSABLE ? handshake(handle, id) : nullptr;
  if (one != nullptr) {
    if (one->error != 0) fail("a second Error for the handshake of connection " + std::to_string(id));
    one->error = code;
    check_failed_handshake(*one, code);
    return;
  }
  if (code == IPDAEMON_ERROR_HOST_NOT_FOUND || code == IPDAEMON_ERROR_HOST_NOT_FOUND_NOW) return;
  if (id == 0 && (code == IPDAEMON_ERROR_TOO_MANY_SOCKETS || code == IPDAEMON_ERROR_NO_BUFFERS)) {
    HandleModel& server = handles_[handle];
    if (server.accept_failed && ++server.accept_failures_told > 1)
      fail("Error was fired twice for one spell of failing accepts");
    server.accept_failed = false;
  }
  if (code != IPDAEMON_ERROR_FILE_UNUSABLE && !trouble_injected()) {
    fail("Error with code " + std::to_string(code) + " without a cause");
  }
}

// ---- TLS

LogChecker::Incoming LogChecker::incoming(const ConnectionModel& model) const {
  const Link& link = world_->link(model.link);
  if (!model.secure) return {link.sent, link.read_count, link.peer_ended || link.peer_reset, link.peer_ended};
  if (!link.tls) return {{}, 0, link.peer_ended || link.peer_reset, link.peer_ended};
  const TlsEnd& tls = *link.tls;
  const BytesView said = tls.plain_said();
  const bool closed = link.peer_ended || tls.closing_read(link.sent.size());
  const bool ended = closed || link.peer_reset || tls.damage_read(link.read_count);
  return {said.substr(0, tls.plain_in(link.sent.size())), tls.plain_in(link.read_count), ended, closed};
}

// Necessary, not sufficient: the server has read what the client says in the handshake.
bool LogChecker::may_be_secured(const ConnectionModel& model) const {
  if (!model.secure) return true;
  const Link& link = world_->link(model.link);
  return link.tls && link.tls->server_may_be_open(link.read_count);
}

// Whether nobody can tell what the server sends.
bool LogChecker::is_opaque(const ConnectionModel& model) const {
  const Link& link = world_->link(model.link);
  return model.secure && (!link.tls || link.tls->is_failed());
}

// The unfinished one.
HandshakeModel* LogChecker::handshake(int handle, int id) {
  for (auto& [link, one] : handshakes_) {
    if (one.handle == handle && one.id == id && !one.over) return &one;
  }
  return nullptr;
}

int LogChecker::any_handshake(int handle) const {
  for (const auto& [link, one] : handshakes_) {
    if (one.handle == handle && one.id != 0 && !one.over) return one.id;
  }
  return 0;
}

HandshakeModel& LogChecker::begin_handshake(int handle, int link) {
  const auto [place, fresh] = handshakes_.try_emplace(link);
  HandshakeModel& one = place->second;
  if (!fresh) return one;
  one.handle = handle;
  one.link = link;
  // Of a peer without ConnectionRequest, only this is known.
  const ConnectionModel* connection = of_link(link);
  const bool asked = static_cast<std::size_t>(link) < request_.size() && request_[static_cast<std::size_t>(link)] != 0;
  one.begun_us = connection == nullptr && !asked ? accepted_us_[link] : now();
  one.end_wanted = connection == nullptr && one.begun_us <= handles_[handle].ended_all_us;
  one.limit_s = handles_[handle].handshake_s;
  one.stops_before = handles_[handle].stops;
  return one;
}

void LogChecker::start_ssl_ends(int handle, int id, int code) {
  ConnectionModel* model = find(handle, id);
  const bool gone = model == nullptr || model->disconnected || model->abandoned;
  if (code == IPDAEMON_ERROR_WOULD_BLOCK && !gone) model->ready_owed = true;
  if (code != 0) return;
  if (model != nullptr && model->abandoned) return;  // A reset that has to wait.
  if (gone || model->secure) {
    fail("do_startssl is accepted for connection " + std::to_string(id) + (gone ? ", which is gone" : " again"));
    return;
  }
  HandshakeModel& one = begin_handshake(handle, model->link);
  one.id = id;
  model->secure = true;
  model->clear_out = model->expected.size();
  // What came in clear must never be delivered.
  model->position = 0;
  model->swallow_lf = false;
}

void LogChecker::ssl_begins(const char* name, int event, int handle, int id, int link, const std::string& what) {
  log_.write("%s id %d %s", name, id, what.c_str());
  event_begins(name, handle, id, event);
  if (id == 0) return;
  const ConnectionModel* model = find(handle, id);
  if (model == nullptr) {
    if (!handles_[handle].implicit) fail(std::string(name) + " in clear");
    HandshakeModel& one = begin_handshake(handle, link);
    if (one.id != 0 && one.id != id) fail(std::string(name) + " with another id than before");
    one.id = id;
    if (one.over) fail(std::string(name) + " of connection " + std::to_string(id) + " after it failed");
    return;
  }
  if (!model->secure) fail(std::string(name) + " of a connection in clear");
  if (event != IPDAEMON_EVENT_SSL_STATUS && handshake(handle, id) == nullptr) {
    fail(std::string(name) + " of connection " + std::to_string(id) + " after its handshake");
  }
}

void LogChecker::certificate_asked(int handle, int id, bool accept) {
  HandshakeModel* one = handshake(handle, id);
  if (one == nullptr) return;
  if (one->asked_certificate) fail("SSLClientAuthentication was fired twice");
  one->asked_certificate = true;
  one->refused |= !accept;
}

void LogChecker::ssl_refused(int handle, int id) {
  if (HandshakeModel* one = handshake(handle, id)) one->refused = true;
}

void LogChecker::check_failed_handshake(const HandshakeModel& model, int code) {
  const Link& link = world_->link(model.link);
  const HandleModel& server = handles_[model.handle];
  const ConnectionModel* connection = of_link(model.link);
  const std::string what =
      "the handshake of connection " + std::to_string(model.id) + " fails with " + std::to_string(code);
  if (code == IPDAEMON_ERROR_TIMED_OUT) {
    const std::int64_t lasted_us = link.server_ended_us - model.begun_us;
    if (model.limit_s == 0 || lasted_us < model.limit_s * second_us - 1000) {
      fail(what + " after " + std::to_string(lasted_us) + " us of " + std::to_string(model.limit_s) + " s");
    }
    return;
  }
  if (trouble_injected() || model.end_wanted || model.refused || server.stops > model.stops_before) return;
  const TlsEnd* tls = link.tls.get();
  if (link.peer_reset || tls == nullptr) return;
  const TlsPlan& plan = tls->plan();
  switch (code) {
    case IPDAEMON_ERROR_TLS_NO_CLIENT_CERTIFICATE:
      if (!server.authenticates || plan.certificate != ClientCertificate::none) fail(what + " without a cause");
      return;
    case IPDAEMON_ERROR_TLS_CHAIN:
      if (tls->damage_read(link.read_count)) return;
      if (!server.authenticates || plan.certificate == ClientCertificate::none ||
          plan.certificate == ClientCertificate::good) {
        fail(what + " without a cause");
      }
      return;
    case IPDAEMON_ERROR_TLS_HANDSHAKE: {
      const bool other_version = (server.tls_version == 12 && plan.version == ClientVersion::tls13) ||
                                 (server.tls_version == 13 && plan.version == ClientVersion::tls12);
      const bool peer_wrong = plan.version == ClientVersion::too_old || other_version ||
                              tls->damage_read(link.read_count) || link.peer_ended ||
                              (connection != nullptr && tls->began_spoiled());
      const bool needs_room = model.handle != 0 && server.max_connections < 1000;
      if (!peer_wrong && !needs_room) fail(what + " without a cause");
      return;
    }
    default:
      fail(what + " without a cause");
  }
}

// None lasts longer than its limit.
void LogChecker::check_handshakes(int handle, std::int64_t pump_began_us) {
  for (auto& [number, one] : handshakes_) {
    if (one.handle != handle || one.over || one.limit_s == 0) continue;
    const Link& link = world_->link(number);
    const ConnectionModel* connection = of_link(number);
    if (link.dead() || link.server_ended || link.server_closed) continue;
    if (connection != nullptr && (may_be_secured(*connection) || connection->end_wanted)) continue;
    const std::int64_t due_us = one.begun_us + one.limit_s * second_us + tick_us;
    one.misses = due_us < pump_began_us ? one.misses + 1 : 0;
    if (one.misses > 2) {
      fail("the handshake of peer " + std::to_string(number) + " outlives its limit by " +
           std::to_string((pump_began_us - due_us) / 1000) + " ms");
    }
  }
}

// ---- The state between calls

void LogChecker::check_count(int handle, std::int64_t connection_count) {
  const HandleModel& server = handles_[handle];
  if (!server.open || server.silent || !server.wants_connected) return;
  if (connection_count != server.live) {
    fail("ConnectionCount is " + std::to_string(connection_count) + " but " + std::to_string(server.live) +
         " connections are up");
  }
}

void LogChecker::check_memory(int handle, std::int64_t memory) {
  const HandleModel& server = handles_[handle];
  if (!server.open || server.silent) return;
  const std::int64_t mark = std::max<std::int64_t>(high_water, server.out_buffer);
  const std::int64_t in_max = 2 * 65536 + std::max(server.line_length_max, server.record_max) + 256;
  // Sealed, they are a little more; and handshakes have flights on their way.
  constexpr std::int64_t flight_max = 16 * 1024;
  const auto securing = std::count_if(handshakes_.begin(), handshakes_.end(),
                                      [&](const auto& one) { return one.second.handle == handle && !one.second.over; });
  const std::int64_t sealed = server.live * (mark + server.send_max) / 8 + securing * flight_max;
  const std::int64_t bound = server.live * (mark + server.send_max + in_max) + (handshakes_.empty() ? 0 : sealed);
  if (memory < 0) fail("the memory counter is negative");
  // Connections that are being refused or are not announced yet hold a little, too.
  if (memory > bound + in_max) {
    fail("the server holds " + std::to_string(memory) + " bytes for " + std::to_string(server.live) +
         " connections, more than " + std::to_string(bound));
  }
}

void LogChecker::check_ready(int handle, int id, bool ready) {
  const ConnectionModel* model = find(handle, id);
  if (model == nullptr || model->disconnected || model->abandoned || !handles_[handle].open) return;
  const Link& link = world_->link(model->link);
  // A send that was refused before Connected is made good by the first ReadyToSend.
  if (model->secure && !model->greeted) return;
  if (model->ready_owed == ready && !link.dead() && !link.server_closed && !model->end_wanted) {
    fail(std::string("the property ReadyToSend is ") + (ready ? "True" : "False") + " for connection " +
         std::to_string(id) + (model->ready_owed ? ", which owes the event" : ", which owes no event"));
  }
}

void LogChecker::check_idle(int handle, std::int64_t pump_began_us) {
  if (!handles_[handle].idle_used) return;
  for (ConnectionModel* model : live_[handle]) {
    if (model->idle_s == 0 || model->end_wanted || !may_be_secured(*model)) continue;
    const Link& link = world_->link(model->link);
    if (link.dead() || incoming(*model).closed) continue;
    if (link.unread() > 0 || piece_available(*model)) model->delivered_us = now();
    const std::int64_t due_us =
        std::max({model->activity_us, model->delivered_us, model->sealed_us, model->idle_set_us}) +
        model->idle_s * second_us + tick_us;
    model->idle_misses = due_us < pump_began_us ? model->idle_misses + 1 : 0;
    // A pump may have been busy with others; the one after it has no excuse.
    if (model->idle_misses > 2) {
      fail("connection " + std::to_string(model->id) + " outlives its idle time-out by " +
           std::to_string((pump_began_us - due_us) / 1000) + " ms");
    }
  }
}

// Whoever has sent something complete is served within a few pumps, whatever others do: each pump may end with a
// callback of somebody else that fails, or by its time.
void LogChecker::check_fairness(int handle) {
  // Looking at everybody after each pump takes too long for very many.
  constexpr std::size_t looked_at_max = 500;
  if (live_[handle].size() > looked_at_max) return;
  const auto pumps_max = static_cast<int>(60 + 8 * live_[handle].size());
  for (ConnectionModel* model : live_[handle]) {
    const Link& link = world_->link(model->link);
    const bool may_be_served = model->accept_data && model->greeted && !model->ready_owed && !model->end_wanted &&
                               !link.dead() && may_be_secured(*model) && piece_available(*model);
    model->unserved_pumps = may_be_served ? model->unserved_pumps + 1 : 0;
    if (model->unserved_pumps > pumps_max) {
      fail("connection " + std::to_string(model->id) + " was not served in " + std::to_string(pumps_max) + " pumps");
    }
  }
}

void LogChecker::check_settled(int handle, std::uint16_t port) {
  const HandleModel& server = handles_[handle];
  if (!server.open || server.silent) return;
  for (const ConnectionModel* model : live_[handle]) {
    const Link& link = world_->link(model->link);
    const std::string what = "connection " + std::to_string(model->id) + " is stuck: ";
    const bool queued = model->taken < model->expected.size() && !is_opaque(*model);
    if (link.peer_reset) fail(what + "the peer's reset was not noticed");
    if (queued && world_->link_writable(link)) fail(what + "accepted bytes are not sent");
    if (!queued && model->ready_owed && may_be_secured(*model)) fail(what + "ReadyToSend does not come");
    if (!queued && !model->greeted && !model->end_wanted && may_be_secured(*model))
      fail(what + "the first ReadyToSend does not come");
    if (!queued && model->end_wanted && memory_failures() == 0) fail(what + "Disconnected does not come");
    if (!model->accept_data || model->end_wanted || (queued && !model->greeted)) continue;
    if (link.unread() > 0) fail(what + "input is not read");
    if (piece_available(*model)) fail(what + "input is not delivered");
    if (incoming(*model).closed && !(queued && model->linger)) fail(what + "the peer's end was not noticed");
  }
  if (server.listening && server.live < server.max_connections && world_->backlog_of(port) > 0) {
    fail("peers wait to be accepted and are not");
  }
}

void LogChecker::check_end() {
  for (const auto& [key, owned] : models_) {
    const ConnectionModel& model = *owned;
    const Link& link = world_->link(model.link);
    const std::string what = "the peer of connection " + std::to_string(model.id);
    Bytes seen = link.received + link.outgoing;
    if (model.secure) {
      // What went over the wire in clear, and what was inside of TLS.
      const bool complete = link.dead() || static_cast<std::int64_t>(seen.size()) == link.taken_count;
      if (!complete && model.status == 0 && !trouble_injected()) fail(what + " lost sealed bytes");
      seen.resize(std::min(seen.size(), model.clear_out));
      if (link.tls) seen += link.tls->plain_heard();
    }
    if (model.expected.compare(0, seen.size(), seen) != 0 || seen.size() > model.expected.size()) {
      fail(what + " got other bytes than were accepted");
    }
    const bool orderly =
        model.disconnected && model.status == 0 && model.linger && !link.peer_reset && !model.abandoned;
    if (!orderly || trouble_injected()) continue;
    // Who goes on sending long after our end provokes a reset; shortly after it, nothing may be lost,
    // unless the program has closed or reset the whole server by then.
    constexpr std::int64_t patience_us = 900 * 1000;
    const std::int64_t patient_until_us = std::min(link.server_ended_us + patience_us, model.handle_ended_us);
    if (link.late_input && link.late_input_us >= patient_until_us) continue;
    if (!link.late_input && model.closed_us >= patient_until_us) continue;
    if (seen.size() != model.expected.size() && !is_opaque(model)) {
      fail(what + " lost " + std::to_string(model.expected.size() - seen.size()) + " bytes in an orderly end");
    }
  }
  if (world_->open_descriptors() != 0) {
    fail(std::to_string(world_->open_descriptors()) + " descriptors are still open after everything was closed");
  }
}

// ---- Observer

void LogChecker::on_accepted(int link) {
  log_.write("- accepted peer %d", link);
  accepted_us_[link] = now();
  const std::uint16_t port = world_->link(link).local.port;
  for (auto& [number, server] : handles_) {
    if (server.port == port) server.accept_failed = false, server.accept_failures_told = 0;
  }
}

void LogChecker::on_server_read(int link, std::int64_t count) {
  log_.write("- read %lld of peer %d", static_cast<long long>(count), link);
  if (ConnectionModel* model = of_link(link)) model->activity_us = now();
}

void LogChecker::on_server_wrote(int link, BytesView bytes) {
  log_.write("- wrote %s to peer %d", shown(bytes).c_str(), link);
  ConnectionModel* model = of_link(link);
  TlsEnd* tls = world_->link(link).tls.get();
  if (tls != nullptr) tls->hear(bytes);
  if (model == nullptr) {
    const std::uint16_t port = world_->link(link).local.port;
    const bool securing = std::any_of(handles_.begin(), handles_.end(),
                                      [&](const auto& one) { return one.second.port == port && one.second.implicit; });
    if (!securing && !handshakes_.contains(link)) fail("bytes for a peer that is not connected");
    if (tls != nullptr && !tls->plain_heard().empty()) fail("payload for a peer that is not connected");
    return;
  }
  model->progress_us = now();
  if (model->secure) {
    model->sealed_us = now();
    const BytesView clear = bytes.substr(0, model->clear_out - std::min(model->clear_out, model->taken));
    if (model->expected.compare(model->taken, clear.size(), clear) != 0) {
      fail("connection " + std::to_string(model->id) + " sends other bytes in clear than were accepted");
      return;
    }
    model->taken += clear.size();
    if (tls == nullptr || model->taken < model->clear_out) return;
    const BytesView fresh = BytesView(tls->plain_heard()).substr(model->taken - model->clear_out);
    if (model->expected.compare(model->taken, fresh.size(), fresh) != 0 ||
        model->taken + fresh.size() > model->expected.size()) {
      fail("connection " + std::to_string(model->id) + " sends " + shown(fresh) + " in TLS where " +
           shown(BytesView(model->expected).substr(model->taken)) + " was accepted");
      return;
    }
    if (!fresh.empty()) model->activity_us = now();
    model->taken += fresh.size();
    return;
  }
  model->activity_us = now();
  if (model->expected.compare(model->taken, bytes.size(), bytes) != 0) {
    fail("connection " + std::to_string(model->id) + " sends " + shown(bytes) + " where " +
         shown(BytesView(model->expected).substr(model->taken)) + " was accepted");
    return;
  }
  model->taken += bytes.size();
}

void LogChecker::on_server_tries_to_write(int link) {
  if (ConnectionModel* model = of_link(link)) model->untried = false, model->tried = true;
}

// Small sends may be kept together while a callback runs, but not while the server sleeps.
void LogChecker::on_wait() {
  if (untried_.empty() || frames_.empty()) return;
  // A callback of one server that pumps another keeps what is its own.
  const int handle = frames_.back().handle;
  for (ConnectionModel*& model : untried_) {
    if (model->handle != handle && model->untried) continue;
    const Link& link = world_->link(model->link);
    const bool gone = model->disconnected || model->abandoned || link.dead() || link.server_ended;
    if (model->untried && !gone && !trouble_injected()) {
      fail("the server waits although bytes accepted for connection " + std::to_string(model->id) +
           " were not offered to the system");
    }
    model->untried = false;
    model = nullptr;
  }
  untried_.erase(std::remove(untried_.begin(), untried_.end(), nullptr), untried_.end());
}

void LogChecker::on_server_closed(int link, bool reset) {
  log_.write("- closed peer %d%s", link, reset ? " by reset" : "");
  ConnectionModel* model = of_link(link);
  if (model == nullptr) return;
  model->closed_us = now();
  model->accepted_at_close = model->accept_data;
  model->unread_at_close = world_->link(link).unread();
  model->closed_idle_s = model->idle_s;
  model->closed_timeout_s = model->timeout_s;
}

void LogChecker::on_peer_did(int link, const char* what, std::int64_t count) {
  log_.write("- peer %d %s %lld", link, what, static_cast<long long>(count));
}

void LogChecker::on_accept_error(std::uint16_t port, int error) {
  log_.write("- accept fails with %d", error);
  for (auto& [number, server] : handles_) server.accept_failed |= server.port == port;
}

void LogChecker::on_misuse(const std::string& what) {
  fail(what);
}

}  // namespace ipdaemon::sim
