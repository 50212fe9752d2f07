// Settings that do something when they are set, or are computed when they are read; those of TLS are in
// setting_hooks_tls.cpp.

#include "base/text.hpp"
#include "ipdaemon.h"
#include "properties/text.hpp"
#include "server/hooks.hpp"
#include "server/metrics.hpp"
#include "server/server.hpp"
#include "tls/tls.hpp"

namespace ipdaemon {

Settings& Change::settings() const {
  return server.settings();
}

int Change::refuse(int code, const std::string& text) const {
  return server.record_error(code, std::string(row.name) + text);
}

int Change::invalid(BytesView entry, const char* wanted) const {
  return refuse(IPDAEMON_ERROR_INVALID_VALUE, " cannot be " + in_quotes(entry) + "; " + wanted);
}

namespace {

// ---- Sockets and connections ----

int set_clients(Change& change) {
  std::string detail;
  const int code = change.server.admission().lists().set(change.row.id, change.value.bytes, &detail);
  return code != 0 ? change.server.record_error(code, std::move(detail)) : 0;
}

int set_default_framing(Change& change) {
  std::shared_ptr<const FramingSpec> spec;
  std::string detail;
  const auto line_length_max =
      static_cast<std::uint32_t>(change.settings().number(IPDAEMON_PROPERTY_DEFAULT_MAX_LINE_LENGTH));
  const int code = FramingSpec::parse(change.value.bytes, change.row.name, line_length_max, &spec, &detail);
  if (code != 0) return change.server.record_error(code, std::move(detail));
  change.value.bytes = spec != nullptr ? spec->text() : std::string();
  change.server.services().default_framing = std::move(spec);
  return 0;
}

int set_block_limits(Change& change) {
  AddressBlocks::Limits limits = change.server.services().blocks.limits();
  const std::int64_t value = change.value.number;
  if (change.row.id == IPDAEMON_SETTING_MAX_CONNECTIONS_PER_ADDRESS) limits.connections_max = value;
  if (change.row.id == IPDAEMON_SETTING_CONNECT_RATE_PER_ADDRESS) limits.rate = value;
  if (change.row.id == IPDAEMON_SETTING_CONNECT_RATE_INTERVAL) limits.interval_s = value;
  change.server.admission().set_block_limits(limits);
  return 0;
}

int set_address_blocks(Change& change) {
  const BytesView text = change.value.bytes;
  const std::size_t colon = text.find(':');
  std::int64_t ipv4 = 0;
  std::int64_t ipv6 = 0;
  if (colon == BytesView::npos || !parse_integer(text.substr(0, colon), &ipv4) ||
      !parse_integer(text.substr(colon + 1), &ipv6) || ipv4 < 1 || ipv4 > 32 || ipv6 < 1 || ipv6 > 128) {
    return change.invalid(text, "use the bits of an IPv4 block, 1 to 32, and of an IPv6 block, 1 to 128, as in 32:64");
  }
  AddressBlocks::Limits limits = change.server.services().blocks.limits();
  limits.ipv4_bits = static_cast<int>(ipv4);
  limits.ipv6_bits = static_cast<int>(ipv6);
  Bytes canonical = std::to_string(ipv4) + ":" + std::to_string(ipv6);
  change.server.admission().set_block_limits(limits);
  change.value.bytes = std::move(canonical);
  return 0;
}

// Where nobody is trusted, nobody can be expected to send a header.
int set_proxy_protocol(Change& change) {
  Server& server = change.server;
  if (change.value.number == 0 || !server.listening().is_on() || !server.admission().lists().trusts_nobody()) return 0;
  return change.invalid(std::to_string(change.value.number),
                        "ProxyTrustedClients is empty; set it to the addresses of your balancers first");
}

int set_proxy_trusted_clients(Change& change) {
  const bool names_somebody = BytesView(change.value.bytes).find_first_not_of(", \t") != BytesView::npos;
  const bool is_needed = change.settings().setting(IPDAEMON_SETTING_PROXY_PROTOCOL) != 0;
  if (!names_somebody && is_needed && change.server.listening().is_on()) {
    return change.refuse(IPDAEMON_ERROR_INVALID_VALUE,
                         " cannot be empty while ProxyProtocol is in force; set ProxyProtocol to 0 first");
  }
  return set_clients(change);
}

// A socket to ask the system with; invalid when there are none left.
Socket probe() {
  Socket socket;
  Socket::create(family_available(Family::ipv4) ? Family::ipv4 : Family::ipv6, &socket);
  return socket;
}

SocketOption keep_alive_option(int id) {
  if (id == IPDAEMON_SETTING_KEEP_ALIVE_TIME) return SocketOption::keep_alive_time_s;
  if (id == IPDAEMON_SETTING_KEEP_ALIVE_INTERVAL) return SocketOption::keep_alive_interval_s;
  return SocketOption::keep_alive_count;
}

int set_keep_alive(Change& change) {
  int present = 0;
  if (probe().get(keep_alive_option(change.row.id), &present) == IPDAEMON_ERROR_NO_SUCH_OPTION) {
    return change.refuse(IPDAEMON_ERROR_NOT_AVAILABLE, " cannot be set: this system has no such option");
  }
  // The system counts seconds.
  std::int64_t& value = change.value.number;
  if (change.row.id != IPDAEMON_SETTING_KEEP_ALIVE_RETRY_COUNT) value = (value + 999) / 1000 * 1000;
  change.settings().stored_property(IPDAEMON_PROPERTY_KEEP_ALIVE).number = 1;
  return 0;
}

// What the system makes of a setting that was given, or its own default.
std::string get_socket_option(const Server& server, int id, SocketOption option, std::int64_t factor) {
  const std::int64_t wanted = server.settings().setting(id);
  int value = static_cast<int>(wanted / factor);
  Socket socket = probe();
  if (socket.valid()) {
    if (wanted > 0) socket.set(option, value);
    socket.get(option, &value);
  }
  return std::to_string(value * factor);
}

std::string get_in_buffer(Server& server) {
  return get_socket_option(server, IPDAEMON_SETTING_IN_BUFFER_SIZE, SocketOption::receive_buffer, 1);
}

std::string get_out_buffer(Server& server) {
  return get_socket_option(server, IPDAEMON_SETTING_OUT_BUFFER_SIZE, SocketOption::send_buffer, 1);
}

std::string get_keep_alive_time(Server& server) {
  return get_socket_option(server, IPDAEMON_SETTING_KEEP_ALIVE_TIME, SocketOption::keep_alive_time_s, 1000);
}

std::string get_keep_alive_interval(Server& server) {
  return get_socket_option(server, IPDAEMON_SETTING_KEEP_ALIVE_INTERVAL, SocketOption::keep_alive_interval_s, 1000);
}

std::string get_keep_alive_count(Server& server) {
  return get_socket_option(server, IPDAEMON_SETTING_KEEP_ALIVE_RETRY_COUNT, SocketOption::keep_alive_count, 1);
}

std::string get_ipv6(Server& server) {
  return std::to_string(server.listening().use_ipv6());
}

int set_code_page(Change& change) {
  std::int64_t& page = change.value.number;
  if (page == 0) page = IPDAEMON_CODE_PAGE_BYTES;
  if (page == IPDAEMON_CODE_PAGE_BYTES || page == IPDAEMON_CODE_PAGE_UTF8 || page == IPDAEMON_CODE_PAGE_ASCII) {
    change.server.cancel_batch();
    return 0;
  }
  return change.refuse(IPDAEMON_ERROR_NOT_AVAILABLE,
                       " cannot be " + std::to_string(page) + "; use 28591 (bytes), 65001 (UTF-8) or 20127 (ASCII)");
}

int set_idle_events(Change& change) {
  if (change.value.number == 0 || change.server.has_host_loop()) return 0;
  return change.refuse(IPDAEMON_ERROR_NOT_AVAILABLE,
                       " cannot be True; this program has no host event loop; call do_doevents instead");
}

int set_drain(Change& change) {
  change.server.drain().begin(change.value.number);
  return 0;
}

std::string get_drain(Server& server) {
  // Inside of a call that lasts, nobody has looked for a while.
  if (server.services().pump.calls() > 1) server.drain().look();
  return std::to_string(server.drain().seconds_left());
}

// ---- Files ----

// All are read before the first is replaced.
int reload(Change& change) {
  if (change.value.number == 0) return 0;
  change.value.number = 0;  // It is done, not kept.
  Server& server = change.server;
  TlsSetup::Fresh fresh;
  if (const int code = server.tls().read_again(&fresh); code != 0) return code;
  ClientLists::All lists = server.admission().lists().all();
  std::string detail;
  if (const int code = server.admission().lists().read_files(&lists, &detail); code != 0) {
    return server.record_error(code, std::move(detail));
  }
  server.admission().lists().replace(std::move(lists));
  server.tls().replace(std::move(fresh));
  return 0;
}

// ---- Choices that do not exist here ----

constexpr const char* no_choice_of_poller =
    "there is no choice: the server always uses the native readiness interface of the system";

// A fact of the system that the library was built for.
bool uses_completion_ports() {
  return BytesView(Poller::name()) == "iocp";
}

int set_iocp(Change& change) {
  const bool in_force = uses_completion_ports();
  if ((change.value.number != 0) == in_force) return 0;
  return change.refuse(IPDAEMON_ERROR_NOT_AVAILABLE,
                       std::string(" cannot be ") + (in_force ? "False" : "True") + "; " + no_choice_of_poller);
}

std::string get_iocp(Server&) {
  return uses_completion_ports() ? "True" : "False";
}

int set_windows_messages(Change& change) {
  if (change.value.number == 0) return 0;
  return change.refuse(IPDAEMON_ERROR_NOT_AVAILABLE, std::string(" cannot be True; ") + no_choice_of_poller);
}

// ---- About this library ----

std::string get_build_info(Server&) {
  std::string info = std::string("ipdaemon " IPDAEMON_VERSION "; ") + system_name() + "; " + Poller::name() + "; " +
                     tls::library_version();
  if (const std::string missing = tls::missing_fixes(); !missing.empty()) info += "; " + missing;
  return info;
}

std::string get_metrics(Server& server) {
  return metrics_text(server);
}

std::string get_license_info(Server&) {
  return "No licence key is needed: ipdaemon has the MIT licence.";
}

constexpr SettingHook setting_hooks[] = {
    {IPDAEMON_SETTING_ALLOWED_CLIENTS, set_clients, nullptr},
    {IPDAEMON_SETTING_DENIED_CLIENTS, set_clients, nullptr},
    {IPDAEMON_SETTING_DEFAULT_FRAMING, set_default_framing, nullptr},
    {IPDAEMON_SETTING_UNLIMITED_CLIENTS, set_clients, nullptr},
    {IPDAEMON_SETTING_MAX_CONNECTIONS_PER_ADDRESS, set_block_limits, nullptr},
    {IPDAEMON_SETTING_CONNECT_RATE_PER_ADDRESS, set_block_limits, nullptr},
    {IPDAEMON_SETTING_CONNECT_RATE_INTERVAL, set_block_limits, nullptr},
    {IPDAEMON_SETTING_ADDRESS_BLOCKS, set_address_blocks, nullptr},
    {IPDAEMON_SETTING_PROXY_PROTOCOL, set_proxy_protocol, nullptr},
    {IPDAEMON_SETTING_PROXY_TRUSTED_CLIENTS, set_proxy_trusted_clients, nullptr},
    {IPDAEMON_SETTING_DRAIN, set_drain, get_drain},
    {IPDAEMON_SETTING_IN_BUFFER_SIZE, nullptr, get_in_buffer},
    {IPDAEMON_SETTING_OUT_BUFFER_SIZE, nullptr, get_out_buffer},
    {IPDAEMON_SETTING_KEEP_ALIVE_INTERVAL, set_keep_alive, get_keep_alive_interval},
    {IPDAEMON_SETTING_KEEP_ALIVE_RETRY_COUNT, set_keep_alive, get_keep_alive_count},
    {IPDAEMON_SETTING_KEEP_ALIVE_TIME, set_keep_alive, get_keep_alive_time},
    {IPDAEMON_SETTING_USE_IOCP, set_iocp, get_iocp},
    {IPDAEMON_SETTING_USE_IPV6, nullptr, get_ipv6},
    {IPDAEMON_SETTING_USE_WINDOWS_MESSAGES, set_windows_messages, nullptr},
    {IPDAEMON_SETTING_BUILD_INFO, nullptr, get_build_info},
    {IPDAEMON_SETTING_CODE_PAGE, set_code_page, nullptr},
    {IPDAEMON_SETTING_LICENSE_INFO, nullptr, get_license_info},
    {IPDAEMON_SETTING_PROCESS_IDLE_EVENTS, set_idle_events, nullptr},
    {IPDAEMON_SETTING_METRICS, nullptr, get_metrics},
    {IPDAEMON_SETTING_RELOAD, reload, nullptr},
};

}  // namespace

const SettingHook* find_setting_hook(int id) {
  const SettingHook* hook = find_hook(setting_hooks, id);
  return hook != nullptr ? hook : find_tls_setting_hook(id);
}

}  // namespace ipdaemon
