#include "server/listening.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "connection/services.hpp"
#include "ipdaemon.h"
#include "server/admission.hpp"

namespace ipdaemon {

int Listening::start() {
  const Settings& settings = services_.settings;
  Endpoint local;
  ListenOptions options;
  if (const int code = local_endpoint(&local, &options.dual_stack); code != 0) return code;
  options.backlog = static_cast<int>(settings.number(IPDAEMON_PROPERTY_CONNECTION_BACKLOG));
  options.share_port = settings.setting(IPDAEMON_SETTING_BIND_EXCLUSIVELY) == 0;
  options.receive_buffer = static_cast<int>(settings.setting(IPDAEMON_SETTING_IN_BUFFER_SIZE));
  options.send_buffer = static_cast<int>(settings.setting(IPDAEMON_SETTING_OUT_BUFFER_SIZE));
  services_.lingering.set_descriptor_limit(raise_descriptor_limit());
  std::string detail;
  if (const int code = admission_.lists().prepare(&detail); code != 0) {
    return services_.dispatcher.record_error(code, std::move(detail));
  }
  if (settings.setting(IPDAEMON_SETTING_PROXY_PROTOCOL) != 0 && admission_.lists().trusts_nobody()) {
    return services_.dispatcher.record_error(IPDAEMON_ERROR_INVALID_VALUE,
                                             "ProxyProtocol is set, and ProxyTrustedClients is empty; set it to the "
                                             "addresses of your balancers");
  }
  auto listener = std::make_unique<Listener>(services_, admission_);
  if (const int error = listener->open(local, options); error != 0) {
    const char* hint = local.address.lacks_interface() ? "; add the interface, as in fe80::1%eth0" : "";
    return services_.dispatcher.record_error(error, local.text() + hint);
  }
  listener_ = std::move(listener);
  ipv6_in_force_ = options.dual_stack                     ? IPDAEMON_USE_IPV6_BOTH
                   : local.address.family == Family::ipv6 ? IPDAEMON_USE_IPV6_IPV6_ONLY
                                                          : IPDAEMON_USE_IPV6_IPV4_ONLY;
  return 0;
}

void Listening::stop() {
  std::int64_t refused = 0;
  for (std::unique_ptr<Listener>& listener : draining_) {
    refused += listener->refuse_waiting(0);
    listener->close();
    services_.reactor.retire(std::move(listener));
  }
  draining_.clear();
  if (listener_) {
    const std::int64_t waiting_max = services_.settings.number(IPDAEMON_PROPERTY_CONNECTION_BACKLOG) + 1;
    refused += listener_->refuse_waiting(waiting_max);
    listener_->close();
    services_.reactor.retire(std::move(listener_));
  }
  services_.connections.counters.refuse(IPDAEMON_REFUSED_NOT_LISTENING, refused);
}

// Each listener keeps those that it took: they came to its address.
void Listening::drain() {
  if (!listener_) return;
  for (std::unique_ptr<Listener>& listener : draining_) {
    if (!listener->has_waiting()) services_.reactor.retire(std::move(listener));
  }
  draining_.erase(std::remove(draining_.begin(), draining_.end(), nullptr), draining_.end());
  draining_.reserve(draining_.size() + 1);
  listener_->drain(services_.settings.number(IPDAEMON_PROPERTY_CONNECTION_BACKLOG) + 1);
  if (listener_->has_waiting()) {
    draining_.push_back(std::move(listener_));
  } else {
    services_.reactor.retire(std::move(listener_));
  }
}

bool Listening::has_waiting() const {
  return std::any_of(draining_.begin(), draining_.end(), [](const auto& listener) { return listener->has_waiting(); });
}

std::string Listening::local_host() const {
  return listener_ ? listener_->local().address.text()
                   : std::string(services_.settings.bytes(IPDAEMON_PROPERTY_LOCAL_HOST));
}

std::int64_t Listening::local_port() const {
  return listener_ ? listener_->local().port : services_.settings.number(IPDAEMON_PROPERTY_LOCAL_PORT);
}

std::int64_t Listening::use_ipv6() const {
  return listener_ ? ipv6_in_force_ : services_.settings.setting(IPDAEMON_SETTING_USE_IPV6);
}

// Where to listen, by LocalHost, LocalPort and UseIPv6.
int Listening::local_endpoint(Endpoint* out, bool* dual_stack) {
  const std::int64_t ipv6 = services_.settings.setting(IPDAEMON_SETTING_USE_IPV6);
  const std::string host(trim(services_.settings.bytes(IPDAEMON_PROPERTY_LOCAL_HOST)));
  const bool both = ipv6 == IPDAEMON_USE_IPV6_BOTH;
  const bool use_ipv6 = ipv6 == IPDAEMON_USE_IPV6_IPV6_ONLY || (both && family_available(Family::ipv6));
  const Family family = use_ipv6 ? Family::ipv6 : Family::ipv4;
  out->port = static_cast<std::uint16_t>(services_.settings.number(IPDAEMON_PROPERTY_LOCAL_PORT));
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
int Listening::find_local_host(const std::string& host, Family family, Address* out) {
  std::vector<Address> candidates(1);
  if (!Address::parse(host, &candidates[0])) {
    if (const std::string fault = Address::interface_fault(host); !fault.empty()) {
      return services_.dispatcher.record_error(IPDAEMON_ERROR_HOST_NOT_FOUND,
                                               "LocalHost is " + in_quotes(host) + ": " + fault);
    }
    candidates.clear();
    if (const int error = resolve(host, &candidates); error != 0) {
      return services_.dispatcher.record_error(error, "LocalHost is " + in_quotes(host) + ", which has no address");
    }
  }
  for (const Address& candidate : candidates) {
    if (family == Family::none || candidate.family == family) {
      *out = candidate;
      return 0;
    }
  }
  return services_.dispatcher.record_error(IPDAEMON_ERROR_ADDRESS_FAMILY_NOT_SUPPORTED,
                                           "LocalHost is " + in_quotes(host) + ", which has no " +
                                               (family == Family::ipv6 ? "IPv6" : "IPv4") +
                                               " address; change LocalHost or the setting UseIPv6");
}

}  // namespace ipdaemon
