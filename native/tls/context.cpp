#include "tls/context.hpp"

#include <ctime>
#include <utility>

#include "base/text.hpp"
#include "ipdaemon.h"
#include "tls/encodings.hpp"
#include "tls/engine_openssl.hpp"
#include "tls/identity_openssl.hpp"
#include "tls/lists.hpp"
#include "tls/names.hpp"
#include "tls/openssl.hpp"
#include "tls/verify.hpp"

namespace ipdaemon::tls {

namespace {

// The level at which suites, keys and signatures of less than 112 bits are refused.
constexpr int security_level = 2;
// Bytes of the certificates that a client may present. They have to fit into its ticket, too.
constexpr long client_chain_max = 32 * 1024;
// Bytes of the names of authorities that are sent to clients.
constexpr int names_max = 48 * 1024;
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

// By the names that the lists have for what a kind of key can do.
bool can_sign(const EVP_PKEY* key, const std::string& list, bool is_tls13) {
  const auto has = [&](const std::string& name) { return list.find(name) != std::string::npos; };
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
      return is_tls13 ? has("rsa_pss_rsae") : has("RSA+");
    case EVP_PKEY_RSA_PSS:
      return has("rsa_pss_pss");
    case EVP_PKEY_EC:
      return is_tls13 ? has("ecdsa_secp" + std::to_string(EVP_PKEY_get_bits(key)) + "r1") : has("ECDSA+");
    case EVP_PKEY_ED25519:
      return has("ed25519");
    case EVP_PKEY_ED448:
      return has("ed448");
    default:
      return true;
  }
}

BioPtr reader(BytesView text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// The certificates of a PEM text; false if there is none, or one that cannot be read.
bool read_certificates(BytesView pem, CertificateList* out) {
  const ErrorScope errors;
  const BioPtr bio = reader(pem);
  if (!bio) return false;
  for (;;) {
    CertificatePtr certificate(X509_new_ex(library_context(), nullptr));
    if (!certificate) return false;
    X509* into = certificate.get();
    if (PEM_read_bio_X509(bio.get(), &into, nullptr, nullptr) == nullptr) {
      // The object is gone if it was taken apart before the error.
      if (into == nullptr) certificate.release();
      break;
    }
    out->push_back(std::move(certificate));
  }
  return !out->empty() && ErrorScope::is(ERR_LIB_PEM, PEM_R_NO_START_LINE);
}

Problem no_certificates(const char* setting, BytesView pem) {
  const std::string fault = pem_line_fault(pem);
  return {IPDAEMON_ERROR_INVALID_VALUE,
          setting + (fault.empty() ? " has a block that is no PEM certificate" : ": " + fault)};
}

// Sessions of one set of certificates, of one way to ask for the client's, and of one server name are not
// for another.
std::array<unsigned char, 32> session_context(const Identities* identities, bool authenticates,
                                              BytesView server_name = {}) {
  std::array<unsigned char, 32> hash{};
  const std::string text =
      (identities != nullptr ? identities->fingerprint() : "") + (authenticates ? "+" : "-") + lower(server_name);
  std::size_t length = hash.size();
  EVP_Q_digest(library_context(), "SHA256", nullptr, text.data(), text.size(), hash.data(), &length);
  return hash;
}

Problem unusable(const Identity& identity) {
  std::string detail =
      name_in_quotes(name_text(X509_get_subject_name(identity.certificate.get()))) + ": " + ErrorScope::text();
  if (ErrorScope::is(ERR_LIB_SSL, SSL_R_EE_KEY_TOO_SMALL) || ErrorScope::is(ERR_LIB_SSL, SSL_R_CA_KEY_TOO_SMALL) ||
      ErrorScope::is(ERR_LIB_SSL, SSL_R_CA_MD_TOO_WEAK)) {
    detail += "; use a stronger one, or lower the demands with OpenSSLCipherList=DEFAULT@SECLEVEL=1 or 0";
  }
  return {IPDAEMON_ERROR_TLS_CERTIFICATE, std::move(detail)};
}

struct ChainFree {
  void operator()(STACK_OF(X509) * chain) const { sk_X509_free(chain); }
};
using Chain = std::unique_ptr<STACK_OF(X509), ChainFree>;

// What goes out behind a certificate: what its store had, then what SSLCACerts adds.
Chain chain_of(const Identity& identity, const CertificateList& more) {
  Chain chain(sk_X509_new_null());
  if (!chain) return chain;
  for (const auto& certificate : identity.chain) sk_X509_push(chain.get(), certificate.get());
  for (const auto& certificate : more) {
    bool there = X509_cmp(certificate.get(), identity.certificate.get()) == 0;
    for (const auto& other : identity.chain) there = there || X509_cmp(certificate.get(), other.get()) == 0;
    // Everybody has the roots that count.
    if (!there && X509_self_signed(certificate.get(), 0) != 1) sk_X509_push(chain.get(), certificate.get());
  }
  return chain;
}

}  // namespace

// ---- Keys of tickets ---------------------------------------------------------------------------------

TicketKeys::~TicketKeys() {
  if (current_.made_s == 0) return;
  OPENSSL_cleanse(&current_, sizeof current_);
  OPENSSL_cleanse(&previous_, sizeof previous_);
}

const TicketKeys::Key* TicketKeys::current(std::int64_t now_s) {
  if (current_.made_s != 0 && now_s - current_.made_s < life_s) return &current_;
  Key next;
  const auto random = [](auto& bytes) {
    return RAND_priv_bytes_ex(library_context(), bytes.data(), bytes.size(), 0) == 1;
  };
  if (!random(next.name) || !random(next.cipher) || !random(next.mac)) return nullptr;
  next.made_s = now_s;
  previous_ = current_;
  current_ = next;
  OPENSSL_cleanse(&next, sizeof next);
  return &current_;
}

const TicketKeys::Key* TicketKeys::find(const unsigned char* name, std::int64_t now_s, bool* renew) {
  for (const Key* key : {&current_, &previous_}) {
    if (key->made_s == 0 || now_s - key->made_s >= 2 * life_s) continue;
    if (CRYPTO_memcmp(name, key->name.data(), key->name.size()) != 0) continue;
    *renew = now_s - key->made_s >= life_s;
    return key;
  }
  return nullptr;
}

// ---- Building ----------------------------------------------------------------------------------------

std::shared_ptr<const Context> Context::build(const ContextOptions& options,
                                              std::shared_ptr<const Identities> identities,
                                              std::shared_ptr<TicketKeys> tickets, Problem* problem) {
  if (const char* reason = find_openssl(); reason != nullptr) {
    *problem = {IPDAEMON_ERROR_TLS_UNAVAILABLE, reason};
    return nullptr;
  }
  const ErrorScope errors;
  std::shared_ptr<Context> context(new Context(options, std::move(identities), std::move(tickets)));
  return context->set_up(problem) ? context : nullptr;
}

Context::Context(const ContextOptions& options, std::shared_ptr<const Identities> identities,
                 std::shared_ptr<TicketKeys> tickets)
    : options_(options), identities_(std::move(identities)), tickets_(std::move(tickets)) {}

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
  set_callbacks(handle_, this);
  if (!set_versions(problem) || !set_suites(problem) || !set_groups(problem) || !set_signatures(problem) ||
      !set_identities(problem) || !set_client_trust(problem)) {
    return false;
  }
  set_sessions();
  return true;
}

