#include "server/admission.hpp"

#include <memory>
#include <new>
#include <utility>

#include "base/clock.hpp"
#include "connection/connection.hpp"
#include "connection/services.hpp"
#include "ipdaemon.h"
#include "server/listener.hpp"
#include "server/tls_setup.hpp"

namespace ipdaemon {

Admission::Admission(Services& services, TlsSetup& tls)
    : services_(services), tls_(tls), lists_(services.settings, services.notices), proxy_peers_(services, *this) {}

int Admission::admit(const Listener& listener, Arrival& arrival) {
  Counters& counters = services_.connections.counters;
  // Nobody makes room for a peer that would be turned away then.
  if (is_full() && (!would_let_pass(arrival) || !make_room(listener))) {
    // Closed without a byte: a peer left in the backlog would hang, and so would health checks.
    counters.refuse(IPDAEMON_REFUSED_FULL);
    return 0;
  }
  const std::int64_t proxies = services_.settings.setting(IPDAEMON_SETTING_PROXY_PROTOCOL);
  if (proxies != 0) {
    if (lists_.trusts(arrival.peer.address)) return proxy_peers_.add(std::move(arrival));
    if (proxies == 1) {
      counters.refuse(IPDAEMON_REFUSED_PROXY_UNTRUSTED);
      return 0;
    }
  }
  return decide(arrival);
}

int Admission::decide(Arrival& arrival) {
  AddressBlocks::Place place(services_.blocks);
  if (!let_pass(arrival.peer.address, arrival.is_exempt, &place)) return 0;
  if (const int reason = why_refused(arrival); reason != 0) {
    services_.connections.counters.refuse(reason);
    return 0;
  }
  apply_socket_options(arrival.socket);
  return add_connection(arrival, place);
}

bool Admission::let_pass(const Address& address, bool is_exempt, AddressBlocks::Place* place) {
  Counters& counters = services_.connections.counters;
  if (lists_.denies(address)) {
    counters.refuse(IPDAEMON_REFUSED_DENIED);
    return false;
  }
  if (is_exempt || lists_.has_no_limits(address)) return true;
  switch (services_.blocks.enter(address, now_us(), place)) {
    case AddressBlocks::Verdict::too_many:
      counters.refuse(IPDAEMON_REFUSED_PER_ADDRESS);
      return false;
    case AddressBlocks::Verdict::too_fast:
      counters.refuse(IPDAEMON_REFUSED_RATE);
      return false;
    case AddressBlocks::Verdict::admitted:
      break;
  }
  return true;
}

bool Admission::would_let_pass(const Arrival& arrival) const {
  const Address& address = arrival.peer.address;
  const std::int64_t proxies = services_.settings.setting(IPDAEMON_SETTING_PROXY_PROTOCOL);
  if (proxies != 0 && lists_.trusts(address)) return true;  // Its header says who it is.
  if (proxies == 1 || lists_.denies(address)) return false;
  return lists_.has_no_limits(address) || services_.blocks.look(address, now_us()) == AddressBlocks::Verdict::admitted;
}

// The clock is only looked at for rates.
std::int64_t Admission::now_us() const {
  return services_.blocks.limits().rate > 0 ? monotonic_us() : 0;
}

void Admission::set_block_limits(const AddressBlocks::Limits& limits) {
  services_.blocks.set_limits(limits, [this](const auto& count) {
    services_.connections.for_each([&](const Connection& connection) {
      if (connection.counts_in_block()) count(connection.peer().address);
    });
  });
}

void Admission::reset() {
  lists_.reset();
  proxy_peers_.reset();
  set_block_limits({});
}

int Admission::add_connection(Arrival& arrival, AddressBlocks::Place& place) {
  Connections& connections = services_.connections;
  const std::int32_t id = connections.new_id();
  auto owned = std::make_unique<Connection>(services_, std::move(arrival.socket), arrival.peer, arrival.local, id);
  Connection* connection = owned.get();
  const bool secure = services_.settings.number(IPDAEMON_PROPERTY_SSL_ENABLED) != 0;
  int error = 0;
  if (secure) {
    tls::Problem problem;
    std::shared_ptr<const tls::Context> context = tls_.context(&problem);
    const std::int64_t begun_ms = arrival.accepted_ms != 0 ? arrival.accepted_ms : monotonic_ms();
    error = context ? connection->begin_handshake(std::move(context), begun_ms) : IPDAEMON_ERROR_NO_BUFFERS;
  }
  try {
    connection->keep_first(arrival.input);
    connections.add(id, std::move(owned), std::move(arrival.proxy));
  } catch (const std::bad_alloc&) {
    if (secure && error == 0) connections.count_handshaken();
    throw;
  }
  if (error == 0) error = connection->start();
  if (error != 0) {
    connection->drop(0);
    connections.retire(id);
    return error;
  }
  connection->keep(place);
  connections.counters.count(IPDAEMON_COUNTER_ACCEPTED);
  services_.lingering.keep_to_limit();
  connection->begin_with_kept(arrival.input.size());
  if (!secure) connection->fire_connected();
  return 0;
}

bool Admission::is_full() const {
  return static_cast<std::int64_t>(services_.connections.size()) + undecided_ + proxy_peers_.count() >=
         services_.settings.setting(IPDAEMON_SETTING_MAX_CONNECTIONS);
}

// All connections are taken: the peer whose handshake has lasted longest, or who lets us wait longest for its PROXY
// header, has to go, if there is one.
bool Admission::make_room(const Listener& listener) {
  TlsSession* session = services_.handshakes.oldest();
  while (session != nullptr && session->connection().busy()) session = HandshakeList::after(*session);
  const ProxyPeer* waiting = proxy_peers_.oldest();
  if (waiting != nullptr && (session == nullptr || waiting->accepted_ms() <= session->begun_ms())) {
    proxy_peers_.give_way();
    return !is_full();
  }
  if (session == nullptr) return false;
  Connection& oldest = session->connection();
  oldest.give_way();
  oldest.fire_owed();
  return !is_full() && services_.dispatcher.may_deliver() && listener.is_open();
}

// Asks the list and the program; 0 if both accept. A callback that throws refuses.
int Admission::why_refused(const Arrival& arrival) {
  Dispatcher& dispatcher = services_.dispatcher;
  const Endpoint& peer = arrival.peer;
  const bool is_allowed = arrival.is_proxy_itself || lists_.allows(peer.address);
  const int by_list = is_allowed ? 0 : IPDAEMON_REFUSED_ALLOWED_CLIENTS;
  if (!dispatcher.wants(IPDAEMON_EVENT_CONNECTION_REQUEST)) return by_list;
  // Peers that are asked for by a callback that pumps count as connections already.
  struct Scope {
    std::int64_t& count;
    ~Scope() { --count; }
  } const scope{++undecided_};
  const std::uint32_t shutdowns_before = shutdowns_;
  const std::string address = peer.address.text();
  ValueView parameters[] = {ValueView::text(address), ValueView::integer(peer.port), ValueView::boolean(is_allowed)};
  const bool go_on = dispatcher.fire(nullptr, IPDAEMON_EVENT_CONNECTION_REQUEST, parameters, 3);
  if (parameters[2].number != 0 && go_on && shutdowns_ == shutdowns_before) return 0;
  return by_list != 0 ? by_list : IPDAEMON_REFUSED_PROGRAM;
}

void Admission::apply_socket_options(Socket& socket) {
  const Settings& settings = services_.settings;
  const auto seconds = [](std::int64_t milliseconds) { return static_cast<int>((milliseconds + 999) / 1000); };
  if (settings.number(IPDAEMON_PROPERTY_KEEP_ALIVE) != 0) {
    socket.set(SocketOption::keep_alive, 1);
    if (const auto time = settings.setting(IPDAEMON_SETTING_KEEP_ALIVE_TIME); time > 0) {
      socket.set(SocketOption::keep_alive_time_s, seconds(time));
    }
    if (const auto interval = settings.setting(IPDAEMON_SETTING_KEEP_ALIVE_INTERVAL); interval > 0) {
      socket.set(SocketOption::keep_alive_interval_s, seconds(interval));
    }
    if (const auto count = settings.setting(IPDAEMON_SETTING_KEEP_ALIVE_RETRY_COUNT); count > 0) {
      socket.set(SocketOption::keep_alive_count, static_cast<int>(count));
    }
  }
  if (settings.setting(IPDAEMON_SETTING_TCP_NO_DELAY) != 0) socket.set(SocketOption::no_delay, 1);
  if (const auto size = settings.setting(IPDAEMON_SETTING_IN_BUFFER_SIZE); size > 0) {
    socket.set(SocketOption::receive_buffer, static_cast<int>(size));
  }
  if (const auto size = settings.setting(IPDAEMON_SETTING_OUT_BUFFER_SIZE); size > 0) {
    socket.set(SocketOption::send_buffer, static_cast<int>(size));
  }
}

}  // namespace ipdaemon
