#include "tls/client_hello.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "ipdaemon.h"
#include "tls/lists.hpp"
#include "tls/openssl.hpp"
#include "tls/stores/identity_openssl.hpp"

namespace ipdaemon::tls {

namespace {

using Codes = std::vector<std::uint16_t>;

// Entries of a list; nobody offers as many in good faith.
constexpr std::size_t offers_max = 512;
// How many of them a message names.
constexpr std::size_t named_max = 6;

// Values that clients send only so that servers do not stumble over unknown ones.
bool is_grease(std::uint16_t code) {
  return (code & 0x0f0f) == 0x0a0a && code >> 8 == (code & 0xff);
}

Codes codes_in(const unsigned char* bytes, std::size_t length) {
  Codes codes;
  codes.reserve(std::min(length / 2, offers_max));
  for (std::size_t i = 0; i + 1 < length && codes.size() < offers_max; i += 2) {
    const std::uint16_t code = pair_at(bytes + i);
    if (!is_grease(code)) codes.push_back(code);
  }
  return codes;
}

// The list of an extension, behind its length, which takes so many bytes.
Codes codes_of(SSL* session, unsigned type, std::size_t header) {
  const unsigned char* bytes = nullptr;
  std::size_t length = 0;
  if (SSL_client_hello_get0_ext(session, type, &bytes, &length) != 1 || length < header) return {};
  return codes_in(bytes + header, length - header);
}

std::string name_of(SSL* session) {
  constexpr std::size_t header = 5;  // Lengths of list and name, and the kind of name.
  const unsigned char* bytes = nullptr;
  std::size_t length = 0;
  if (SSL_client_hello_get0_ext(session, TLSEXT_TYPE_server_name, &bytes, &length) != 1) return {};
  if (length <= header || bytes[2] != TLSEXT_NAMETYPE_host_name) return {};
  const std::size_t named = pair_at(bytes + 3);
  return named <= length - header ? std::string(reinterpret_cast<const char*>(bytes + header), named) : std::string();
}

const SSL_CIPHER* find_suite(SSL* session, std::uint16_t code) {
  const unsigned char bytes[] = {static_cast<unsigned char>(code >> 8), static_cast<unsigned char>(code & 0xff)};
  return SSL_CIPHER_find(session, bytes);
}

std::string suite_name(SSL* session, std::uint16_t code) {
  const SSL_CIPHER* suite = find_suite(session, code);
  const char* name = suite != nullptr ? SSL_CIPHER_standard_name(suite) : nullptr;
  return name != nullptr ? name : code_text(code);
}

// Not suites: renegotiation and fall-back.
bool is_signal(std::uint16_t code) {
  return code == 0x00ff || code == 0x5600;
}

template <typename Name>
std::string some_of(const Codes& codes, Name name) {
  std::string text;
  for (std::size_t i = 0; i < std::min(codes.size(), named_max); ++i) text += (i > 0 ? ", " : "") + name(codes[i]);
  if (codes.size() > named_max) text += " and " + std::to_string(codes.size() - named_max) + " more";
  return text;
}

// ---- What was not in common --------------------------------------------------------------------------

struct Kinds {
  bool rsa = false;
  bool rsa_pss = false;
  bool ecdsa = false;  // EC and EdDSA.

  explicit Kinds(const Identities* identities) {
    if (identities == nullptr) return;
    for (const Identity& identity : identities->all()) {
      const int kind = EVP_PKEY_get_base_id(identity.key.get());
      rsa |= kind == EVP_PKEY_RSA;
      rsa_pss |= kind == EVP_PKEY_RSA_PSS;
      ecdsa |= kind == EVP_PKEY_EC || kind == EVP_PKEY_ED25519 || kind == EVP_PKEY_ED448;
    }
  }
  std::string text() const {
    std::string all;
    if (rsa || rsa_pss) all = "RSA";
    if (ecdsa) all += all.empty() ? "EC" : " and EC";
    return all;
  }
};

class Comparison {
 public:
  Comparison(SSL* session, const Context& context, const Identities* identities, const Offer& offer)
      : session_(session),
        policy_(context.policy()),
        kinds_(identities),
        offer_(offer),
        is_tls13_(context.allows_tls13() && offer.has_tls13()) {}