bool Context::set_versions(Problem* problem) {
  // The distribution's own policy does not count: what the settings say does, on every system.
  SSL_CTX_set_min_proto_version(handle_, 0);
  SSL_CTX_set_max_proto_version(handle_, 0);
  const std::int64_t wanted = protocols_in_force(options_.protocols, options_.cipher_suites);
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
  SuiteLists lists = default_suites(has_old_versions(options_.protocols));
  const char* setting = "SSLEnabledProtocols";
  if (options_.cipher_suites != "*") {
    setting = "SSLEnabledCipherSuites";
    const SuiteLists defaults = std::exchange(lists, {});
    if (!split_suites(options_.cipher_suites, defaults, &lists, problem)) return false;
  } else if (!options_.cipher_list.empty()) {
    setting = "OpenSSLCipherList";
    lists.tls12 = options_.cipher_list;
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
    if (SSL_CIPHER_get_bits(suite, nullptr) < options_.cipher_strength) continue;
    const std::string name = SSL_CIPHER_get_name(suite);
    if (SSL_CIPHER_get_auth_nid(suite) == NID_auth_null || SSL_CIPHER_get_bits(suite, nullptr) == 0) {
      open_doors += (open_doors.empty() ? "" : ", ") + std::string(SSL_CIPHER_standard_name(suite));
    }
    std::string& list = name.rfind("TLS_", 0) == 0 ? kept.tls13 : kept.tls12;
    list += (list.empty() ? "" : ":") + name;
  }
  if (kept.tls12.empty() && kept.tls13.empty()) {
    *problem = {IPDAEMON_ERROR_INVALID_VALUE,
                options_.cipher_strength > 0
                    ? "SSLCipherStrength " + std::to_string(options_.cipher_strength) +
                          " leaves no cipher suite; the strongest have 256 bits"
                    : "the cipher suites that are set leave none for the versions of SSLEnabledProtocols"};
    return false;
  }
  if (!open_doors.empty()) warn("cipher suites without authentication or encryption are enabled: " + open_doors);
  if (kept.tls13.empty()) allows_tls13_ = false;
  if (options_.cipher_strength == 0) return true;
  SSL_CTX_set_ciphersuites(handle_, kept.tls13.c_str());
  if (!kept.tls12.empty()) SSL_CTX_set_cipher_list(handle_, kept.tls12.c_str());
  // Without a suite of its own, a version is off; OpenSSL refuses to have an empty list.
  if (kept.tls12.empty()) SSL_CTX_set_min_proto_version(handle_, TLS1_3_VERSION);
  if (kept.tls13.empty()) SSL_CTX_set_max_proto_version(handle_, TLS1_2_VERSION);
  return true;
}

