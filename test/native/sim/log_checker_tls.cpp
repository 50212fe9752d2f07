// The log checker, TLS: handshakes, their events and their failures.
#include "log_checker.hpp"

#include <algorithm>

#include "ipdaemon.h"
#include "tls_sim.hpp"

namespace ipdaemon::sim {

LogChecker::Incoming LogChecker::incoming(const ConnectionModel& model) const {
  const Link& link = world_->link(model.link);
  if (!model.secure) {
    // Behind the header.
    const std::size_t header = std::min(link.header_size, link.sent.size());
    const std::size_t read = std::max(link.read_count, header) - header;
    return {BytesView(link.sent).substr(header), read, link.peer_ended || link.peer_reset, link.peer_ended};
  }
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
  // With a header, its time counts, too.
  const bool with_header = world_->link(link).header != HeaderKind::none;
  const bool since_accept = connection == nullptr && (!asked || with_header);
  one.begun_us = since_accept ? accepted_us_[link] : now();
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
  const bool drained = model.begun_us <= server.drained_us || now() >= server.drain_due_us;
  if (trouble_injected() || model.end_wanted || drained || model.refused || server.stops > model.stops_before) return;
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
    if (connection != nullptr && (may_be_secured(*connection) || may_end(*connection))) continue;
    const std::int64_t due_us = one.begun_us + one.limit_s * second_us + tick_us;
    one.misses = due_us < pump_began_us ? one.misses + 1 : 0;
    if (one.misses > 2) {
      fail("the handshake of peer " + std::to_string(number) + " outlives its limit by " +
           std::to_string((pump_began_us - due_us) / 1000) + " ms");
    }
  }
}

}  // namespace ipdaemon::sim
