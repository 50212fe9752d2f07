// The log checker, PROXY headers: nobody is known before the header is, a wrong one is never a connection, none is
// waited for longer than DefaultConnectionTimeout, and what the operator is told of.
#include <algorithm>

#include "ipdaemon.h"
#include "log_checker.hpp"
#include "memory_sim.hpp"

namespace ipdaemon::sim {

// Whether the server waits for the header of a peer that it has accepted.
bool LogChecker::awaits_header(const HandleModel& server, int number) const {
  const Link& link = world_->link(number);
  if (server.proxies == 0 || link.local.port != server.port || !link.accepted) return false;
  if (link.server_closed || link.header == HeaderKind::none) return false;
  const auto position = static_cast<std::size_t>(number);
  if (position < request_.size() && request_[position] != 0) return false;
  return (position >= by_link_.size() || by_link_[position] == nullptr) && !handshakes_.contains(number);
}

void LogChecker::check_known(int handle, int link, const char* event) {
  const HandleModel& server = handles_[handle];
  const Link& wire = world_->link(link);
  if (server.proxies == 0) return;
  const bool trusted = server.trusts_all || wire.peer.address.family == Family::ipv4;
  const std::string what = std::string(event) + " of peer " + std::to_string(link);
  if (!trusted && server.proxies == 1) fail(what + ", which is not trusted");
  if (!trusted) return;
  if (!is_good(wire.header)) fail(what + ", which has sent no header that can be used");
  if (wire.read_count < wire.header_size) fail(what + " before its header was read");
}

void LogChecker::check_bad_header(int handle) {
  HandleModel& server = handles_[handle];
  constexpr std::int64_t interval_us = 10 * second_us - 1000;
  if (server.bad_header_told_us >= 0 && now() - server.bad_header_told_us < interval_us) {
    fail("two Errors about bad headers within " + std::to_string((now() - server.bad_header_told_us) / 1000) + " ms");
  }
  server.bad_header_told_us = now();
  const bool has_cause = std::any_of(accepted_us_.begin(), accepted_us_.end(), [&](const auto& one) {
    const Link& link = world_->link(one.first);
    if (link.local.port != server.port || link.header == HeaderKind::none) return false;
    const bool is_late = server.handshake_s > 0 && now() - one.second >= server.handshake_s * second_us - 1000;
    return !is_good(link.header) || link.peer_ended || link.peer_reset || is_late;
  });
  if (server.proxies == 0 || (!has_cause && !trouble_injected())) fail("an Error about a bad header without a cause");
}

void LogChecker::check_headers(int handle, std::int64_t pump_began_us) {
  const HandleModel& server = handles_[handle];
  if (server.proxies == 0 || server.handshake_s == 0) return;
  for (const auto& [number, since_us] : accepted_us_) {
    if (!awaits_header(server, number)) continue;
    const std::int64_t due_us = since_us + server.handshake_s * second_us + tick_us;
    int& misses = late_headers_[number];
    misses = due_us < pump_began_us ? misses + 1 : 0;
    // A pump may have been busy with others; the one after it has no excuse.
    if (misses > 2) {
      fail("the server waits for the header of peer " + std::to_string(number) + " for " +
           std::to_string((pump_began_us - due_us) / 1000) + " ms too long");
    }
  }
}

}  // namespace ipdaemon::sim
