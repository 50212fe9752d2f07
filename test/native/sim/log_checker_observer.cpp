// The log checker as the observer of the simulated world: what the system saw.
#include "log_checker.hpp"

#include <algorithm>

#include "tls_sim.hpp"

namespace ipdaemon::sim {

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
  if (ConnectionModel* model = of_link(link)) {
    model->activity_us = now();
    // These bytes begin a piece, if nothing of it was there before.
    if (static_cast<std::int64_t>(incoming(*model).read) - count <= static_cast<std::int64_t>(model->position)) {
      model->piece_us = now();
    }
  }
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
  model->progress_us = model->taken_us = now();
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
  model->queued_at_close = is_queued(*model);
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