bool Context::set_groups(Problem* problem) {
  std::string tls13;
  if (!group_numbers("TLS12SupportedGroups", options_.tls12_groups, &tls12_groups_, problem) ||
      !group_list("TLS13SupportedGroups", options_.tls13_groups, handle_, &tls13, problem)) {
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
  if (!has_old_versions(options_.protocols)) {
    const std::string list = std::string(default_signatures) + (allows_sha1() ? sha1_signatures : "");
    SSL_CTX_set1_sigalgs_list(handle_, list.c_str());
    SSL_CTX_set1_client_sigalgs_list(handle_, list.c_str());
  }
  tls12_signatures_ = tls12_signature_list(options_.tls12_signatures);
  tls13_signatures_ = tls13_signature_list(options_.tls13_signatures);
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

// ---- Certificates ------------------------------------------------------------------------------------

// A list without anything that our keys can do would turn a version off in silence.
bool Context::check_signatures(Problem* problem) const {
  const bool tls12 = (options_.protocols & IPDAEMON_SSL_PROTOCOL_TLS1_2) != 0;
  bool is_sha1 = false;
  const auto usable = [&](const std::string& all, bool is_tls13) {
    if (all.empty()) return true;
    std::string list;
    each_entry(all, ':', [&](BytesView entry) {
      const bool refused = entry.find("+SHA1") != BytesView::npos && !allows_sha1();
      is_sha1 |= refused;
      if (!refused) list += ":" + std::string(entry);
      return true;
    });
    for (const Identity& identity : identities_->all()) {
      if (can_sign(identity.key.get(), list, is_tls13)) return true;
    }
    return false;
  };
  const char* setting = nullptr;
  if (tls12 && !usable(tls12_signatures_, false)) setting = "TLS12SignatureAlgorithms";
  if (allows_tls13_ && !usable(tls13_signatures_, true)) setting = "TLS13SignatureAlgorithms";
  if (setting == nullptr) return true;
  *problem = {IPDAEMON_ERROR_INVALID_VALUE, std::string(setting) +
                                                " has no algorithm that a key of the server's certificate can use" +
                                                (is_sha1 ? "; SHA-1 needs OpenSSLCipherList=DEFAULT@SECLEVEL=0" : "")};
  return false;
}

bool Context::set_identities(Problem* problem) {
  if (!options_.chain_certificates.empty() && !read_certificates(options_.chain_certificates, &more_chain_)) {
    *problem = no_certificates("SSLCACerts", options_.chain_certificates);
    return false;
  }
  if (!identities_) return true;
  for (const Identity& identity : identities_->all()) {
    const Chain chain = chain_of(identity, more_chain_);
    if (!chain ||
        SSL_CTX_use_cert_and_key(handle_, identity.certificate.get(), identity.key.get(), chain.get(), 1) != 1) {
      *problem = unusable(identity);
      return false;
    }
  }
  return check_signatures(problem);
}

bool Context::choose(SSL* session, const Identities& identities, Problem* problem) const {
  SSL_certs_clear(session);
  for (const Identity& identity : identities.all()) {
    const Chain chain = chain_of(identity, more_chain_);
    if (!chain || SSL_use_cert_and_key(session, identity.certificate.get(), identity.key.get(), chain.get(), 1) != 1) {
      *problem = unusable(identity);
      return false;
    }
  }
  return true;
}

bool Context::bind_session(SSL* session, const Identities* identities, BytesView server_name) const {
  if (identities == identities_.get() && server_name.empty()) return true;
  const auto id = session_context(identities, options_.authenticate_clients, server_name);
  return SSL_set_session_id_context(session, id.data(), static_cast<unsigned>(id.size())) == 1;
}

bool Context::set_client_trust(Problem* problem) {
  // Judged also while nobody is asked, so that a bad value is refused where it is set.
  CertificateList named;
  if (!options_.ca_certificates.empty() && !read_certificates(options_.ca_certificates, &named)) {
    *problem = no_certificates("SSLServerCACerts", options_.ca_certificates);
    return false;
  }
  X509_STORE* store = SSL_CTX_get_cert_store(handle_);
  if (!options_.ca_file.empty() && SSL_CTX_load_verify_file(handle_, options_.ca_file.c_str()) != 1) {
    *problem = {IPDAEMON_ERROR_INVALID_VALUE, "OpenSSLCAFile is " + name_in_quotes(options_.ca_file) +
                                                  ", which cannot be read as PEM certificates: " + ErrorScope::text()};
    return false;
  }
  if (!options_.ca_directory.empty() && SSL_CTX_load_verify_dir(handle_, options_.ca_directory.c_str()) != 1) {
    *problem = {IPDAEMON_ERROR_INVALID_VALUE,
                "OpenSSLCADir is " + name_in_quotes(options_.ca_directory) + ": " + ErrorScope::text()};
    return false;
  }
  for (const auto& certificate : named) X509_STORE_add_cert(store, certificate.get());
  if (!options_.authenticate_clients) return true;
  // The certificate of a client without trust would be judged by what the system trusts.
  if (options_.ca_file.empty() && options_.ca_directory.empty() && named.empty()) load_first_bundle();
  set_verify_flags(store, options_);
  SSL_CTX_set_max_cert_list(handle_, client_chain_max);
  SSL_CTX_set_verify(handle_, SSL_VERIFY_PEER, nullptr);
  name_authorities(named);
  return true;
}

// The first of SSLCACertFilePaths that is there. If none is, no authority is known, which is no error.
void Context::load_first_bundle() {
  std::string file;
  const bool none = each_entry(options_.ca_bundles, ';', [&](BytesView entry) {
    file = entry;
    return file.empty() || SSL_CTX_load_verify_file(handle_, file.c_str()) != 1;
  });
  const std::string who = none ? "no authority is known, so that only SSLClientAuthentication can accept clients"
                               : "the authorities of " + name_in_quotes(file) + " count, those of public web sites";
  warn("SSLAuthenticateClients without SSLServerCACerts, OpenSSLCAFile or OpenSSLCADir: " + who);
}

void Context::warn(const std::string& text) {
  warning_ += (warning_.empty() ? "" : "; ") + text;
}

// Tells clients which authorities count. Not those of the system's bundle, which would be a long list.
void Context::name_authorities(const CertificateList& named) {
  STACK_OF(X509_NAME)* names = sk_X509_NAME_new_null();
  if (names == nullptr) return;
  if (!options_.ca_file.empty()) SSL_add_file_cert_subjects_to_stack(names, options_.ca_file.c_str());
  for (const auto& certificate : named) {
    X509_NAME* name = X509_NAME_dup(X509_get_subject_name(certificate.get()));
    if (name != nullptr && sk_X509_NAME_push(names, name) == 0) X509_NAME_free(name);
  }
  int length = 0;
  for (int i = 0; i < sk_X509_NAME_num(names); ++i) {
    length += i2d_X509_NAME(sk_X509_NAME_value(names, i), nullptr) + 2;
  }
  if (length > names_max) {
    // Too many for one message. Without names a client may offer any certificate.
    for (int i = 0; i < sk_X509_NAME_num(names); ++i) X509_NAME_free(sk_X509_NAME_value(names, i));
    sk_X509_NAME_free(names);
    return;
  }
  SSL_CTX_set_client_CA_list(handle_, names);
}

// ---- Sessions ----------------------------------------------------------------------------------------

void Context::set_sessions() {
  const auto id = session_context(identities_.get(), options_.authenticate_clients);
  SSL_CTX_set_session_id_context(handle_, id.data(), static_cast<unsigned>(id.size()));
  if (!options_.reuse_sessions) {
    SSL_CTX_set_session_cache_mode(handle_, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(handle_, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(handle_, 0);
    return;
  }
  SSL_CTX_set_session_cache_mode(handle_, SSL_SESS_CACHE_SERVER);
  SSL_CTX_sess_set_cache_size(handle_, cached_sessions_max);
}

}  // namespace ipdaemon::tls
