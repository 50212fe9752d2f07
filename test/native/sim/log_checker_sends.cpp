// The log checker, sends: which are accepted, and how much of one that fails may have gone.
#include "log_checker.hpp"

#include <algorithm>
#include <optional>

#include "ipdaemon.h"

namespace ipdaemon::sim {

namespace {

/** How much of a send that failed may have gone to the peer. */
enum class Gone {
  nothing,          // It was refused whole.
  taken,            // What the system took before the failure; it is gone with the connection.
  taken_or_sealed,  // The same; what is sealed is still sent when the program has ended the connection meanwhile.
  told,             // What BytesSent says.
};

struct FailedSend {
  int code;
  Gone gone;
};

constexpr FailedSend failed_sends[] = {
    {IPDAEMON_ERROR_WOULD_BLOCK, Gone::nothing},
    {IPDAEMON_ERROR_OUT_OF_MEMORY, Gone::taken},
    {IPDAEMON_ERROR_FILE_UNUSABLE, Gone::taken},
    {IPDAEMON_ERROR_IN_PROGRESS, Gone::taken},
    {IPDAEMON_ERROR_UNKNOWN_CONNECTION, Gone::taken},
    {IPDAEMON_ERROR_INVALID_HANDLE, Gone::taken},
    {IPDAEMON_ERROR_NO_BUFFERS, Gone::taken},
    {IPDAEMON_ERROR_NOT_OPEN, Gone::taken_or_sealed},
    {IPDAEMON_ERROR_TIMED_OUT, Gone::told},
    {IPDAEMON_ERROR_HANDLER_STOPPED, Gone::told},
    {IPDAEMON_ERROR_RESET_BY_PEER, Gone::told},
    {IPDAEMON_ERROR_PEER_CLOSED, Gone::told},
    {IPDAEMON_ERROR_CONNECTION_TIMED_OUT, Gone::told},
    {IPDAEMON_ERROR_ABORTED, Gone::told},
};

/** Nothing for a code that no send fails with. */
std::optional<Gone> gone_after(int code, bool secure) {
  for (const FailedSend& row : failed_sends) {
    if (row.code == code) return row.gone;
  }
  if (secure && is_tls_code(code)) return Gone::told;
  return std::nullopt;
}

}  // namespace

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
  if (model->taken == model->expected.size()) model->queued_us = now();
  model->expected.append(bytes);
  model->tried = false;
}

void LogChecker::send_ends(int handle, int id, int code, std::int64_t bytes_sent) {
  const Frame& frame = frames_.back();
  ConnectionModel* model = find(handle, id);
  if (!frame.sends) {
    check_send_to_nobody(frame, handle, id, code, bytes_sent);
    return;
  }
  if (frame.blocking) model->blocking = false;
  if (code == 0) {
    send_accepted(frame, *model, bytes_sent);
    return;
  }
  if (frame.file && code != IPDAEMON_ERROR_WOULD_BLOCK) model->file_failed = true;
  const std::size_t kept = kept_of_failed_send(frame, *model, code, bytes_sent);
  if (model->expected.size() > frame.offset + kept) {
    if (model->taken > frame.offset + kept) {
      fail("of a send that failed with " + std::to_string(code) + " the system got more bytes than BytesSent says");
    }
    model->expected.resize(frame.offset + kept);
  }
}

// Accepted sends that the binding could not hand over: their connection has to end.
void LogChecker::lost_sends(int handle, int id) {
  if (ConnectionModel* model = find(handle, id)) model->lost_sends = true;
}

void LogChecker::check_send_to_nobody(const Frame& frame, int handle, int id, int code, std::int64_t bytes_sent) {
  if (handshake(handle, id) != nullptr) {
    if (code == 0 && frame.length > 0) fail("a send was accepted before Connected");
    if (bytes_sent > 0) fail("a send before Connected has BytesSent " + std::to_string(bytes_sent));
    return;
  }
  if (find(handle, id) == nullptr && code != IPDAEMON_ERROR_UNKNOWN_CONNECTION &&
      code != IPDAEMON_ERROR_INVALID_HANDLE && code != IPDAEMON_ERROR_OUT_OF_MEMORY) {
    fail("a send to an unknown connection returned " + std::to_string(code));
  }
}

void LogChecker::send_accepted(const Frame& frame, ConnectionModel& model, std::int64_t bytes_sent) {
  const bool gone = model.disconnected || model.abandoned;
  if (frame.length > 0 && !may_be_secured(model)) fail("a send was accepted before the handshake was done");
  if (frame.outer_blocking && frame.length > 0) fail("a send was accepted while a blocking send is on its way");
  if (!gone && !frame.file && bytes_sent >= 0 && bytes_sent != static_cast<std::int64_t>(frame.length)) {
    fail("BytesSent is " + std::to_string(bytes_sent) + " after a send of " + std::to_string(frame.length));
  }
  if (frame.blocking && frame.length > 0 && model.taken < frame.offset + frame.length) {
    fail("a blocking send returned before the system had all bytes");
  }
  if (frame.file && !frame.blocking) model.file_pending = true;
  // In TLS, something of TLS itself may be in front.
  if (!gone && !frame.file && !model.secure && !model.untried && !model.tried && model.taken == frame.offset &&
      frame.length > 0) {
    model.untried = true;
    untried_.push_back(&model);
  }
}

std::size_t LogChecker::kept_of_failed_send(const Frame& frame, ConnectionModel& model, int code,
                                            std::int64_t bytes_sent) {
  const bool gone = model.disconnected || model.abandoned;
  const std::optional<Gone> may_have_gone = gone_after(code, model.secure);
  if (!may_have_gone) {
    fail("a send returned " + std::to_string(code));
    return 0;
  }
  if (*may_have_gone == Gone::nothing) {
    if (bytes_sent > 0) fail("a refused send has BytesSent " + std::to_string(bytes_sent));
    if (!gone) model.ready_owed = true;
    if (frame.blocking && !model.secure && !gone && model.taken >= frame.offset) {
      fail("a blocking send would block although nothing is queued");
    }
    return 0;
  }
  const std::size_t taken = model.taken > frame.offset ? model.taken - frame.offset : 0;
  const bool sealed_more = frame.blocking && !gone && model.secure && bytes_sent > static_cast<std::int64_t>(taken);
  const std::size_t sealed = sealed_more ? std::min(static_cast<std::size_t>(bytes_sent), frame.length) : taken;
  if (*may_have_gone == Gone::taken) return taken;
  if (*may_have_gone == Gone::taken_or_sealed) return sealed;
  // What is sealed reaches the peer, too, if the connection lasts.
  if (sealed_more && bytes_sent > static_cast<std::int64_t>(frame.length)) {
    fail("BytesSent is more than there was to send");
  }
  if (!sealed_more && frame.blocking && !gone && bytes_sent >= 0 && bytes_sent != static_cast<std::int64_t>(taken)) {
    fail("BytesSent is " + std::to_string(bytes_sent) + " after a blocking send of which the system took " +
         std::to_string(taken));
  }
  if (code == IPDAEMON_ERROR_TIMED_OUT && frame.blocking && !model.interrupted &&
      !world_->link(model.link).server_ended && now() - model.progress_us < frame.timeout_s * second_us - 1000) {
    fail("a blocking send timed out early");
  }
  return sealed;
}

}  // namespace ipdaemon::sim
