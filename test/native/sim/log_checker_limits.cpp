// The log checker: PieceTimeout, SendTimeout, MaxConnectionTime and Drain. None of them is early, and none late by more
// than a tick; what it does not know exactly, such as what TLS keeps, it lets pass.
#include <algorithm>

#include "log_checker.hpp"
#include "memory_sim.hpp"

namespace ipdaemon::sim {
namespace {

// The server's clock has milliseconds.
constexpr std::int64_t grain_us = 1000;

}  // namespace

void LogChecker::drain_begins(int handle, std::int64_t seconds) {
  drain_ends(handle);
  HandleModel& server = handles_[handle];
  server.drain_due_us = now() + seconds * second_us - grain_us;
  server.listening = false;
}

// Also of a drain that gets another deadline. Whom the deadline before has ended may learn of it later.
void LogChecker::drain_ends(int handle) {
  HandleModel& server = handles_[handle];
  if (now() >= server.drain_due_us) {
    for (ConnectionModel* model : live_[handle]) model->drained = true;
    server.drained_us = now();
  }
  server.drain_due_us = INT64_MAX;
}

// Whether the program, or a limit that it has set, may have ended the connection in order.
bool LogChecker::may_end(const ConnectionModel& model) const {
  if (model.end_wanted || model.drained) return true;
  const HandleModel& server = handles_.at(model.handle);
  if (now() >= server.drain_due_us) return true;
  return server.life_s > 0 && now() - model.connected_us >= server.life_s * second_us * 9 / 10 - grain_us;
}

// Whether a connection that ended at this time may have ended by PieceTimeout or SendTimeout.
bool LogChecker::limit_was_over(const ConnectionModel& model, std::int64_t end_us) const {
  const HandleModel& server = handles_.at(model.handle);
  const Incoming heard = incoming(model);
  const std::int64_t piece_us = end_us - std::max(model.connected_us, model.cut_us);
  const bool has_piece = model.secure || heard.read > model.position;
  if (server.piece_s > 0 && has_piece && piece_us >= server.piece_s * second_us - grain_us) return true;
  const bool queued = is_opaque(model) || model.secure || is_queued(model) || model.queued_at_close;
  const std::int64_t waits_us = end_us - std::max({model.connected_us, model.taken_us, model.queued_us});
  return server.send_s > 0 && queued && waits_us >= server.send_s * second_us - grain_us;
}

bool LogChecker::has_unfinished_piece(const ConnectionModel& model) const {
  const FramingModel& framing = model.framing;
  if (framing.record_length == 0 && !framing.single_line && framing.eol.empty()) return false;
  const Incoming heard = incoming(model);
  // A line feed alone may belong to the line before.
  return !heard.ended && heard.read > model.position + 1 && !piece_available(model);
}

void LogChecker::check_limits(int handle, std::int64_t pump_began_us) {
  const HandleModel& server = handles_[handle];
  if (server.piece_s == 0 && server.send_s == 0 && server.life_s == 0) return;
  if (memory_failures() > 0) return;
  for (ConnectionModel* model : live_[handle]) {
    const Link& link = world_->link(model->link);
    if (model->end_wanted || link.dead() || link.server_ended || link.server_closed || !may_be_secured(*model))
      continue;
    const bool queued = model->taken < model->expected.size();
    std::int64_t due_us = INT64_MAX;
    const auto limit = [&](bool runs, std::int64_t from_us, std::int64_t length_us) {
      if (runs && length_us > 0) due_us = std::min(due_us, from_us + length_us + tick_us);
    };
    // What is queued then may still be sent.
    limit(!queued && !model->secure && !model->file_pending, model->connected_us, server.life_s * second_us * 11 / 10);
    limit(queued && !model->secure && !model->file_pending && !is_opaque(*model),
          std::max(model->taken_us, model->queued_us), server.send_s * second_us);
    // One that is being closed reads no more.
    limit(!may_end(*model) && !model->secure && model->accept_data && model->greeted && !model->ready_owed &&
              link.unread() == 0 && has_unfinished_piece(*model),
          model->piece_us, server.piece_s * second_us);
    model->limit_misses = due_us < pump_began_us ? model->limit_misses + 1 : 0;
    // A pump may have been busy with others; the one after it has no excuse.
    if (model->limit_misses > 2) {
      fail("connection " + std::to_string(model->id) + " outlives a limit by " +
           std::to_string((pump_began_us - due_us) / 1000) + " ms");
    }
  }
}

}  // namespace ipdaemon::sim
