// Properties of the server that do something when they are set, or are computed when they are read.

#include <algorithm>

#include "ipdaemon.h"
#include "server/hooks.hpp"
#include "server/server.hpp"

namespace ipdaemon {

namespace {

// ---- Listening ----

int set_listening(Change& change) {
  Server& server = change.server;
  const bool wanted = change.value.number != 0;
  if (wanted && server.listening().is_on()) return 0;
  if (!wanted) {
    server.listening().stop();
    return 0;
  }
  // A wish for TLS that cannot be granted must not end in a server that talks unencrypted.
  if (server.settings().number(IPDAEMON_PROPERTY_SSL_START_MODE) != IPDAEMON_SSL_START_MODE_NONE) {
    if (const int code = server.tls().prepare(); code != 0) return code;
  }
  if (const int code = server.drain().parent().prepare(); code != 0) return code;
  if (const int code = server.listening().start(); code != 0) return code;
  server.drain().cancel();
  server.drain().parent().on_listening();
  server.tls().on_listening();
  return 0;
}

void get_listening(Server& server, ValueView* out) {
  // A loop that ends when nobody listens and nobody is connected must not end before the last of the backlog.
  const Listening& listening = server.listening();
  *out = ValueView::boolean(listening.is_on() || listening.has_waiting());
}

void get_local_host(Server& server, ValueView* out) {
  *out = ValueView::text(server.hold(server.listening().local_host()));
}

void get_local_port(Server& server, ValueView* out) {
  *out = ValueView::integer(server.listening().local_port());
}

int set_backlog(Change& change) {
  Server& server = change.server;
  if (!server.listening().is_on()) return 0;
  const int error = server.listening().set_backlog(static_cast<int>(change.value.number));
  return error != 0 ? server.record_error(error, "the system refuses to change the backlog of a listening socket") : 0;
}

// ---- Connections ----

void get_connection_count(Server& server, ValueView* out) {
  const Services& services = server.services();
  // A reset that waits for callbacks has ended them all.
  *out = ValueView::integer(services.dispatcher.is_silenced() ? 0 : services.connections.connected_count());
}

int set_line_length(Change& change) {
  constexpr std::int64_t shortest = 256;
  change.value.number = std::max(change.value.number, shortest);
  return 0;
}

// ---- TLS ----

int set_certificate(Change& change) {
  return change.server.tls().set_certificate(change.row, change.value);
}

int set_store_type(Change& change) {
  const std::int64_t type = change.value.number;
  if (type <= IPDAEMON_SSL_CERT_STORE_TYPE_SECURITY_KEY || type == IPDAEMON_SSL_CERT_STORE_TYPE_AUTO) {
    return set_certificate(change);
  }
  return change.invalid(std::to_string(type), "use 0 to 20, or 99 to detect it");
}

int set_authenticate(Change& change) {
  return change.server.tls().set_policy(change.row, change.value);
}

// While listening, a wish for TLS is granted at once or refused: it must not read True over a server that talks
// unencrypted. Otherwise Listening asks.
int begin_tls_while_listening(Server& server) {
  return server.listening().is_on() ? server.tls().prepare() : 0;
}

// SSLEnabled and SSLStartMode are one wish under two names.
int set_ssl_enabled(Change& change) {
  const bool wanted = change.value.number != 0;
  if (const int code = wanted ? begin_tls_while_listening(change.server) : 0; code != 0) return code;
  std::int64_t& mode = change.settings().stored_property(IPDAEMON_PROPERTY_SSL_START_MODE).number;
  if (!wanted) {
    mode = IPDAEMON_SSL_START_MODE_NONE;
  } else if (mode != IPDAEMON_SSL_START_MODE_IMPLICIT) {
    mode = IPDAEMON_SSL_START_MODE_AUTOMATIC;
  }
  return 0;
}

int set_start_mode(Change& change) {
  const std::int64_t mode = change.value.number;
  const bool wanted = mode != IPDAEMON_SSL_START_MODE_NONE;
  if (const int code = wanted ? begin_tls_while_listening(change.server) : 0; code != 0) return code;
  const bool at_once = mode == IPDAEMON_SSL_START_MODE_AUTOMATIC || mode == IPDAEMON_SSL_START_MODE_IMPLICIT;
  change.settings().stored_property(IPDAEMON_PROPERTY_SSL_ENABLED).number = at_once ? 1 : 0;
  return 0;
}

// ---- About this library ----

void get_version(Server&, ValueView* out) {
  *out = ValueView::text("ipdaemon " IPDAEMON_VERSION);
}

void get_code_page(Server& server, ValueView* out) {
  *out = ValueView::integer(server.settings().setting(IPDAEMON_SETTING_CODE_PAGE));
}

constexpr PropertyHook property_hooks[] = {
    {IPDAEMON_PROPERTY_VERSION, nullptr, get_version},
    {IPDAEMON_PROPERTY_CONNECTION_BACKLOG, set_backlog, nullptr},
    {IPDAEMON_PROPERTY_CONNECTION_COUNT, nullptr, get_connection_count},
    {IPDAEMON_PROPERTY_DEFAULT_MAX_LINE_LENGTH, set_line_length, nullptr},
    {IPDAEMON_PROPERTY_LISTENING, set_listening, get_listening},
    {IPDAEMON_PROPERTY_LOCAL_HOST, nullptr, get_local_host},
    {IPDAEMON_PROPERTY_LOCAL_PORT, nullptr, get_local_port},
    {IPDAEMON_PROPERTY_SSL_AUTHENTICATE_CLIENTS, set_authenticate, nullptr},
    {IPDAEMON_PROPERTY_SSL_CERT_ENCODED, set_certificate, nullptr},
    {IPDAEMON_PROPERTY_SSL_CERT_STORE, set_certificate, nullptr},
    {IPDAEMON_PROPERTY_SSL_CERT_STORE_PASSWORD, set_certificate, nullptr},
    {IPDAEMON_PROPERTY_SSL_CERT_STORE_TYPE, set_store_type, nullptr},
    {IPDAEMON_PROPERTY_SSL_CERT_SUBJECT, set_certificate, nullptr},
    {IPDAEMON_PROPERTY_SSL_ENABLED, set_ssl_enabled, nullptr},
    {IPDAEMON_PROPERTY_SSL_START_MODE, set_start_mode, nullptr},
    {IPDAEMON_PROPERTY_CODE_PAGE, nullptr, get_code_page},
};

}  // namespace

const PropertyHook* find_property_hook(int id) {
  return find_hook(property_hooks, id);
}

}  // namespace ipdaemon
