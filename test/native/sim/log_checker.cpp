// The log checker: what it knows, and the calls that begin and end.
#include "log_checker.hpp"

#include <algorithm>

#include "ipdaemon.h"
#include "memory_sim.hpp"
#include "tls_sim.hpp"

namespace ipdaemon::sim {

bool is_tls_code(int code) {
  return code >= IPDAEMON_ERROR_TLS_UNAVAILABLE && code <= IPDAEMON_ERROR_TLS_DECRYPT;
}

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
    check_limits(frame.handle, frame.began_us);
    check_handshakes(frame.handle, frame.began_us);
    check_headers(frame.handle, frame.began_us);
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
      if (number != 0) drain_ends(handle);
      server.accept_failed = false;
      server.accept_failures_told = 0;
      return;
    default:
      connection_property_set(handle, property, id, number, bytes);
  }
}

void LogChecker::connection_property_set(int handle, int property, int id, std::int64_t number, BytesView bytes) {
  HandleModel& server = handles_[handle];
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
      model->piece_us = now();
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

}  // namespace ipdaemon::sim
