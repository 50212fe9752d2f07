// The log checker, between calls: counts, memory, fairness, time, the end of the run.
#include "log_checker.hpp"

#include <algorithm>

#include "memory_sim.hpp"
#include "tls_sim.hpp"

namespace ipdaemon::sim {
namespace {

constexpr std::size_t high_water = 64 * 1024;

}  // namespace

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
  // A callback that ended the call may have made a handshake fail that is reported later; no event can come by then.
  const HandshakeModel* unfinished = handshake(handle, id);
  if (ready && unfinished != nullptr && handles_[handle].stops > unfinished->stops_before) return;
  if (model->ready_owed == ready && !link.dead() && !link.server_closed && !may_end(*model)) {
    fail(std::string("the property ReadyToSend is ") + (ready ? "True" : "False") + " for connection " +
         std::to_string(id) + (model->ready_owed ? ", which owes the event" : ", which owes no event"));
  }
}

void LogChecker::check_idle(int handle, std::int64_t pump_began_us) {
  if (!handles_[handle].idle_used) return;
  for (ConnectionModel* model : live_[handle]) {
    if (model->idle_s == 0 || may_end(*model) || !may_be_secured(*model)) continue;
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
    const bool may_be_served = model->accept_data && model->greeted && !model->ready_owed && !may_end(*model) &&
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
    if (!queued && !model->greeted && !may_end(*model) && may_be_secured(*model))
      fail(what + "the first ReadyToSend does not come");
    if (!queued && model->end_wanted && memory_failures() == 0) fail(what + "Disconnected does not come");
    if (!model->accept_data || may_end(*model) || (queued && !model->greeted)) continue;
    if (link.unread() > 0) fail(what + "input is not read");
    if (piece_available(*model)) fail(what + "input is not delivered");
    if (incoming(*model).closed && !(queued && model->linger)) fail(what + "the peer's end was not noticed");
  }
  for (const auto& [number, since_us] : accepted_us_) {
    const Link& link = world_->link(number);
    if (!awaits_header(server, number) || link.peer_reset) continue;
    // Without ConnectionRequest, nobody is told of a handshake that has begun.
    if (server.implicit && !server.wants_request && is_good(link.header)) continue;
    const bool is_decided = link.header == HeaderKind::wrong || is_good(link.header);
    if (is_decided && link.sent.size() >= link.header_size) fail("a header that is complete or wrong waits");
    if (link.peer_ended) fail("the end of a peer that has sent no header was not noticed");
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

}  // namespace ipdaemon::sim
