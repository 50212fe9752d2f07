#include "server/drain.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "connection/connection.hpp"
#include "connection/services.hpp"
#include "ipdaemon.h"
#include "server/admission.hpp"
#include "server/listening.hpp"

namespace ipdaemon {

void Drain::begin(std::int64_t seconds) {
  listening_.drain();
  on_ = true;
  const std::int64_t now_ms = monotonic_ms();
  deadline_ms_ = now_ms + 1 + seconds * 1000;
  reset_ms_ = 0;
  services_.deadlines.set(this, deadline_ms_);
  if (seconds == 0) {
    deadline_ms_ = now_ms;
    on_deadline(now_ms);
  }
}

void Drain::cancel() {
  on_ = false;
  services_.deadlines.cancel(this);
}

std::int64_t Drain::seconds_left() const {
  if (!on_) return -1;
  return std::max<std::int64_t>(0, (deadline_ms_ - monotonic_ms() + 999) / 1000);
}

bool Drain::is_done() const {
  return services_.connections.size() == 0 && services_.lingering.empty() && !listening_.has_waiting() &&
         admission_.proxy_peers().count() == 0 && !admission_.is_asking();
}

void Drain::look() {
  if (!on_ || !is_done()) return;
  cancel();
  parent_.on_drained();
}

// From the deadline on in every tick: peers of the backlog may still come up.
void Drain::on_deadline(std::int64_t now_ms) {
  if (!on_) return;
  if (now_ms < deadline_ms_) {
    services_.deadlines.set(this, deadline_ms_);
    return;
  }
  if (reset_ms_ == 0) reset_ms_ = now_ms + 1 + last_words_ms;
  end_all();
  if (now_ms >= reset_ms_) reset_all();
  look();
  if (on_) services_.deadlines.set(this, now_ms + Deadlines::tick_ms);
}

void Drain::end_all() {
  admission_.proxy_peers().end_all();
  for (const std::int32_t id : services_.connections.ids()) {
    if (Connection* connection = services_.connections.find(id); connection != nullptr)
      connection->disconnect(IPDAEMON_CLOSED_DRAIN);
  }
}

void Drain::reset_all() {
  for (const std::int32_t id : services_.connections.ids()) {
    Connection* connection = services_.connections.find(id);
    if (connection != nullptr) connection->abort(IPDAEMON_ERROR_CONNECTION_TIMED_OUT, IPDAEMON_CLOSED_DRAIN);
  }
}

}  // namespace ipdaemon
