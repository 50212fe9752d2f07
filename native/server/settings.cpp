// do_config: finds the row of a setting, checks the value by it, and runs what some settings do when
// they are set or read. A setting without an entry in the hook table is plain storage.

#include <algorithm>
#include <filesystem>

#include "base/text.hpp"
#include "ipdaemon.h"
#include "properties/limits.hpp"
#include "properties/text.hpp"
#include "server/server.hpp"
#include "tls/tls.hpp"

namespace ipdaemon {

namespace {

const Row* find_setting(BytesView name) {
  const auto* row = std::find_if(std::begin(setting_rows), std::end(setting_rows),
                                 [&](const Row& candidate) { return equal_ignoring_case(candidate.name, name); });
  return row != std::end(setting_rows) ? row : nullptr;
}

template <typename List>
bool is_one_of(BytesView entry, const List& list) {
  return std::any_of(std::begin(list), std::end(list),
                     [&](const char* candidate) { return equal_ignoring_case(entry, candidate); });
}

constexpr const char* tls13_signatures[] = {"rsa_pss_sha256",
                                            "rsa_pss_sha384",
                                            "rsa_pss_sha512",
                                            "rsa_pkcs1_sha256",
                                            "rsa_pkcs1_sha384",
                                            "rsa_pkcs1_sha512",
                                            "ecdsa_secp256r1_sha256",
                                            "ecdsa_secp384r1_sha384",
                                            "ecdsa_secp521r1_sha512",
                                            "ed25519",
                                            "ed448"};
constexpr const char* tls12_hashes[] = {"sha512", "sha384", "sha256", "sha224", "sha1"};
constexpr const char* tls12_keys[] = {"rsa", "dsa", "ecdsa"};
constexpr std::int64_t security_flags_all =
    0x80000000LL | 0x8000 | 0x4000 | 0x800 | 0x400 | 0x200 | 0x100 | 0x20 | 0x10 | 0x4 | 0x2 | 0x1;

// What every handshake depends on.
bool is_tls_policy(int position) {
  switch (position) {
    case IPDAEMON_SETTING_LOG_SSL_PACKETS:
    case IPDAEMON_SETTING_OPENSSL_CA_DIR:
    case IPDAEMON_SETTING_OPENSSL_CA_FILE:
    case IPDAEMON_SETTING_OPENSSL_CIPHER_LIST:
    case IPDAEMON_SETTING_REUSE_SSL_SESSION:
    case IPDAEMON_SETTING_SSL_CA_CERT_FILE_PATHS:
    case IPDAEMON_SETTING_SSL_CA_CERTS:
    case IPDAEMON_SETTING_SSL_CHECK_CRL:
    case IPDAEMON_SETTING_SSL_CIPHER_STRENGTH:
    case IPDAEMON_SETTING_SSL_ENABLED_CIPHER_SUITES:
    case IPDAEMON_SETTING_SSL_ENABLED_PROTOCOLS:
    case IPDAEMON_SETTING_SSL_SECURITY_FLAGS:
    case IPDAEMON_SETTING_SSL_SERVER_CA_CERTS:
    case IPDAEMON_SETTING_TLS12_SIGNATURE_ALGORITHMS:
    case IPDAEMON_SETTING_TLS12_SUPPORTED_GROUPS:
    case IPDAEMON_SETTING_TLS13_SIGNATURE_ALGORITHMS:
    case IPDAEMON_SETTING_TLS13_SUPPORTED_GROUPS:
      return true;
    default:
      return false;
  }
}

// A fact of the system that the library was built for.
bool uses_completion_ports() {
  return BytesView(Poller::name()) == "iocp";
}

constexpr const char* no_choice_of_poller =
    "there is no such choice: the server always uses the system's own readiness interface";

// Behind a name that lacks its = there may be a value, which is nobody's business.
BytesView word_of(BytesView name) {
  return name.substr(0, name.find_first_of(" \t\r\n:"));
}

bool has_certificate(BytesView pem) {
  const std::size_t begin = pem.find("-----BEGIN CERTIFICATE-----");
  return begin != BytesView::npos && pem.find("-----END CERTIFICATE-----", begin) != BytesView::npos;
}

}  // namespace

const Server::SettingHook* Server::setting_hook(int position) {
  static constexpr SettingHook hooks[] = {
      {IPDAEMON_SETTING_ALLOWED_CLIENTS, &Server::apply_allowed_clients, nullptr},
      {IPDAEMON_SETTING_IN_BUFFER_SIZE, nullptr, &Server::read_in_buffer},
      {IPDAEMON_SETTING_OUT_BUFFER_SIZE, nullptr, &Server::read_out_buffer},
      {IPDAEMON_SETTING_KEEP_ALIVE_INTERVAL, &Server::apply_keep_alive_part, &Server::read_keep_alive_interval},
      {IPDAEMON_SETTING_KEEP_ALIVE_RETRY_COUNT, &Server::apply_keep_alive_part, &Server::read_keep_alive_count},
      {IPDAEMON_SETTING_KEEP_ALIVE_TIME, &Server::apply_keep_alive_part, &Server::read_keep_alive_time},
      {IPDAEMON_SETTING_USE_IOCP, &Server::apply_iocp, &Server::read_iocp},
      {IPDAEMON_SETTING_USE_IPV6, nullptr, &Server::read_ipv6},
      {IPDAEMON_SETTING_USE_WINDOWS_MESSAGES, &Server::apply_never, nullptr},
      {IPDAEMON_SETTING_OPENSSL_CA_DIR, &Server::apply_ca_dir, nullptr},
      {IPDAEMON_SETTING_OPENSSL_CA_FILE, &Server::apply_ca_file, nullptr},
      {IPDAEMON_SETTING_OPENSSL_CIPHER_LIST, &Server::apply_cipher_list, nullptr},
      {IPDAEMON_SETTING_OPENSSL_PRNG_SEED_DATA, &Server::apply_seed, nullptr},
      {IPDAEMON_SETTING_SSL_CA_CERTS, &Server::apply_pem, nullptr},
      {IPDAEMON_SETTING_SSL_CHECK_CRL, &Server::apply_crl, nullptr},
      {IPDAEMON_SETTING_SSL_ENABLED_CIPHER_SUITES, &Server::apply_cipher_suites, nullptr},
      {IPDAEMON_SETTING_SSL_ENABLED_PROTOCOLS, &Server::apply_protocols, &Server::read_protocols},
      {IPDAEMON_SETTING_SSL_ENABLE_RENEGOTIATION, &Server::apply_always, nullptr},
      {IPDAEMON_SETTING_SSL_PROVIDER, &Server::apply_provider, nullptr},
      {IPDAEMON_SETTING_SSL_SECURITY_FLAGS, &Server::apply_security_flags, nullptr},
      {IPDAEMON_SETTING_SSL_SERVER_CA_CERTS, &Server::apply_pem, nullptr},
      {IPDAEMON_SETTING_TLS12_SIGNATURE_ALGORITHMS, &Server::apply_signature_algorithms, nullptr},
      {IPDAEMON_SETTING_TLS12_SUPPORTED_GROUPS, &Server::apply_groups, nullptr},
      {IPDAEMON_SETTING_TLS13_KEY_SHARE_GROUPS, &Server::apply_key_shares, nullptr},
      {IPDAEMON_SETTING_TLS13_SIGNATURE_ALGORITHMS, &Server::apply_signature_algorithms, nullptr},
      {IPDAEMON_SETTING_TLS13_SUPPORTED_GROUPS, &Server::apply_groups, nullptr},
      {IPDAEMON_SETTING_BUILD_INFO, nullptr, &Server::read_build_info},
      {IPDAEMON_SETTING_CODE_PAGE, &Server::apply_code_page, nullptr},
      {IPDAEMON_SETTING_LICENSE_INFO, nullptr, &Server::read_license_info},
      {IPDAEMON_SETTING_PROCESS_IDLE_EVENTS, &Server::apply_idle_events, nullptr},
      {IPDAEMON_SETTING_USE_INTERNAL_SECURITY_API, &Server::apply_never, nullptr},
  };
  const auto* hook =
      std::find_if(std::begin(hooks), std::end(hooks), [&](const auto& row) { return row.position == position; });
  return hook != std::end(hooks) ? hook : nullptr;
}

// ---- do_config ----------------------------------------------------------------------------------------

int Server::config(BytesView text, BytesView* out) {
  *out = {};
  const std::size_t equals = text.find('=');
  BytesView name = trim(text.substr(0, equals));
  BytesView id;
  bool has_id = false;
  if (const std::size_t bracket = name.find('['); bracket != BytesView::npos && name.back() == ']') {
    id = name.substr(bracket + 1, name.size() - bracket - 2);
    name = trim(name.substr(0, bracket));
    has_id = true;
  }
  const Row* row = find_setting(name);
  if (row == nullptr) {
    return fail(IPDAEMON_ERROR_UNKNOWN_NAME, name.empty() ? "the text is empty; use Name or Name=Value"
                                                          : in_quotes(word_of(name)) + " is not the name of a setting");
  }
  const bool per_connection = row->per == Per::CONNECTION;
  if (has_id != per_connection) {
    const std::string shown(row->name);
    return fail(IPDAEMON_ERROR_UNKNOWN_NAME,
                per_connection ? shown + " belongs to a connection; write " + shown + "[id]"
                               : shown + " belongs to the server; write it without [" + std::string(id) + "]");
  }
  if (equals != BytesView::npos) {
    if (row->access == Access::READ_ONLY) {
      return fail(IPDAEMON_ERROR_READ_ONLY, std::string(row->name) + " cannot be set");
    }
    if (const int code = config_set(*row, text.substr(equals + 1)); code != 0) return code;
  }
  std::string value;
  if (per_connection) {
    if (const int code = config_connection(*row, id, &value); code != 0) return code;
  } else {
    value = setting_text(*row);
  }
  scratch_ = std::move(value);
  *out = scratch_;
  return 0;
}

int Server::config_set(const Row& row, BytesView text) {
  const BytesView value = row.type == Type::OPAQUE ? text : trim(text);
  if (row.when == When::NOT_LISTENING && listener_) {
    if (row.id == IPDAEMON_SETTING_MAX_CONNECTIONS) return fail(IPDAEMON_ERROR_MAX_CONNECTIONS_WHILE_LISTENING);
    return fail(IPDAEMON_ERROR_NOT_NOW,
                std::string(row.name) + " cannot change while listening; set Listening to False first");
  }
  Stored next;
  std::string detail;
  bool truth = false;
  if (row.id == IPDAEMON_SETTING_USE_IPV6 && !parse_integer(value, &next.number) && parse_boolean(value, &truth)) {
    next.number = truth ? IPDAEMON_USE_IPV6_IPV6_ONLY : IPDAEMON_USE_IPV6_IPV4_ONLY;
  } else if (const int code = convert(row, ValueView::text(value), &next, &detail); code != 0) {
    return fail(code, std::move(detail));
  }
  const SettingHook* hook = setting_hook(row.id);
  if (hook != nullptr && hook->apply != nullptr) {
    if (const int code = (this->*hook->apply)(row, next); code != 0) return code;
  }
  if (is_tls_policy(row.id)) {
    if (const int code = tls_.set_policy(row, next); code != 0) return code;
  }
  settings_[static_cast<std::size_t>(row.id) - 1] = std::move(next);
  return 0;
}

int Server::config_connection(const Row& row, BytesView id, std::string* out) {
  std::int64_t number = 0;
  Connection* connection =
      parse_integer(id, &number) && number > 0 && number <= IPD_INT_MAX ? find(static_cast<int>(number)) : nullptr;
  if (connection == nullptr) {
    const bool is_id = parse_integer(id, &number) && number >= 0 && number <= IPD_INT_MAX;
    return fail(IPDAEMON_ERROR_UNKNOWN_CONNECTION, is_id ? connection_absence(static_cast<int>(number))
                                                         : in_quotes(id) + " is no connection id; ids begin with 1");
  }
  *out = row.id == IPDAEMON_SETTING_CONNECTION_UID ? connection->uid() : connection->negotiated(row.id);
  return 0;
}

std::string Server::setting_text(const Row& row) {
  const SettingHook* hook = setting_hook(row.id);
  std::string text;
  if (hook != nullptr && hook->read != nullptr) {
    (this->*hook->read)(&text);
    return text;
  }
  const Stored& stored = settings_[static_cast<std::size_t>(row.id) - 1];
  switch (row.type) {
    case Type::BOOLEAN:
      return stored.number != 0 ? "True" : "False";
    case Type::INTEGER:
    case Type::FLAGS:
      return std::to_string(stored.number);
    case Type::OPAQUE:
      return {};
    default:
      return std::string(stored.bytes);
  }
}

int Server::invalid(const Row& row, BytesView entry, const char* wanted) {
  return fail(IPDAEMON_ERROR_INVALID_VALUE, std::string(row.name) + " cannot be " + in_quotes(entry) + "; " + wanted);
}

// ---- Sockets and connections ----------------------------------------------------------------------------

int Server::apply_allowed_clients(const Row&, Stored& value) {
  AllowedClients next;
  std::string detail;
  if (const int code = next.parse(value.bytes, &detail); code != 0) return fail(code, std::move(detail));
  unknown_clients_ = next.resolve_names();
  allowed_clients_ = std::move(next);
  return 0;
}

namespace {

// A socket to ask the system with; invalid when there are none left.
Socket probe() {
  Socket socket;
  Socket::create(family_available(Family::ipv4) ? Family::ipv4 : Family::ipv6, &socket);
  return socket;
}

SocketOption keep_alive_option(int position) {
  if (position == IPDAEMON_SETTING_KEEP_ALIVE_TIME) return SocketOption::keep_alive_time_s;
  if (position == IPDAEMON_SETTING_KEEP_ALIVE_INTERVAL) return SocketOption::keep_alive_interval_s;
  return SocketOption::keep_alive_count;
}

}  // namespace

int Server::apply_keep_alive_part(const Row& row, Stored& value) {
  int present = 0;
  if (probe().get(keep_alive_option(row.id), &present) == IPDAEMON_ERROR_NO_SUCH_OPTION) {
    return fail(IPDAEMON_ERROR_NOT_AVAILABLE, std::string(row.name) + " cannot be set: this system has no such option");
  }
  // The system counts seconds.
  if (row.id != IPDAEMON_SETTING_KEEP_ALIVE_RETRY_COUNT) value.number = (value.number + 999) / 1000 * 1000;
  properties_[property_position(IPDAEMON_PROPERTY_KEEP_ALIVE)].number = 1;
  return 0;
}

// What the system makes of a setting that was given, or its own default.
void Server::read_socket_option(int position, SocketOption option, std::int64_t factor, std::string* out) {
  const std::int64_t wanted = setting(position);
  int value = static_cast<int>(wanted / factor);
  Socket socket = probe();
  if (socket.valid()) {
    if (wanted > 0) socket.set(option, value);
    socket.get(option, &value);
  }
  *out = std::to_string(value * factor);
}

void Server::read_in_buffer(std::string* out) {
  read_socket_option(IPDAEMON_SETTING_IN_BUFFER_SIZE, SocketOption::receive_buffer, 1, out);
}

void Server::read_out_buffer(std::string* out) {
  read_socket_option(IPDAEMON_SETTING_OUT_BUFFER_SIZE, SocketOption::send_buffer, 1, out);
}

void Server::read_keep_alive_time(std::string* out) {
  read_socket_option(IPDAEMON_SETTING_KEEP_ALIVE_TIME, SocketOption::keep_alive_time_s, 1000, out);
}

void Server::read_keep_alive_interval(std::string* out) {
  read_socket_option(IPDAEMON_SETTING_KEEP_ALIVE_INTERVAL, SocketOption::keep_alive_interval_s, 1000, out);
}

void Server::read_keep_alive_count(std::string* out) {
  read_socket_option(IPDAEMON_SETTING_KEEP_ALIVE_RETRY_COUNT, SocketOption::keep_alive_count, 1, out);
}

void Server::read_ipv6(std::string* out) {
  *out = std::to_string(listener_ ? ipv6_in_force_ : setting(IPDAEMON_SETTING_USE_IPV6));
}

// ---- Choices that do not exist here ---------------------------------------------------------------------

int Server::apply_iocp(const Row& row, Stored& value) {
  const bool in_force = uses_completion_ports();
  if ((value.number != 0) == in_force) return 0;
  return fail(IPDAEMON_ERROR_NOT_AVAILABLE,
              std::string(row.name) + " cannot be " + (in_force ? "False" : "True") + "; " + no_choice_of_poller);
}

void Server::read_iocp(std::string* out) {
  *out = uses_completion_ports() ? "True" : "False";
}

int Server::apply_never(const Row& row, Stored& value) {
  if (value.number == 0) return 0;
  const char* reason = no_choice_of_poller;
  if (row.id == IPDAEMON_SETTING_USE_INTERNAL_SECURITY_API) {
    reason =
        "TLS is always that of OpenSSL; delete the line, cipher suites, groups and signature algorithms can be "
        "set without it";
  }
  return fail(IPDAEMON_ERROR_NOT_AVAILABLE, std::string(row.name) + " cannot be True; " + reason);
}

int Server::apply_always(const Row& row, Stored& value) {
  if (value.number != 0) return 0;
  return fail(IPDAEMON_ERROR_NOT_AVAILABLE,
              std::string(row.name) + " cannot be False; OpenSSL always sends the renegotiation indication");
}

int Server::apply_provider(const Row& row, Stored& value) {
  if (value.bytes != "*" && !equal_ignoring_case(value.bytes, "OpenSSL")) {
    return fail(IPDAEMON_ERROR_NOT_AVAILABLE,
                std::string(row.name) + " cannot be " + in_quotes(value.bytes) + "; the only one is OpenSSL");
  }
  value.bytes = "OpenSSL";
  return 0;
}

int Server::apply_key_shares(const Row& row, Stored& value) {
  if (value.bytes.empty()) return 0;
  return fail(IPDAEMON_ERROR_NOT_AVAILABLE,
              std::string(row.name) + " has no meaning for a server; use TLS13SupportedGroups");
}

int Server::apply_idle_events(const Row& row, Stored& value) {
  if (value.number == 0 || idle_events_) return 0;
  return fail(IPDAEMON_ERROR_NOT_AVAILABLE,
              std::string(row.name) + " cannot be True; this program has no event loop of a host, call do_doevents");
}

int Server::apply_code_page(const Row& row, Stored& value) {
  if (value.number == 0) value.number = IPDAEMON_CODE_PAGE_BYTES;
  if (value.number == IPDAEMON_CODE_PAGE_BYTES || value.number == IPDAEMON_CODE_PAGE_UTF8 ||
      value.number == IPDAEMON_CODE_PAGE_ASCII) {
    cancel_batch();
    return 0;
  }
  return fail(IPDAEMON_ERROR_NOT_AVAILABLE, std::string(row.name) + " cannot be " + std::to_string(value.number) +
                                                "; use 28591 (bytes), 65001 (UTF-8) or 20127 (ASCII)");
}

// ---- TLS: checked here as far as that needs no TLS library; the rest by TlsSetup::set_policy ---------------

void Server::read_protocols(std::string* out) {
  *out = std::to_string(tls::protocols_in_force(setting(IPDAEMON_SETTING_SSL_ENABLED_PROTOCOLS),
                                                stored_setting(IPDAEMON_SETTING_SSL_ENABLED_CIPHER_SUITES).bytes));
}

int Server::apply_protocols(const Row& row, Stored& value) {
  constexpr std::int64_t pairs[] = {IPDAEMON_SSL_PROTOCOL_TLS1, IPDAEMON_SSL_PROTOCOL_TLS1_1,
                                    IPDAEMON_SSL_PROTOCOL_TLS1_2, IPDAEMON_SSL_PROTOCOL_TLS1_3};
  // Each version has a bit for either side; old programs set just one of them.
  std::int64_t usable = 0;
  for (const std::int64_t pair : pairs) {
    if ((value.number & pair) != 0) usable |= pair;
  }
  if (usable == 0) {
    return fail(IPDAEMON_ERROR_NOT_AVAILABLE, std::string(row.name) + " cannot be " + std::to_string(value.number) +
                                                  "; it names no version from TLS 1.0 on, use 15360 for 1.2 and 1.3");
  }
  value.number = usable;
  return 0;
}

int Server::apply_security_flags(const Row& row, Stored& value) {
  if ((value.number & ~security_flags_all) == 0) return 0;
  return invalid(row, std::to_string(value.number), "it has bits that mean nothing");
}

int Server::apply_crl(const Row& row, Stored& value) {
  const bool has_source = !settings_[IPDAEMON_SETTING_OPENSSL_CA_DIR - 1].bytes.empty() ||
                          !settings_[IPDAEMON_SETTING_OPENSSL_CA_FILE - 1].bytes.empty();
  if (value.number == 0 || has_source) return 0;
  return fail(IPDAEMON_ERROR_NOT_AVAILABLE, std::string(row.name) + " cannot be " + std::to_string(value.number) +
                                                "; set OpenSSLCAFile or OpenSSLCADir first, revocation lists are "
                                                "taken from there");
}

int Server::apply_groups(const Row& row, Stored& value) {
  const bool is_tls13 = row.id == IPDAEMON_SETTING_TLS13_SUPPORTED_GROUPS;
  int code = 0;
  each_entry(value.bytes, ',', [&](BytesView entry) {
    const bool known = tls::is_group(entry, is_tls13);
    if (!known) code = invalid(row, entry, "each entry must be a group such as ecdhe_x25519 or ecdhe_secp256r1");
    return known;
  });
  return code;
}

int Server::apply_signature_algorithms(const Row& row, Stored& value) {
  if (value.bytes.empty()) return 0;
  const bool is_tls13 = row.id == IPDAEMON_SETTING_TLS13_SIGNATURE_ALGORITHMS;
  int code = 0;
  each_entry(value.bytes, ',', [&](BytesView entry) {
    const std::size_t dash = entry.find('-');
    const bool known = is_tls13 ? is_one_of(entry, tls13_signatures)
                                : dash != BytesView::npos && is_one_of(entry.substr(0, dash), tls12_hashes) &&
                                      is_one_of(entry.substr(dash + 1), tls12_keys);
    if (!known) {
      code = invalid(row, entry,
                     is_tls13 ? "each entry must be an algorithm such as rsa_pss_sha256 or ed25519"
                              : "each entry must be a hash and a key type such as sha256-rsa");
    }
    return known;
  });
  return code;
}

int Server::apply_cipher_suites(const Row& row, Stored& value) {
  if (value.bytes == "*") return 0;
  if (!settings_[IPDAEMON_SETTING_OPENSSL_CIPHER_LIST - 1].bytes.empty()) {
    return fail(IPDAEMON_ERROR_NOT_NOW,
                std::string(row.name) + " cannot be set while OpenSSLCipherList is; set that to nothing first");
  }
  int code = 0;
  each_entry(value.bytes, ';', [&](BytesView entry) {
    if (entry == "*") return true;
    const bool is_name = !entry.empty() && std::all_of(entry.begin(), entry.end(), [](char c) {
      return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    });
    if (!is_name || entry.substr(0, 5) == "CALG_") {
      code = invalid(row, entry, "each entry must be the IANA name of a suite, such as TLS_AES_128_GCM_SHA256, or *");
    }
    return code == 0;
  });
  return code;
}

int Server::apply_cipher_list(const Row& row, Stored& value) {
  if (value.bytes.empty() || settings_[IPDAEMON_SETTING_SSL_ENABLED_CIPHER_SUITES - 1].bytes == "*") return 0;
  return fail(IPDAEMON_ERROR_NOT_NOW,
              std::string(row.name) + " cannot be set while SSLEnabledCipherSuites is; set that to * first");
}

int Server::apply_ca_file(const Row& row, Stored& value) {
  if (value.bytes.empty()) return 0;
  File file;
  std::string reason;
  if (!File::open(std::string(value.bytes), &file, &reason)) {
    return fail(IPDAEMON_ERROR_FILE_UNUSABLE, std::string(row.name) + " is " + in_quotes(value.bytes) + ": " + reason);
  }
  constexpr std::int64_t size_max = 16 << 20;
  std::string content(static_cast<std::size_t>(std::min(file.size(), size_max)), '\0');
  const Transfer read = file.read(0, content.data(), content.size());
  content.resize(static_cast<std::size_t>(std::max<std::int64_t>(read.count, 0)));
  if (!has_certificate(content)) return invalid(row, value.bytes, "the file has no PEM certificate");
  return 0;
}

int Server::apply_ca_dir(const Row& row, Stored& value) {
  try {
    std::error_code error;
    const BytesView name = value.bytes;
    const std::u8string path(name.begin(), name.end());
    if (path.empty() || std::filesystem::is_directory(path, error)) return 0;
  } catch (const std::system_error&) {
    // The name cannot be one of this system.
  }
  return invalid(row, value.bytes, "it must be an existing directory");
}

int Server::apply_pem(const Row& row, Stored& value) {
  if (value.bytes.empty() || has_certificate(value.bytes)) return 0;
  return fail(IPDAEMON_ERROR_INVALID_VALUE,
              std::string(row.name) + " cannot be " + length_of(value.bytes) + "; it must hold PEM certificates");
}

int Server::apply_seed(const Row& row, Stored& value) {
  const bool added = tls::add_seed(value.bytes);
  value.bytes.clear();  // It is not kept.
  if (added) return 0;
  const char* reason = tls::unavailable_reason();
  return fail(IPDAEMON_ERROR_NOT_AVAILABLE, std::string(row.name) + " cannot be set; " +
                                                (reason != nullptr ? reason : "OpenSSL's generator refuses it"));
}

// ---- About this library -------------------------------------------------------------------------------------

void Server::read_build_info(std::string* out) {
  *out = std::string("ipdaemon " IPDAEMON_VERSION "; ") + system_name() + "; " + Poller::name() + "; " +
         tls::library_version();
  if (const std::string missing = tls::missing_fixes(); !missing.empty()) *out += "; " + missing;
}

void Server::read_license_info(std::string* out) {
  *out = "No licence key is needed: ipdaemon has the MIT licence.";
}

}  // namespace ipdaemon
