#include "connection/lingering_close.hpp"

#include <algorithm>
#include <memory>
#include <new>

#include "base/clock.hpp"
#include "connection/services.hpp"
#include "ipdaemon.h"

namespace ipdaemon {

bool LingeringClose::start(bool watched) {
  Poller& poller = services_.poller();
  auto* token = static_cast<Source*>(this);
  const int error = watched ? poller.change(socket_.handle(), Interest::read, token)
                            : poller.watch(socket_.handle(), Interest::read, token);
  if (error != 0) {
    if (watched) poller.forget(socket_.handle());
    return false;
  }
  services_.deadlines.set(this, monotonic_ms() + time_max_ms);
  return true;
}

void LingeringClose::on_ready(const Ready&) {
  if (!socket_.valid()) return;
  const Transfer received = socket_.receive(services_.buffers.receive_buffer(), TurnBuffers::receive_length);
  if (received.error == IPDAEMON_ERROR_WOULD_BLOCK) return;
  left_ -= received.count;
  if (received.error != 0 || received.count == 0 || left_ < 0) end();
}

void LingeringClose::give_way() {
  // Not into the server's buffer: what a callback is being told may lie there.
  char unwanted[16 * 1024];
  constexpr int reads_max = 16;
  for (int i = 0; i < reads_max; ++i) {
    const Transfer received = socket_.receive(unwanted, sizeof unwanted);
    if (received.error != 0 || received.count < static_cast<std::int64_t>(sizeof unwanted)) break;
  }
  end();
}

void LingeringClose::end() {
  if (!socket_.valid()) return;
  services_.poller().forget(socket_.handle());
  socket_.close();
  services_.deadlines.cancel(this);
  services_.lingering.remove(*this);
}

void LingeringCloses::add(Socket&& socket, bool watched) {
  std::unique_ptr<LingeringClose> close;
  try {
    close = std::make_unique<LingeringClose>(services_, std::move(socket));
  } catch (const std::bad_alloc&) {
    return;
  }
  if (!close->start(watched)) return;
  LingeringClose* added = close.release();
  added->older_ = newest_;
  (newest_ != nullptr ? newest_->newer_ : oldest_) = added;
  newest_ = added;
  ++count_;
  keep_to_limit();
}

void LingeringCloses::remove(LingeringClose& close) {
  (close.older_ != nullptr ? close.older_->newer_ : oldest_) = close.newer_;
  (close.newer_ != nullptr ? close.newer_->older_ : newest_) = close.older_;
  --count_;
  services_.reactor.retire(std::unique_ptr<LingeringClose>(&close));
}

std::int64_t LingeringCloses::own_limit() const {
  return descriptor_limit_ > 0 ? std::clamp<std::int64_t>(descriptor_limit_ / 8, 1, most) : most;
}

void LingeringCloses::keep_to_limit() {
  const std::int64_t connections_max = services_.settings.setting(IPDAEMON_SETTING_MAX_CONNECTIONS);
  // Places that the system cannot give do not count.
  const std::int64_t places =
      descriptor_limit_ > 0 ? std::min(connections_max, descriptor_limit_ - descriptor_limit_ / 4) : connections_max;
  const std::int64_t limit = std::max(own_limit(), places - services_.connections.open_count());
  while (count_ > limit) oldest_->give_way();
}

}  // namespace ipdaemon