  std::string versions() const;
  std::string suites() const;

 private:
  struct SuiteStackFree {
    void operator()(STACK_OF(SSL_CIPHER) * stack) const { sk_SSL_CIPHER_free(stack); }
  };
  using SuiteStack = std::unique_ptr<STACK_OF(SSL_CIPHER), SuiteStackFree>;

  bool is_of_version(const SSL_CIPHER* suite) const {
    return (SSL_CIPHER_get_kx_nid(suite) == NID_kx_any) == is_tls13_;
  }
  bool fits_key(const SSL_CIPHER* suite) const;
  std::string suite_that_would_do() const;
  std::string signatures() const;
  std::string groups(bool* differ) const;

  SSL* session_;
  const Policy& policy_;
  const Kinds kinds_;
  const Offer& offer_;
  const bool is_tls13_;
};

struct VersionRow {
  std::uint16_t code;
  std::int64_t bits;
  const char* name;
};

constexpr VersionRow versions_known[] = {
    {TLS1_3_VERSION, IPDAEMON_SSL_PROTOCOL_TLS1_3, "TLSv1.3"},
    {TLS1_2_VERSION, IPDAEMON_SSL_PROTOCOL_TLS1_2, "TLSv1.2"},
    {TLS1_1_VERSION, IPDAEMON_SSL_PROTOCOL_TLS1_1, "TLSv1.1"},
    {TLS1_VERSION, IPDAEMON_SSL_PROTOCOL_TLS1, "TLSv1"},
};

std::string version_text(std::uint16_t code) {
  for (const VersionRow& row : versions_known) {
    if (row.code == code) return row.name;
  }
  return code == SSL3_VERSION ? "SSLv3" : code_text(code);
}

std::string Comparison::versions() const {
  std::string text = "no protocol version in common: the client offers ";
  text += offer_.versions.empty() ? version_text(offer_.version) + " at most" : some_of(offer_.versions, version_text);
  const std::int64_t in_force = protocols_in_force(policy_.protocols, policy_.cipher_suites);
  std::string allowed;
  for (const VersionRow& row : versions_known) {
    if ((in_force & row.bits) != 0) allowed = row.name + (allowed.empty() ? "" : ", " + allowed);
  }
  text += ", and this server allows " + allowed;
  for (const VersionRow& row : versions_known) {
    const bool is_offered = offer_.versions.empty() ? row.code <= offer_.version && row.code != TLS1_3_VERSION
                                                    : std::find(offer_.versions.begin(), offer_.versions.end(),
                                                                row.code) != offer_.versions.end();
    if (!is_offered || (in_force & row.bits) != 0) continue;
    const bool is_enabled = (policy_.protocols & row.bits) != 0;
    return text +
           (is_enabled ? "; a suite of " + std::string(row.name) + " in SSLEnabledCipherSuites"
                       : "; SSLEnabledProtocols=" + std::to_string(policy_.protocols | row.bits)) +
           " would allow it";
  }
  return text;
}

// Whether the server's certificates are of a kind that the suite can use.
bool Comparison::fits_key(const SSL_CIPHER* suite) const {
  const int exchange = SSL_CIPHER_get_kx_nid(suite);
  switch (SSL_CIPHER_get_auth_nid(suite)) {
    case NID_auth_any:
      return true;
    case NID_auth_rsa:
      return kinds_.rsa || (kinds_.rsa_pss && exchange != NID_kx_rsa);
    case NID_auth_ecdsa:
      return kinds_.ecdsa;
    default:
      return false;
  }
}

// The best of the client's that could be added to the settings.
std::string Comparison::suite_that_would_do() const {
  const SslContextPtr scratch(SSL_CTX_new_ex(library_context(), nullptr, TLS_server_method()));
  const SSL_CIPHER* best = nullptr;
  int best_worth = -1;
  for (const std::uint16_t code : offer_.suites) {
    const SSL_CIPHER* suite = find_suite(session_, code);
    if (!scratch || suite == nullptr || !is_of_version(suite) || !fits_key(suite)) continue;
    const int bits = SSL_CIPHER_get_bits(suite, nullptr);
    if (bits < 128 || bits < policy_.cipher_strength) continue;
    const char* name = SSL_CIPHER_get_name(suite);
    if ((is_tls13_ ? SSL_CTX_set_ciphersuites(scratch.get(), name) : SSL_CTX_set_cipher_list(scratch.get(), name)) !=
        1) {
      continue;
    }
    const int exchange = SSL_CIPHER_get_kx_nid(suite);
    const int worth = (exchange == NID_kx_ecdhe ? 4 : exchange == NID_kx_rsa ? 0 : 2) + SSL_CIPHER_is_aead(suite);
    if (worth <= best_worth) continue;
    best = suite;
    best_worth = worth;
  }
  if (best == nullptr) return {};
  if (policy_.cipher_suites == "*" && policy_.cipher_list.empty()) {
    return std::string("SSLEnabledCipherSuites=*;") + SSL_CIPHER_standard_name(best);
  }
  return policy_.cipher_suites == "*" && !is_tls13_
             ? std::string(SSL_CIPHER_get_name(best)) + " in OpenSSLCipherList"
             : std::string(SSL_CIPHER_standard_name(best)) + " in SSLEnabledCipherSuites";
}

std::string Comparison::suites() const {
  const SuiteStack ours(SSL_get1_supported_ciphers(session_));
  bool common = false;
  bool other_key = false;
  for (int i = 0; ours && i < sk_SSL_CIPHER_num(ours.get()); ++i) {
    const SSL_CIPHER* suite = sk_SSL_CIPHER_value(ours.get(), i);
    const auto code = static_cast<std::uint16_t>(SSL_CIPHER_get_protocol_id(suite));
    if (!is_of_version(suite)) continue;
    if (std::find(offer_.suites.begin(), offer_.suites.end(), code) == offer_.suites.end()) continue;
    (fits_key(suite) ? common : other_key) = true;
  }
  if (common) {
    bool differ = false;
    const std::string text = groups(&differ);
    return differ ? text : signatures();
  }
  Codes offered = offer_.suites;
  offered.erase(std::remove_if(offered.begin(), offered.end(), is_signal), offered.end());
  std::string text = "no cipher suite in common";
  if (other_key) text += " that works with the server's " + kinds_.text() + " certificate";
  text += ": the client offers " + some_of(offered, [this](std::uint16_t code) { return suite_name(session_, code); });
  const std::string wanted = suite_that_would_do();
  if (!wanted.empty()) text += "; " + wanted + " would allow it";
  if (other_key && !kinds_.ecdsa) {
    text += (wanted.empty() ? "; " : ", and so would ") + std::string("an EC certificate beside the RSA one");
    if (wanted.empty()) text += " would allow it";
  }
  return text;
}

std::string Comparison::groups(bool* differ) const {
  const char* const setting = is_tls13_ ? "TLS13SupportedGroups" : "TLS12SupportedGroups";
  const std::string& ours = is_tls13_ ? policy_.tls13_groups : policy_.tls12_groups;
  std::string wanted;
  for (const std::uint16_t code : offer_.groups) {
    const std::string name = group_setting(code);
    const bool is_ours = !each_entry(ours, ',', [&](BytesView entry) { return !equal_ignoring_case(entry, name); });
    if (is_ours) return {};
    if (wanted.empty() && is_group(name, is_tls13_)) wanted = name;
  }
  *differ = !offer_.groups.empty();
  std::string text = "no group in common: the client offers " + some_of(offer_.groups, group_setting) + ", and " +
                     setting + " is " + ours;
  if (!wanted.empty()) text += "; " + wanted + " in it would allow it";
  return text;
}

std::string Comparison::signatures() const {
  std::string text = "no signature algorithm in common: the client offers ";
  text += offer_.signatures.empty()
              ? "no list, which means SHA-1"
              : some_of(offer_.signatures, [](std::uint16_t code) { return signature_name(code); });
  if (!kinds_.text().empty()) text += ", and the key of the server's certificate is " + kinds_.text();
  const std::string& list = is_tls13_ ? policy_.tls13_signatures : policy_.tls12_signatures;
  if (!list.empty()) {
    text +=
        std::string(", and ") + (is_tls13_ ? "TLS13SignatureAlgorithms" : "TLS12SignatureAlgorithms") + " is " + list;
  }
  const auto is_sha1 = [](std::uint16_t code) { return code >> 8 == 0x02; };
  if (!is_tls13_ && std::all_of(offer_.signatures.begin(), offer_.signatures.end(), is_sha1)) {
    text += "; OpenSSLCipherList=DEFAULT@SECLEVEL=0 would allow it";
  }
  return text;
}

}  // namespace

bool Offer::has_tls13() const {
  return std::find(versions.begin(), versions.end(), TLS1_3_VERSION) != versions.end();
}

Offer read_offer(SSL* session) {
  Offer offer;
  const unsigned char* bytes = nullptr;
  std::size_t extension = 0;
  const std::size_t length = SSL_client_hello_get0_ciphers(session, &bytes);
  offer.suites = codes_in(bytes, length);
  offer.groups = codes_of(session, TLSEXT_TYPE_supported_groups, 2);
  offer.signatures = codes_of(session, TLSEXT_TYPE_signature_algorithms, 2);
  offer.versions = codes_of(session, TLSEXT_TYPE_supported_versions, 1);
  offer.version = static_cast<std::uint16_t>(SSL_client_hello_get0_legacy_version(session));
  offer.server_name = name_of(session);
  constexpr std::size_t header = 2;  // The length of the list.
  offer.has_protocols =
      SSL_client_hello_get0_ext(session, TLSEXT_TYPE_application_layer_protocol_negotiation, &bytes, &extension) == 1 &&
      extension >= header;
  if (offer.has_protocols) offer.protocols.assign(reinterpret_cast<const char*>(bytes) + header, extension - header);
  return offer;
}

std::string suite_names(SSL* session, const Offer& offer) {
  std::string list;
  for (const std::uint16_t code : offer.suites) {
    if (!is_signal(code)) list += (list.empty() ? "" : ",") + suite_name(session, code);
  }
  return list;
}

std::string signature_names(const Offer& offer) {
  std::string list;
  for (const std::uint16_t code : offer.signatures) list += (list.empty() ? "" : ",") + signature_name(code);
  return list;
}

namespace {

bool is_readable_name(BytesView name) {
  return std::all_of(name.begin(), name.end(), [](unsigned char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

bool is_readable(const char* name) {
  return name != nullptr && is_readable_name(name);
}

std::string readable_name(const Offer& offer) {
  return is_readable_name(offer.server_name) ? offer.server_name : std::string();
}

std::string why_nothing_in_common(SSL* session, const Context& context, const Identities* identities,
                                  const Offer& offer, int reason) {
  const Comparison comparison(session, context, identities, offer);
  switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_VERSION_TOO_HIGH:
    case SSL_R_UNKNOWN_PROTOCOL:
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
      return comparison.versions();
    // OpenSSL's reasons overlap: without a group or a signature, no suite is left either.
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_GROUPS:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
      return comparison.suites();
    default:
      return {};
  }
}

}  // namespace ipdaemon::tls
