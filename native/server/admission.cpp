#include "server/admission.hpp"

#include <memory>
#include <utility>

#include "connection/connection.hpp"
#include "connection/services.hpp"
#include "ipdaemon.h"
#include "server/listener.hpp"
#include "server/tls_setup.hpp"

namespace ipdaemon {

Admission::Admission(Services& services, TlsSetup& tls)
    : services_(services), tls_(tls), lists_(services.settings, services.notices) {}

int Admission::admit(Listener& listener, Socket&& socket, const Endpoint& peer) {
  Counters& counters = services_.connections.counters;
  if (is_full() && !make_room(listener)) {
    // Closed without a byte: a peer left in the backlog would hang, and so would health checks.
    counters.refuse(IPDAEMON_REFUSED_FULL);
    return 0;
  }
  if (lists_.denies(peer.address)) {
    counters.refuse(IPDAEMON_REFUSED_DENIED);
    return 0;
  }
  if (const int reason = why_refused(peer); reason != 0) {
    counters.refuse(reason);
    return 0;
  }
  apply_socket_options(socket);
  return add_connection(std::move(socket), peer, listener.specific_address());
}

int Admission::add_connection(Socket&& socket, const Endpoint& peer, const Address& local) {
  Connections& connections = services_.connections;
  const std::int32_t id = connections.new_id();
  auto owned = std::make_unique<Connection>(services_, std::move(socket), peer, local, id);
  Connection* connection = owned.get();
  const bool secure = services_.settings.number(IPDAEMON_PROPERTY_SSL_ENABLED) != 0;
  int error = 0;
  if (secure) {
    tls::Problem problem;
    std::shared_ptr<const tls::Context> context = tls_.context(&problem);
    error = context ? connection->begin_handshake(std::move(context)) : IPDAEMON_ERROR_NO_BUFFERS;
  }
  connections.add(id, std::move(owned));
  if (error == 0) error = connection->start();
  if (error != 0) {
    connection->drop(0);
    connections.retire(id);
    return error;
  }
  connections.counters.count(IPDAEMON_COUNTER_ACCEPTED);
  services_.lingering.keep_to_limit();
  if (!secure) connection->fire_connected();
  return 0;
}

bool Admission::is_full() const {
  return static_cast<std::int64_t>(services_.connections.size()) + undecided_ >=
         services_.settings.setting(IPDAEMON_SETTING_MAX_CONNECTIONS);
}

// All connections are taken: the peer whose handshake has lasted longest has to go, if there is one.
bool Admission::make_room(const Listener& listener) {
  for (TlsSession* session = services_.handshakes.oldest(); session != nullptr;
       session = HandshakeList::after(*session)) {
    Connection& oldest = session->connection();
    if (oldest.busy()) continue;
    oldest.give_way();
    oldest.fire_owed();
    return !is_full() && services_.dispatcher.may_deliver() && listener.is_open();
  }
  return false;
}

// Asks the list and the program; 0 if both accept. A callback that throws refuses.
int Admission::why_refused(const Endpoint& peer) {
  Dispatcher& dispatcher = services_.dispatcher;
  const bool is_allowed = lists_.allows(peer.address);
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
