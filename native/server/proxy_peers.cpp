#include "server/proxy_peers.hpp"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <utility>

#include "base/clock.hpp"
#include "connection/services.hpp"
#include "ipdaemon.h"
#include "server/admission.hpp"

namespace ipdaemon {

namespace {

constexpr std::int64_t retry_ms = 100;
constexpr const char* late_problem =
    "it was not complete within DefaultConnectionTimeout; a balancer that sends it only with the first bytes of the "
    "client, as AWS NLB does by default, cannot stand before a server that speaks first";

std::string first_bytes(BytesView bytes) {
  std::string text;
  for (const char character : bytes.substr(0, 16)) {
    char digits[4];
    std::snprintf(digits, sizeof digits, " %02x", static_cast<unsigned>(static_cast<unsigned char>(character)));
    text += digits;
  }
  return text;
}

int counter_of(const ProxyHeader& header) {
  if (header.kind == ProxyHeader::Kind::local) return IPDAEMON_COUNTER_PROXY_HEADERS_V2_LOCAL;
  if (header.version == 2) return IPDAEMON_COUNTER_PROXY_HEADERS_V2_PROXY;
  return header.kind == ProxyHeader::Kind::announced ? IPDAEMON_COUNTER_PROXY_HEADERS_V1_PROXY
                                                     : IPDAEMON_COUNTER_PROXY_HEADERS_V1_UNKNOWN;
}

}  // namespace

// ---- One peer ---------------------------------------------------------------------------------------

int ProxyPeer::start() {
  return peers_.services_.poller().watch(arrival_.socket.handle(), Interest::read, static_cast<Source*>(this));
}

void ProxyPeer::on_ready(const Ready& ready) {
  if (!arrival_.socket.valid()) return;
  if (peers_.services_.dispatcher.may_deliver()) {
    read();
  } else if (ready.broken) {
    // That would be reported over and over, whatever is asked for.
    peers_.close(*this, arrival_.input.empty() ? IPDAEMON_REFUSED_PROXY_EMPTY : IPDAEMON_REFUSED_PROXY_HEADER);
  } else {
    rest();
  }
}

void ProxyPeer::on_out_of_memory() {
  if (arrival_.socket.valid()) peers_.close(*this, IPDAEMON_REFUSED_PROXY_HEADER);
}

void ProxyPeer::on_deadline(std::int64_t now_ms) {
  if (!arrival_.socket.valid()) return;
  if (!peers_.services_.dispatcher.may_deliver()) {
    rest();
    return;
  }
  if (rests_) {
    const SocketHandle handle = arrival_.socket.handle();
    rests_ = peers_.services_.poller().change(handle, Interest::read, static_cast<Source*>(this)) != 0;
  }
  const std::int64_t due_ms = late_ms();
  if (due_ms == 0 || now_ms < due_ms) {
    schedule(now_ms);
    return;
  }
  // What has come counts before the time-out does, although nobody has looked for a while.
  const Pin pin(*this);  // A callback of the connection that it becomes may pump.
  try {
    if (read()) peers_.refuse(*this, IPDAEMON_REFUSED_PROXY_TIMEOUT, late_problem);
  } catch (const std::bad_alloc&) {
    on_out_of_memory();
  }
}

// Returns whether it still waits; otherwise it may be gone from memory.
bool ProxyPeer::read() {
  char bytes[proxy_header_max];
  Bytes& input = arrival_.input;
  const Transfer received = arrival_.socket.receive(bytes, sizeof bytes - input.size());
  if (received.error == IPDAEMON_ERROR_WOULD_BLOCK) return true;
  if (received.error != 0 || received.count == 0) {
    if (input.empty()) {
      peers_.close(*this, IPDAEMON_REFUSED_PROXY_EMPTY);
    } else {
      peers_.refuse(*this, IPDAEMON_REFUSED_PROXY_HEADER,
                    "the connection ended after " + std::to_string(input.size()) + " bytes of it");
    }
    return false;
  }
  input.append(bytes, static_cast<std::size_t>(received.count));
  ProxyHeader header;
  const ProxyParse parse = parse_proxy_header(input, &header);
  if (parse.state == ProxyParse::State::needs_more) return true;
  if (parse.state == ProxyParse::State::complete) {
    peers_.hand_on(*this, std::move(header), parse.length);
  } else {
    peers_.refuse(*this, IPDAEMON_REFUSED_PROXY_HEADER,
                  parse.is_other_protocol ? std::string(parse.reason) + ":" + first_bytes(input) : parse.reason);
  }
  return false;
}

// No callback may run now. The poller would report the socket over and over.
void ProxyPeer::rest() {
  if (!rests_) {
    rests_ = true;
    peers_.services_.poller().change(arrival_.socket.handle(), Interest::none, static_cast<Source*>(this));
  }
  schedule(monotonic_ms());
}

// When it is too late for the header; 0 for never.
std::int64_t ProxyPeer::late_ms() const {
  const std::int64_t limit_s = peers_.services_.settings.setting(IPDAEMON_SETTING_DEFAULT_CONNECTION_TIMEOUT);
  return limit_s > 0 ? arrival_.accepted_ms + 1 + limit_s * 1000 : 0;
}

void ProxyPeer::schedule(std::int64_t now_ms) {
  std::int64_t due_ms = late_ms();
  if (rests_) due_ms = now_ms + retry_ms;
  if (due_ms != 0) peers_.services_.deadlines.set(this, due_ms);
}

// ---- All of them ------------------------------------------------------------------------------------

int ProxyPeers::add(Arrival&& arrival) {
  arrival.accepted_ms = monotonic_ms();
  auto owned = std::make_unique<ProxyPeer>(*this, std::move(arrival));
  if (const int error = owned->start(); error != 0) return error;
  ProxyPeer* peer = owned.release();
  peer->older_ = newest_;
  (newest_ != nullptr ? newest_->newer_ : oldest_) = peer;
  newest_ = peer;
  ++count_;
  peer->schedule(peer->accepted_ms());
  return 0;
}

void ProxyPeers::give_way() {
  if (oldest_ != nullptr) close(*oldest_, IPDAEMON_REFUSED_FULL);
}

void ProxyPeers::end_all() {
  while (oldest_ != nullptr) close(*oldest_, IPDAEMON_REFUSED_NOT_LISTENING);
}

// It is neither watched nor listed any more, and stays in memory until the end of the pump.
void ProxyPeers::take_out(ProxyPeer& peer) {
  services_.poller().forget(peer.arrival_.socket.handle());
  services_.deadlines.cancel(&peer);
  (peer.older_ != nullptr ? peer.older_->newer_ : oldest_) = peer.newer_;
  (peer.newer_ != nullptr ? peer.newer_->older_ : newest_) = peer.older_;
  --count_;
  services_.reactor.retire(std::unique_ptr<ProxyPeer>(&peer));
}

void ProxyPeers::close(ProxyPeer& peer, int reason) {
  take_out(peer);
  peer.arrival_.socket.close();
  services_.connections.counters.refuse(reason);
}

void ProxyPeers::refuse(ProxyPeer& peer, int reason, const std::string& problem) {
  const std::string detail = "PROXY header from " + peer.arrival_.peer.address.text() + ": " + problem;
  close(peer, reason);
  report(detail);
}

// A balancer that is not configured well fails with each of its connections.
void ProxyPeers::report(const std::string& detail) {
  const std::int64_t now_ms = monotonic_ms();
  const std::int64_t next_ms = has_reported_ ? reported_ms_ + report_interval_ms : now_ms;
  if (now_ms >= next_ms && services_.dispatcher.may_deliver()) {
    tell(detail, unreported_);
    return;
  }
  ++unreported_;
  last_problem_ = detail;
  if (!is_set()) services_.deadlines.set(this, std::max(next_ms, now_ms + retry_ms));
}

void ProxyPeers::tell(const std::string& detail, std::int64_t more) {
  has_reported_ = true;
  reported_ms_ = monotonic_ms();
  unreported_ = 0;
  services_.deadlines.cancel(this);
  services_.dispatcher.fire_error(nullptr, 0, IPDAEMON_ERROR_PROXY_HEADER,
                                  more > 0 ? detail + " (and " + std::to_string(more) + " more)" : detail);
}

// Those that nobody has been told of, although no bad header came any more.
void ProxyPeers::on_deadline(std::int64_t now_ms) {
  if (!services_.dispatcher.may_deliver()) {
    services_.deadlines.set(this, now_ms + retry_ms);
    return;
  }
  const std::string detail = std::move(last_problem_);
  tell(detail, unreported_ - 1);
}

void ProxyPeers::reset() {
  services_.deadlines.cancel(this);
  unreported_ = 0;
  has_reported_ = false;
}

void ProxyPeers::hand_on(ProxyPeer& peer, ProxyHeader&& header, std::size_t length) {
  auto proxy = std::make_unique<ProxyInfo>();
  proxy->header = std::move(header.text);
  proxy->tlvs = std::move(header.tlvs);
  proxy->peer = peer.arrival_.peer;
  take_out(peer);
  Arrival arrival = std::move(peer.arrival_);
  arrival.proxy = std::move(proxy);
  arrival.input.erase(0, length);
  arrival.is_proxy_itself = header.kind == ProxyHeader::Kind::local;
  arrival.is_exempt = header.kind != ProxyHeader::Kind::announced;
  if (header.kind == ProxyHeader::Kind::announced) {
    arrival.peer = header.source;
    arrival.local = header.destination.address;
  }
  services_.connections.counters.count(counter_of(header));
  const int error = admission_.decide(arrival);
  if (error == 0) return;
  services_.dispatcher.fire_error(nullptr, 0, error, "a peer behind a proxy had to be closed");
}

}  // namespace ipdaemon
