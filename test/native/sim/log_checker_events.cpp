// The log checker, events: their order, nesting and frequency.
#include "log_checker.hpp"

#include <algorithm>

#include "ipdaemon.h"
#include "memory_sim.hpp"
#include "tls_sim.hpp"

namespace ipdaemon::sim {

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
    if (ConnectionModel* model = find(frame.handle, frame.id)) {
      --model->callbacks;
      model->piece_us = now();  // It stood still meanwhile.
    }
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
  check_known(handle, link, "ConnectionRequest");
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
  check_known(handle, link, "Connected");
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
  model.activity_us = model.connected_us = model.queued_us = now();
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
  if (id == 0 && code == IPDAEMON_ERROR_PROXY_HEADER) {
    check_bad_header(handle);
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

}  // namespace ipdaemon::sim
