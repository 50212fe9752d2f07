#include "tls/context.hpp"

#include <array>
#include <utility>

#include "base/text.hpp"
#include "ipdaemon.h"
#include "tls/alpn.hpp"
#include "tls/engine_openssl.hpp"
#include "tls/lists.hpp"
#include "tls/openssl.hpp"

namespace ipdaemon::tls {

namespace {

// The level at which suites, keys and signatures of less than 112 bits are refused.
constexpr int security_level = 2;
// Sessions of clients that take no tickets.
constexpr long cached_sessions_max = 4096;

struct Version {
  std::int64_t bits;
  int number;
  std::uint64_t off;
};

constexpr Version known_versions[] = {
    {IPDAEMON_SSL_PROTOCOL_TLS1, TLS1_VERSION, SSL_OP_NO_TLSv1},
    {IPDAEMON_SSL_PROTOCOL_TLS1_1, TLS1_1_VERSION, SSL_OP_NO_TLSv1_1},
    {IPDAEMON_SSL_PROTOCOL_TLS1_2, TLS1_2_VERSION, SSL_OP_NO_TLSv1_2},
    {IPDAEMON_SSL_PROTOCOL_TLS1_3, TLS1_3_VERSION, SSL_OP_NO_TLSv1_3},
};

bool has_old_versions(std::int64_t protocols) {
  return (protocols & (IPDAEMON_SSL_PROTOCOL_TLS1 | IPDAEMON_SSL_PROTOCOL_TLS1_1)) != 0;
}

constexpr const char* default_signatures =
    "ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384:ecdsa_secp521r1_sha512:ed25519:ed448:"
    "rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512:"
    "rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:"
    "rsa_pkcs1_sha256:rsa_pkcs1_sha384:rsa_pkcs1_sha512";

// Only where the security level lets them through. The last, for those that know nothing better.
constexpr const char* sha1_signatures = ":ECDSA+SHA1:RSA+SHA1";

// Sessions of one set of certificates, of one way to ask for the client's, of one server name and of one application
// protocol are not for another.
std::array<unsigned char, 32> session_context(const Identities* identities, bool authenticates,
                                              BytesView server_name = {}, BytesView protocol = {}) {
  std::array<unsigned char, 32> hash{};
  std::string text =
      (identities != nullptr ? identities->fingerprint() : "") + (authenticates ? "+" : "-") + lower(server_name);
  if (!protocol.empty()) text += "\n" + std::string(protocol);
  std::size_t length = hash.size();
  EVP_Q_digest(library_context(), "SHA256", nullptr, text.data(), text.size(), hash.data(), &length);
  return hash;
}

}  // namespace

// ---- Building ----------------------------------------------------------------------------------------

std::shared_ptr<const Context> Context::build(const Policy& policy, std::shared_ptr<const Identities> identities,
                                              Resources resources, Problem* problem) {
  if (const char* reason = find_openssl(); reason != nullptr) {
    *problem = {IPDAEMON_ERROR_TLS_UNAVAILABLE, reason};
    return nullptr;
  }
  const ErrorScope errors;
  std::shared_ptr<Context> context(new Context(policy, std::move(identities), std::move(resources)));
  return context->set_up(problem) ? context : nullptr;
}

Context::Context(const Policy& policy, std::shared_ptr<const Identities> identities, Resources resources)
    : policy_(policy),
      identities_(std::move(identities)),
      resources_(std::move(resources)),
      protocols_(protocol_list(policy.alpn_protocols)) {}

Context::~Context() {
  if (handle_ != nullptr) SSL_CTX_free(handle_);
}

bool Context::set_up(Problem* problem) {
  handle_ = SSL_CTX_new_ex(library_context(), nullptr, TLS_server_method());
  if (handle_ == nullptr) {
    *problem = {IPDAEMON_ERROR_TLS_UNAVAILABLE, ErrorScope::text()};
    return false;
  }
  SSL_CTX_set_options(handle_, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                   SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(handle_, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Reading returns after each message without data, so that the engine can count them.
  SSL_CTX_clear_mode(handle_, SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_dh_auto(handle_, 1);
  set_callbacks(handle_, policy_, resources_.key_log != nullptr);
  if (!set_versions(problem) || !set_suites(problem) || !set_groups(problem) || !set_signatures(problem) ||
      !set_identities(problem) || !check_names(problem) || !set_client_trust(problem)) {
    return false;
  }
  set_sessions();
  return true;
}

bool Context::set_versions(Problem* problem) {
  // The distribution's own policy does not count: what the settings say does, on every system.
  SSL_CTX_set_min_proto_version(handle_, 0);
  SSL_CTX_set_max_proto_version(handle_, 0);
  const std::int64_t wanted = protocols_in_force(policy_.protocols, policy_.cipher_suites);
  std::uint64_t off = SSL_OP_NO_SSLv3;
  int lowest = 0;
  int highest = 0;
  for (const Version& version : known_versions) {
    if ((wanted & version.bits) == 0) {
      off |= version.off;
      continue;
    }
    if (lowest == 0) lowest = version.number;
    highest = version.number;
  }
  if (lowest == 0) {
    *problem = {IPDAEMON_ERROR_INVALID_VALUE,
                "SSLEnabledCipherSuites has no suite for a version that SSLEnabledProtocols allows"};
    return false;
  }
  SSL_CTX_set_min_proto_version(handle_, lowest);
  SSL_CTX_set_max_proto_version(handle_, highest);
  SSL_CTX_set_options(handle_, off);
  allows_tls13_ = highest == TLS1_3_VERSION;
  if (has_old_versions(wanted)) {
    SSL_CTX_set_security_level(handle_, 0);
    warn("TLS 1.0 or 1.1 is enabled: they need security level 0, so weak keys and signatures are accepted too");
  } else {
    SSL_CTX_set_security_level(handle_, security_level);
  }
  return true;
}

bool Context::set_suites(Problem* problem) {
  SuiteLists lists = default_suites(has_old_versions(policy_.protocols));
  const char* setting = "SSLEnabledProtocols";
  if (policy_.cipher_suites != "*") {
    setting = "SSLEnabledCipherSuites";
    const SuiteLists defaults = std::exchange(lists, {});
    if (!split_suites(policy_.cipher_suites, defaults, &lists, problem)) return false;
  } else if (!policy_.cipher_list.empty()) {
    setting = "OpenSSLCipherList";
    lists.tls12 = policy_.cipher_list;
  }
  // A list without a suite of TLS 1.2 is possible; OpenSSL takes no empty one.
  const bool taken = SSL_CTX_set_ciphersuites(handle_, lists.tls13.c_str()) == 1 &&
                     (lists.tls12.empty() || SSL_CTX_set_cipher_list(handle_, lists.tls12.c_str()) == 1);
  if (!taken) {
    *problem = {IPDAEMON_ERROR_INVALID_VALUE, std::string(setting) + " is refused by OpenSSL: " + ErrorScope::text()};
    return false;
  }
  return keep_strong_suites(problem);
}

// SSLCipherStrength, and whether anything is left that can be used.
bool Context::keep_strong_suites(Problem* problem) {
  const SessionPtr session(SSL_new(handle_));
  if (!session) {
    *problem = {IPDAEMON_ERROR_TLS_UNAVAILABLE, ErrorScope::text()};
    return false;
  }
  struct StackFree {
    void operator()(STACK_OF(SSL_CIPHER) * stack) const { sk_SSL_CIPHER_free(stack); }
  };
  SSL_set_accept_state(session.get());
  const std::unique_ptr<STACK_OF(SSL_CIPHER), StackFree> suites(SSL_get1_supported_ciphers(session.get()));
  SuiteLists kept;
  std::string open_doors;
  for (int i = 0; suites && i < sk_SSL_CIPHER_num(suites.get()); ++i) {
    const SSL_CIPHER* suite = sk_SSL_CIPHER_value(suites.get(), i);
    if (SSL_CIPHER_get_bits(suite, nullptr) < policy_.cipher_strength) continue;
    const std::string name = SSL_CIPHER_get_name(suite);
    if (SSL_CIPHER_get_auth_nid(suite) == NID_auth_null || SSL_CIPHER_get_bits(suite, nullptr) == 0) {
      open_doors += (open_doors.empty() ? "" : ", ") + std::string(SSL_CIPHER_standard_name(suite));
    }
    std::string& list = name.rfind("TLS_", 0) == 0 ? kept.tls13 : kept.tls12;
    list += (list.empty() ? "" : ":") + name;
  }
  if (kept.tls12.empty() && kept.tls13.empty()) {
    *problem = {IPDAEMON_ERROR_INVALID_VALUE,
                policy_.cipher_strength > 0
                    ? "SSLCipherStrength " + std::to_string(policy_.cipher_strength) +
                          " leaves no cipher suite; the strongest have 256 bits"
                    : "none of the enabled cipher suites works with the versions in SSLEnabledProtocols"};
    return false;
  }
  if (!open_doors.empty()) warn("cipher suites without authentication or encryption are enabled: " + open_doors);
  if (kept.tls13.empty()) allows_tls13_ = false;
  if (policy_.cipher_strength == 0) return true;
  SSL_CTX_set_ciphersuites(handle_, kept.tls13.c_str());
  if (!kept.tls12.empty()) SSL_CTX_set_cipher_list(handle_, kept.tls12.c_str());
  // Without any of its suites, a version is off; OpenSSL refuses to have an empty list.
  if (kept.tls12.empty()) SSL_CTX_set_min_proto_version(handle_, TLS1_3_VERSION);
  if (kept.tls13.empty()) SSL_CTX_set_max_proto_version(handle_, TLS1_2_VERSION);
  return true;
}

bool Context::set_groups(Problem* problem) {
  std::string tls13;
  if (!group_numbers("TLS12SupportedGroups", policy_.tls12_groups, &tls12_groups_, problem) ||
      !group_list("TLS13SupportedGroups", policy_.tls13_groups, handle_, &tls13, problem)) {
    return false;
  }
  // Tried here, so that it cannot fail in a handshake.
  std::vector<int> copy = tls12_groups_;
  if (SSL_CTX_set1_groups(handle_, copy.data(), static_cast<int>(copy.size())) != 1 ||
      SSL_CTX_set1_groups_list(handle_, tls13.c_str()) != 1) {
    *problem = {IPDAEMON_ERROR_INVALID_VALUE, "this OpenSSL refuses the list of groups: " + ErrorScope::text()};
    return false;
  }
  return true;
}

bool Context::set_signatures(Problem* problem) {
  // The same on every system, whatever its own configuration says. Old versions cannot choose.
  if (!has_old_versions(policy_.protocols)) {
    const std::string list = std::string(default_signatures) + (allows_sha1() ? sha1_signatures : "");
    SSL_CTX_set1_sigalgs_list(handle_, list.c_str());
    SSL_CTX_set1_client_sigalgs_list(handle_, list.c_str());
  }
  tls12_signatures_ = tls12_signature_list(policy_.tls12_signatures);
  tls13_signatures_ = tls13_signature_list(policy_.tls13_signatures);
  const SessionPtr scratch(SSL_new(handle_));
  for (const std::string* list : {&tls12_signatures_, &tls13_signatures_}) {
    if (list->empty() || (scratch && SSL_set1_sigalgs_list(scratch.get(), list->c_str()) == 1)) continue;
    const char* setting = list == &tls12_signatures_ ? "TLS12SignatureAlgorithms" : "TLS13SignatureAlgorithms";
    *problem = {IPDAEMON_ERROR_INVALID_VALUE, std::string(setting) + " is refused by OpenSSL: " + ErrorScope::text()};
    return false;
  }
  return true;
}

// It has less bits than any other level demands.
bool Context::allows_sha1() const {
  return SSL_CTX_get_security_level(handle_) == 0;
}

bool Context::set_lists(SSL* session, bool tls13) const {
  if (!tls13) {
    std::vector<int> groups = tls12_groups_;
    if (SSL_set1_groups(session, groups.data(), static_cast<int>(groups.size())) != 1) return false;
  }
  const std::string& signatures = tls13 ? tls13_signatures_ : tls12_signatures_;
  return signatures.empty() || (SSL_set1_sigalgs_list(session, signatures.c_str()) == 1 &&
                                SSL_set1_client_sigalgs_list(session, signatures.c_str()) == 1);
}

// ---- Sessions ----------------------------------------------------------------------------------------

bool Context::bind_session(SSL* session, const Identities* identities, BytesView server_name,
                           BytesView protocol) const {
  if (identities == identities_.get() && server_name.empty() && protocol.empty()) return true;
  const auto id = session_context(identities, policy_.authenticate_clients, server_name, protocol);
  return SSL_set_session_id_context(session, id.data(), static_cast<unsigned>(id.size())) == 1;
}

void Context::warn(const std::string& text) {
  warning_ += (warning_.empty() ? "" : "; ") + text;
}

void Context::set_sessions() {
  const auto id = session_context(identities_.get(), policy_.authenticate_clients);
  SSL_CTX_set_session_id_context(handle_, id.data(), static_cast<unsigned>(id.size()));
  if (!policy_.reuse_sessions) {
    SSL_CTX_set_session_cache_mode(handle_, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(handle_, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(handle_, 0);
    return;
  }
  SSL_CTX_set_session_cache_mode(handle_, SSL_SESS_CACHE_SERVER);
  SSL_CTX_sess_set_cache_size(handle_, cached_sessions_max);
}

}  // namespace ipdaemon::tls
