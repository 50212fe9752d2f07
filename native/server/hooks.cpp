// Properties of the server that do something when they are set, or are computed when they are read.
// A property in neither table is plain storage.

#include <algorithm>

#include "base/text.hpp"
#include "ipdaemon.h"
#include "server/server.hpp"

namespace ipdaemon {

const Server::PropertyHook* Server::property_hook(int id) {
  static constexpr PropertyHook hooks[] = {
      {IPDAEMON_PROPERTY_VERSION, nullptr, &Server::read_version},
      {IPDAEMON_PROPERTY_CONNECTION_BACKLOG, &Server::apply_backlog, nullptr},
      {IPDAEMON_PROPERTY_CONNECTION_COUNT, nullptr, &Server::read_connection_count},
      {IPDAEMON_PROPERTY_DEFAULT_MAX_LINE_LENGTH, &Server::apply_line_length, nullptr},
      {IPDAEMON_PROPERTY_LISTENING, &Server::apply_listening, &Server::read_listening},
      {IPDAEMON_PROPERTY_LOCAL_HOST, nullptr, &Server::read_local_host},
      {IPDAEMON_PROPERTY_LOCAL_PORT, nullptr, &Server::read_local_port},
      {IPDAEMON_PROPERTY_SSL_AUTHENTICATE_CLIENTS, &Server::apply_authenticate, nullptr},
      {IPDAEMON_PROPERTY_SSL_CERT_ENCODED, &Server::apply_certificate, nullptr},
      {IPDAEMON_PROPERTY_SSL_CERT_STORE, &Server::apply_certificate, nullptr},
      {IPDAEMON_PROPERTY_SSL_CERT_STORE_PASSWORD, &Server::apply_certificate, nullptr},
      {IPDAEMON_PROPERTY_SSL_CERT_STORE_TYPE, &Server::apply_store_type, nullptr},
      {IPDAEMON_PROPERTY_SSL_CERT_SUBJECT, &Server::apply_certificate, nullptr},
      {IPDAEMON_PROPERTY_SSL_ENABLED, &Server::apply_ssl_enabled, nullptr},
      {IPDAEMON_PROPERTY_SSL_START_MODE, &Server::apply_start_mode, nullptr},
      {IPDAEMON_PROPERTY_CODE_PAGE, nullptr, &Server::read_code_page},
  };
  const auto* hook = std::find_if(std::begin(hooks), std::end(hooks), [&](const auto& row) { return row.id == id; });
  return hook != std::end(hooks) ? hook : nullptr;
}

void Server::read_version(ValueView* out) {
  *out = ValueView::text("ipdaemon " IPDAEMON_VERSION);
}

void Server::read_connection_count(ValueView* out) {
  // A reset that waits for callbacks has ended them all.
  *out = ValueView::integer(quiet_ ? 0 : connection_count_);
}

void Server::read_listening(ValueView* out) {
  *out = ValueView::boolean(listener_ != nullptr);
}

void Server::read_local_host(ValueView* out) {
  scratch_ = listener_ ? listener_->local().address.text() : std::string(bytes(IPDAEMON_PROPERTY_LOCAL_HOST));
  *out = ValueView::text(scratch_);
}

void Server::read_local_port(ValueView* out) {
  *out = ValueView::integer(listener_ ? listener_->local().port : number(IPDAEMON_PROPERTY_LOCAL_PORT));
}

void Server::read_code_page(ValueView* out) {
  *out = ValueView::integer(setting(IPDAEMON_SETTING_CODE_PAGE));
}

int Server::apply_backlog(const Row&, Stored& value) {
  if (!listener_) return 0;
  const int error = listener_->set_backlog(static_cast<int>(value.number));
  return error != 0 ? fail(error, "the system refuses to change the backlog of a listening socket") : 0;
}

int Server::apply_line_length(const Row&, Stored& value) {
  constexpr std::int64_t shortest = 256;
  value.number = std::max(value.number, shortest);
  return 0;
}

int Server::apply_store_type(const Row& row, Stored& value) {
  if (value.number <= IPDAEMON_SSL_CERT_STORE_TYPE_SECURITY_KEY || value.number == IPDAEMON_SSL_CERT_STORE_TYPE_AUTO) {
    return apply_certificate(row, value);
  }
  return invalid(row, std::to_string(value.number), "use 0 to 20, or 99 to have it detected");
}

int Server::apply_certificate(const Row& row, Stored& value) {
  return tls_.set_certificate(row, value);
}

int Server::apply_authenticate(const Row& row, Stored& value) {
  return tls_.set_policy(row, value);
}

// While listening, a wish for TLS is granted at once or refused: it must not read True over a server
// that talks in clear. Otherwise listen asks.
int Server::begin_tls_while_listening() {
  return listener_ ? tls_.prepare() : 0;
}

// SSLEnabled and SSLStartMode are one wish under two names.
int Server::apply_ssl_enabled(const Row&, Stored& value) {
  if (const int code = value.number != 0 ? begin_tls_while_listening() : 0; code != 0) return code;
  std::int64_t& mode = properties_[property_position(IPDAEMON_PROPERTY_SSL_START_MODE)].number;
  if (value.number == 0) {
    mode = IPDAEMON_SSL_START_MODE_NONE;
  } else if (mode != IPDAEMON_SSL_START_MODE_IMPLICIT) {
    mode = IPDAEMON_SSL_START_MODE_AUTOMATIC;
  }
  return 0;
}

int Server::apply_start_mode(const Row&, Stored& value) {
  const bool wants_tls = value.number != IPDAEMON_SSL_START_MODE_NONE;
  if (const int code = wants_tls ? begin_tls_while_listening() : 0; code != 0) return code;
  const bool at_once =
      value.number == IPDAEMON_SSL_START_MODE_AUTOMATIC || value.number == IPDAEMON_SSL_START_MODE_IMPLICIT;
  properties_[property_position(IPDAEMON_PROPERTY_SSL_ENABLED)].number = at_once ? 1 : 0;
  return 0;
}

int Server::apply_listening(const Row&, Stored& value) {
  if ((value.number != 0) == (listener_ != nullptr)) return 0;
  if (value.number != 0) return listen();
  stop_listening();
  return 0;
}

int Server::listen() {
  // A wish for TLS that cannot be granted must not end in a server that talks in clear.
  if (number(IPDAEMON_PROPERTY_SSL_START_MODE) != IPDAEMON_SSL_START_MODE_NONE) {
    if (const int code = tls_.prepare(); code != 0) return code;
  }
  Endpoint local;
  ListenOptions options;
  if (const int code = local_endpoint(&local, &options.dual_stack); code != 0) return code;
  options.backlog = static_cast<int>(number(IPDAEMON_PROPERTY_CONNECTION_BACKLOG));
  options.share_port = setting(IPDAEMON_SETTING_BIND_EXCLUSIVELY) == 0;
  options.receive_buffer = static_cast<int>(setting(IPDAEMON_SETTING_IN_BUFFER_SIZE));
  options.send_buffer = static_cast<int>(setting(IPDAEMON_SETTING_OUT_BUFFER_SIZE));
  lingering_.set_descriptor_limit(raise_descriptor_limit());
  if (allowed_clients_.has_names()) unknown_clients_ = allowed_clients_.resolve_names();
  auto listener = std::make_unique<Listener>(*this);
  if (const int error = listener->open(local, options); error != 0) {
    const char* hint = local.address.lacks_interface() ? "; add the interface, as in fe80::1%eth0" : "";
    return fail(error, local.text() + hint);
  }
  listener_ = std::move(listener);
  ipv6_in_force_ = options.dual_stack                     ? IPDAEMON_USE_IPV6_BOTH
                   : local.address.family == Family::ipv6 ? IPDAEMON_USE_IPV6_IPV6_ONLY
                                                          : IPDAEMON_USE_IPV6_IPV4_ONLY;
  tls_.on_listening();
  return 0;
}

void Server::stop_listening() {
  if (!listener_) return;
  refused_closed_ += listener_->refuse_waiting(number(IPDAEMON_PROPERTY_CONNECTION_BACKLOG) + 1);
  listener_->close();
  reactor_.retire(std::move(listener_));
}

// Where to listen, by LocalHost, LocalPort and UseIPv6.
int Server::local_endpoint(Endpoint* out, bool* dual_stack) {
  const std::int64_t ipv6 = setting(IPDAEMON_SETTING_USE_IPV6);
  const std::string host(trim(bytes(IPDAEMON_PROPERTY_LOCAL_HOST)));
  const bool both = ipv6 == IPDAEMON_USE_IPV6_BOTH;
  const bool use_ipv6 = ipv6 == IPDAEMON_USE_IPV6_IPV6_ONLY || (both && family_available(Family::ipv6));
  const Family family = use_ipv6 ? Family::ipv6 : Family::ipv4;
  out->port = static_cast<std::uint16_t>(number(IPDAEMON_PROPERTY_LOCAL_PORT));
  *dual_stack = false;
  if (host.empty()) {
    *dual_stack = both && use_ipv6;
    out->address = Address::any(family);
    return 0;
  }
  if (const int code = find_local_host(host, both ? Family::none : family, &out->address); code != 0) return code;
  *dual_stack = both && out->address.family == Family::ipv6 && out->address.is_any();
  return 0;
}

// Family none: either will do.
int Server::find_local_host(const std::string& host, Family family, Address* out) {
  std::vector<Address> candidates(1);
  if (!Address::parse(host, &candidates[0])) {
    if (const std::string fault = Address::interface_fault(host); !fault.empty()) {
      return fail(IPDAEMON_ERROR_HOST_NOT_FOUND, "LocalHost is " + in_quotes(host) + ": " + fault);
    }
    candidates.clear();
    if (const int error = resolve(host, &candidates); error != 0) {
      return fail(error, "LocalHost is " + in_quotes(host) + ", which has no address");
    }
  }
  for (const Address& candidate : candidates) {
    if (family == Family::none || candidate.family == family) {
      *out = candidate;
      return 0;
    }
  }
  return fail(IPDAEMON_ERROR_ADDRESS_FAMILY_NOT_SUPPORTED, "LocalHost is " + in_quotes(host) + ", which has no " +
                                                               (family == Family::ipv6 ? "IPv6" : "IPv4") +
                                                               " address; change LocalHost or the setting UseIPv6");
}

}  // namespace ipdaemon
