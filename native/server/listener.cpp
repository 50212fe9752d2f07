#include "server/listener.hpp"

#include <algorithm>
#include <new>

#include "base/clock.hpp"
#include "connection/services.hpp"
#include "ipdaemon.h"
#include "server/admission.hpp"

namespace ipdaemon {

int Listener::open(const Endpoint& local, const ListenOptions& options) {
  int error = Socket::listen(local, options, &socket_);
  if (error == 0) error = socket_.local_endpoint(&local_);
  if (error == 0) {
    error = services_.poller().watch(socket_.handle(), Interest::read, static_cast<Source*>(this));
  }
  return error;
}

void Listener::close() {
  services_.deadlines.cancel(this);
  if (socket_.valid()) services_.poller().forget(socket_.handle());
  socket_.close();
  is_draining_ = false;
  std::vector<Arrival>().swap(waiting_);
  admitted_ = 0;
}

std::int64_t Listener::refuse_waiting(std::int64_t count_max) {
  std::int64_t count = 0;
  for (; has_waiting(); ++count) waiting_[admitted_++].socket.reset();
  if (!socket_.valid()) return count;
  for (; count < count_max; ++count) {
    Socket waiting;
    Endpoint peer;
    if (socket_.accept(&waiting, &peer) != 0) break;
    waiting.reset();
  }
  return count;
}

void Listener::drain(std::int64_t count_max) {
  std::vector<Arrival> taken;
  try {
    for (std::int64_t count = 0; count < count_max; ++count) {
      Arrival next;
      if (take_next(&next) != 0) break;
      taken.push_back(std::move(next));
    }
  } catch (const std::bad_alloc&) {
    // Those for whom there is no memory are lost with the socket.
  }
  close();
  waiting_ = std::move(taken);
  is_draining_ = !waiting_.empty();
  if (is_draining_) services_.deadlines.set(this, monotonic_ms());
}

int Listener::take_next(Arrival* out) {
  for (;;) {
    const int error = socket_.accept(&out->socket, &out->peer);
    // Of two that need the descriptor, the one who is still here gets it.
    if (error == 0) out->local = specific_address();
    if (error != IPDAEMON_ERROR_TOO_MANY_SOCKETS || services_.lingering.empty()) return error;
    services_.lingering.oldest()->give_way();
  }
}

// A deadline brings it here, as the poller knows nothing of them any more.
void Listener::admit_waiting() {
  while (has_waiting() && is_draining_ && services_.dispatcher.may_deliver() && !services_.pump.slice().is_over()) {
    Arrival next = std::move(waiting_[admitted_++]);
    const int error = admission_.admit(*this, next);
    // Its socket is gone: it cannot wait for better times.
    if (error != 0) services_.dispatcher.fire_error(nullptr, 0, error, "a peer that had waited in the backlog is lost");
  }
  if (!has_waiting()) {
    close();
  } else if (is_draining_) {
    services_.deadlines.set(this, monotonic_ms());
  }
}

void Listener::on_ready(const Ready&) {
  if (services_.dispatcher.is_mute()) {
    rest();
    return;
  }
  for (int i = 0; i < burst_ && socket_.valid() && !suspended_; ++i) {
    Arrival arrival;
    int error = socket_.accept(&arrival.socket, &arrival.peer);
    if (error == IPDAEMON_ERROR_WOULD_BLOCK) {
      burst_ = 1;
      return;
    }
    const std::uint32_t suspensions_before = suspensions_;
    // Of two that need the descriptor, the one who is still here gets it.
    if (error == IPDAEMON_ERROR_TOO_MANY_SOCKETS && !services_.lingering.empty()) {
      services_.lingering.oldest()->give_way();
      continue;
    }
    if (error == 0) {
      arrival.local = specific_address();
      error = admission_.admit(*this, arrival);
    }
    if (error != 0) {
      if (socket_.valid()) suspend(error);
      return;
    }
    // A callback of the new connection may have pumped, and accepting may have failed in there.
    if (suspensions_ == suspensions_before) trouble_reported_ = false;
    if (!services_.dispatcher.may_deliver() || services_.pump.slice().is_over()) return;
  }
  burst_ = std::min(burst_ * 2, burst_max);
}

void Listener::on_out_of_memory() {
  if (socket_.valid()) suspend(IPDAEMON_ERROR_NO_BUFFERS);
}

void Listener::on_deadline(std::int64_t) {
  if (is_draining_) {
    const Pin pin(*this);
    admit_waiting();
    return;
  }
  if (!socket_.valid()) return;
  if (services_.poller().change(socket_.handle(), Interest::read, static_cast<Source*>(this)) != 0) {
    services_.deadlines.set(this, monotonic_ms() + retry_ms);
    return;
  }
  suspended_ = false;
}

// Out of descriptors or memory: peers wait in the backlog, connections go on, and we try again soon.
void Listener::suspend(int code) {
  rest();
  if (trouble_reported_) return;
  trouble_reported_ = true;
  const bool is_full = code == IPDAEMON_ERROR_TOO_MANY_SOCKETS;
  services_.connections.counters.count(is_full ? IPDAEMON_COUNTER_PAUSED_DESCRIPTORS : IPDAEMON_COUNTER_PAUSED_MEMORY);
  services_.dispatcher.fire_error(nullptr, 0, code, "peers wait until connections can be accepted again");
}

// Peers wait in the backlog until the deadline.
void Listener::rest() {
  burst_ = 1;
  suspended_ = true;
  ++suspensions_;
  services_.poller().change(socket_.handle(), Interest::none, static_cast<Source*>(this));
  services_.deadlines.set(this, monotonic_ms() + retry_ms);
}

}  // namespace ipdaemon
