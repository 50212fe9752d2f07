// Settings of TLS: checked here as far as that needs no TLS library. What OpenSSL knows about a value is asked by
// TlsSetup::set_policy, which builds a context with it.

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/text.hpp"
#include "ipdaemon.h"
#include "net/file.hpp"
#include "properties/text.hpp"
#include "server/hooks.hpp"
#include "server/server.hpp"
#include "tls/context.hpp"
#include "tls/tls.hpp"

namespace ipdaemon {

namespace {

// ---- Versions and flags ----

std::string get_protocols(Server& server) {
  const Settings& settings = server.settings();
  return std::to_string(
      tls::protocols_in_force(settings.setting(IPDAEMON_SETTING_SSL_ENABLED_PROTOCOLS),
                              settings.stored_setting(IPDAEMON_SETTING_SSL_ENABLED_CIPHER_SUITES).bytes));
}

int set_protocols(Change& change) {
  constexpr std::int64_t pairs[] = {IPDAEMON_SSL_PROTOCOL_TLS1, IPDAEMON_SSL_PROTOCOL_TLS1_1,
                                    IPDAEMON_SSL_PROTOCOL_TLS1_2, IPDAEMON_SSL_PROTOCOL_TLS1_3};
  // Each version has a bit for either side; old programs set just one of them.
  std::int64_t usable = 0;
  for (const std::int64_t pair : pairs) {
    if ((change.value.number & pair) != 0) usable |= pair;
  }
  if (usable == 0) {
    return change.refuse(IPDAEMON_ERROR_NOT_AVAILABLE,
                         " cannot be " + std::to_string(change.value.number) +
                             "; it enables no TLS version; use 15360 for TLS 1.2 and 1.3");
  }
  change.value.number = usable;
  return 0;
}

int set_security_flags(Change& change) {
  if ((change.value.number & ~tls::security_flags::all) == 0) return 0;
  return change.invalid(std::to_string(change.value.number), "it has undefined bits");
}

// ---- Suites, groups, signature algorithms ----

int set_groups(Change& change) {
  const bool is_tls13 = change.row.id == IPDAEMON_SETTING_TLS13_SUPPORTED_GROUPS;
  int code = 0;
  each_entry(change.value.bytes, ',', [&](BytesView entry) {
    const bool known = tls::is_group(entry, is_tls13);
    if (!known) code = change.invalid(entry, "each entry must be a group such as ecdhe_x25519 or ecdhe_secp256r1");
    return known;
  });
  return code;
}

int set_signature_algorithms(Change& change) {
  if (change.value.bytes.empty()) return 0;
  const bool is_tls13 = change.row.id == IPDAEMON_SETTING_TLS13_SIGNATURE_ALGORITHMS;
  int code = 0;
  each_entry(change.value.bytes, ',', [&](BytesView entry) {
    const bool known = tls::is_signature_algorithm(entry, is_tls13);
    if (!known) {
      code = change.invalid(entry, is_tls13 ? "each entry must be an algorithm such as rsa_pss_sha256 or ed25519"
                                            : "each entry must be a hash and a key type such as sha256-rsa");
    }
    return known;
  });
  return code;
}

bool is_suite_name(BytesView entry) {
  const auto may_be_in_name = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return !entry.empty() && std::all_of(entry.begin(), entry.end(), may_be_in_name) && entry.substr(0, 5) != "CALG_";
}

int set_cipher_suites(Change& change) {
  if (change.value.bytes == "*") return 0;
  if (!change.settings().stored_setting(IPDAEMON_SETTING_OPENSSL_CIPHER_LIST).bytes.empty()) {
    return change.refuse(IPDAEMON_ERROR_NOT_NOW, " cannot be set while OpenSSLCipherList is set; clear that first");
  }
  int code = 0;
  each_entry(change.value.bytes, ';', [&](BytesView entry) {
    if (entry != "*" && !is_suite_name(entry)) {
      code = change.invalid(entry, "each entry must be the IANA name of a suite, such as TLS_AES_128_GCM_SHA256, or *");
    }
    return code == 0;
  });
  return code;
}

int set_cipher_list(Change& change) {
  const bool is_free = change.settings().stored_setting(IPDAEMON_SETTING_SSL_ENABLED_CIPHER_SUITES).bytes == "*";
  if (change.value.bytes.empty() || is_free) return 0;
  return change.refuse(IPDAEMON_ERROR_NOT_NOW,
                       " cannot be set while SSLEnabledCipherSuites is set; set that to * first");
}

// ---- Certificates of authorities, revocation lists ----

bool has_certificate(BytesView pem) {
  const std::size_t begin = pem.find("-----BEGIN CERTIFICATE-----");
  return begin != BytesView::npos && pem.find("-----END CERTIFICATE-----", begin) != BytesView::npos;
}

int set_ca_file(Change& change) {
  const BytesView name = change.value.bytes;
  if (name.empty()) return 0;
  File file;
  std::string reason;
  if (!File::open(std::string(name), &file, &reason)) {
    return change.refuse(IPDAEMON_ERROR_FILE_UNUSABLE, " is " + in_quotes(name) + ": " + reason);
  }
  constexpr std::int64_t size_max = 16 << 20;
  std::string content(static_cast<std::size_t>(std::min(file.size(), size_max)), '\0');
  const Transfer read = file.read(0, content.data(), content.size());
  content.resize(static_cast<std::size_t>(std::max<std::int64_t>(read.count, 0)));
  if (!has_certificate(content)) return change.invalid(name, "the file has no PEM certificate");
  return 0;
}

int set_ca_dir(Change& change) {
  const BytesView name = change.value.bytes;
  try {
    std::error_code error;
    const std::u8string path(name.begin(), name.end());
    if (path.empty() || std::filesystem::is_directory(path, error)) return 0;
  } catch (const std::system_error&) {
    // The name cannot be one of this system.
  }
  return change.invalid(name, "it must be an existing directory");
}

int set_pem(Change& change) {
  const BytesView pem = change.value.bytes;
  if (pem.empty() || has_certificate(pem)) return 0;
  return change.refuse(IPDAEMON_ERROR_INVALID_VALUE,
                       " cannot be " + length_of(pem) + "; it must hold PEM certificates");
}

int set_crl(Change& change) {
  const Settings& settings = change.settings();
  const bool has_source = !settings.stored_setting(IPDAEMON_SETTING_OPENSSL_CA_DIR).bytes.empty() ||
                          !settings.stored_setting(IPDAEMON_SETTING_OPENSSL_CA_FILE).bytes.empty();
  if (change.value.number == 0 || has_source) return 0;
  return change.refuse(IPDAEMON_ERROR_NOT_AVAILABLE, " cannot be " + std::to_string(change.value.number) +
                                                         "; set OpenSSLCAFile or OpenSSLCADir first, revocation "
                                                         "lists are read from there");
}

// ---- Application protocols, server names, keys of session tickets ----

int set_protocols_of_application(Change& change) {
  if (change.value.bytes.empty()) return 0;
  int code = 0;
  std::string list;
  each_entry(change.value.bytes, ',', [&](BytesView entry) {
    const bool good = tls::is_protocol_name(entry);
    if (!good) code = change.invalid(entry, "each entry must be a name of 1 to 255 bytes, such as http/1.1");
    list += (list.empty() ? "" : ",") + std::string(entry);
    return good;
  });
  if (code == 0) change.value.bytes = list;
  return code;
}

int set_key_log(Change& change) {
  return change.server.tls().set_key_log(change.value.bytes);
}

int set_sni_certificates(Change& change) {
  return change.server.tls().set_sni_certificates(change.value.bytes);
}

int set_ticket_keys(Change& change) {
  return change.server.tls().set_ticket_keys(change.value.bytes);
}

// ---- OpenSSL itself ----

int set_seed(Change& change) {
  const bool added = tls::add_seed(change.value.bytes);
  change.value.bytes.clear();  // It is not kept.
  if (added) return 0;
  const char* reason = tls::unavailable_reason();
  return change.refuse(
      IPDAEMON_ERROR_NOT_AVAILABLE,
      std::string(" cannot be set; ") + (reason != nullptr ? reason : "OpenSSL's random number generator refused it"));
}

int set_provider(Change& change) {
  const BytesView name = change.value.bytes;
  if (name != "*" && !equal_ignoring_case(name, "OpenSSL")) {
    return change.refuse(IPDAEMON_ERROR_NOT_AVAILABLE, " cannot be " + in_quotes(name) + "; only OpenSSL is available");
  }
  change.value.bytes = "OpenSSL";
  return 0;
}

int set_internal_security(Change& change) {
  if (change.value.number == 0) return 0;
  return change.refuse(IPDAEMON_ERROR_NOT_AVAILABLE,
                       " cannot be True; TLS always uses OpenSSL. Delete the line: cipher suites, groups and "
                       "signature algorithms can be set without it");
}

int set_renegotiation(Change& change) {
  if (change.value.number != 0) return 0;
  return change.refuse(IPDAEMON_ERROR_NOT_AVAILABLE,
                       " cannot be False; OpenSSL always sends the renegotiation indication");
}

int set_key_shares(Change& change) {
  if (change.value.bytes.empty()) return 0;
  return change.refuse(IPDAEMON_ERROR_NOT_AVAILABLE, " has no meaning for a server; use TLS13SupportedGroups");
}

constexpr SettingHook tls_setting_hooks[] = {
    {IPDAEMON_SETTING_OPENSSL_CA_DIR, set_ca_dir, nullptr},
    {IPDAEMON_SETTING_OPENSSL_CA_FILE, set_ca_file, nullptr},
    {IPDAEMON_SETTING_OPENSSL_CIPHER_LIST, set_cipher_list, nullptr},
    {IPDAEMON_SETTING_OPENSSL_PRNG_SEED_DATA, set_seed, nullptr},
    {IPDAEMON_SETTING_SSL_ALPN_PROTOCOLS, set_protocols_of_application, nullptr},
    {IPDAEMON_SETTING_SSL_CA_CERTS, set_pem, nullptr},
    {IPDAEMON_SETTING_SSL_CHECK_CRL, set_crl, nullptr},
    {IPDAEMON_SETTING_SSL_ENABLED_CIPHER_SUITES, set_cipher_suites, nullptr},
    {IPDAEMON_SETTING_SSL_ENABLED_PROTOCOLS, set_protocols, get_protocols},
    {IPDAEMON_SETTING_SSL_ENABLE_RENEGOTIATION, set_renegotiation, nullptr},
    {IPDAEMON_SETTING_SSL_KEY_LOG_FILE, set_key_log, nullptr},
    {IPDAEMON_SETTING_SSL_PROVIDER, set_provider, nullptr},
    {IPDAEMON_SETTING_SSL_SECURITY_FLAGS, set_security_flags, nullptr},
    {IPDAEMON_SETTING_SSL_SERVER_CA_CERTS, set_pem, nullptr},
    {IPDAEMON_SETTING_SSL_SNI_CERTIFICATES, set_sni_certificates, nullptr},
    {IPDAEMON_SETTING_SSL_TICKET_KEYS, set_ticket_keys, nullptr},
    {IPDAEMON_SETTING_TLS12_SIGNATURE_ALGORITHMS, set_signature_algorithms, nullptr},
    {IPDAEMON_SETTING_TLS12_SUPPORTED_GROUPS, set_groups, nullptr},
    {IPDAEMON_SETTING_TLS13_KEY_SHARE_GROUPS, set_key_shares, nullptr},
    {IPDAEMON_SETTING_TLS13_SIGNATURE_ALGORITHMS, set_signature_algorithms, nullptr},
    {IPDAEMON_SETTING_TLS13_SUPPORTED_GROUPS, set_groups, nullptr},
    {IPDAEMON_SETTING_USE_INTERNAL_SECURITY_API, set_internal_security, nullptr},
};

}  // namespace

const SettingHook* find_tls_setting_hook(int id) {
  return find_hook(tls_setting_hooks, id);
}

}  // namespace ipdaemon
