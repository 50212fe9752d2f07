#include "tls/lists.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>

#include "base/text.hpp"
#include "ipdaemon.h"
#include "tls/openssl.hpp"

namespace ipdaemon::tls {

namespace {

void join(std::string* list, BytesView entry) {
  if (!list->empty()) *list += ':';
  *list += entry;
}

// A name that is there already keeps its place.
void join_new(std::string* list, BytesView entry) {
  const bool is_known = !each_entry(*list, ':', [&](BytesView known) { return known != entry; });
  if (!is_known) join(list, entry);
}

// A suite of TLS 1.3 names no key exchange.
bool is_tls13_suite(BytesView name) {
  return name.substr(0, 4) == "TLS_" && name.find("_WITH_") == BytesView::npos;
}

// Those with a finite field and the hybrid ones are for TLS 1.3 only. `shown` is also the name that
// OpenSSL's lists have for the group.
enum class GroupKind : std::uint8_t { curve, finite_field, hybrid };
struct Group {
  const char* setting;
  const char* shown;
  unsigned code;
  int number;
  int bits;
  GroupKind kind = GroupKind::curve;
};

// What OpenSSL says for a group that has no NID.
constexpr int by_code(unsigned code) {
  return static_cast<int>(TLSEXT_nid_unknown | code);
}

constexpr Group groups[] = {
    // The bits are those of ML-KEM.
    {"X25519MLKEM768", "X25519MLKEM768", 0x11ec, by_code(0x11ec), 768, GroupKind::hybrid},
    {"SecP256r1MLKEM768", "SecP256r1MLKEM768", 0x11eb, by_code(0x11eb), 768, GroupKind::hybrid},
    {"SecP384r1MLKEM1024", "SecP384r1MLKEM1024", 0x11ed, by_code(0x11ed), 1024, GroupKind::hybrid},
    {"ecdhe_x25519", "X25519", 0x001d, NID_X25519, 253},
    {"ecdhe_x448", "X448", 0x001e, NID_X448, 448},
    {"ecdhe_secp256r1", "P-256", 0x0017, NID_X9_62_prime256v1, 256},
    {"ecdhe_secp384r1", "P-384", 0x0018, NID_secp384r1, 384},
    {"ecdhe_secp521r1", "P-521", 0x0019, NID_secp521r1, 521},
    {"ffdhe_2048", "ffdhe2048", 0x0100, NID_ffdhe2048, 2048, GroupKind::finite_field},
    {"ffdhe_3072", "ffdhe3072", 0x0101, NID_ffdhe3072, 3072, GroupKind::finite_field},
    {"ffdhe_4096", "ffdhe4096", 0x0102, NID_ffdhe4096, 4096, GroupKind::finite_field},
    {"ffdhe_6144", "ffdhe6144", 0x0103, NID_ffdhe6144, 6144, GroupKind::finite_field},
    {"ffdhe_8192", "ffdhe8192", 0x0104, NID_ffdhe8192, 8192, GroupKind::finite_field},
};

struct Signature {
  unsigned code;
  const char* name;
};

constexpr Signature signatures[] = {
    {0x0201, "rsa_pkcs1_sha1"},
    {0x0203, "ecdsa_sha1"},
    {0x0301, "rsa_pkcs1_sha224"},
    {0x0303, "ecdsa_sha224"},
    {0x0401, "rsa_pkcs1_sha256"},
    {0x0403, "ecdsa_secp256r1_sha256"},
    {0x0501, "rsa_pkcs1_sha384"},
    {0x0503, "ecdsa_secp384r1_sha384"},
    {0x0601, "rsa_pkcs1_sha512"},
    {0x0603, "ecdsa_secp521r1_sha512"},
    {0x0202, "dsa_sha1"},
    {0x0302, "dsa_sha224"},
    {0x0402, "dsa_sha256"},
    {0x0502, "dsa_sha384"},
    {0x0602, "dsa_sha512"},
    {0x0804, "rsa_pss_rsae_sha256"},
    {0x0805, "rsa_pss_rsae_sha384"},
    {0x0806, "rsa_pss_rsae_sha512"},
    {0x0807, "ed25519"},
    {0x0808, "ed448"},
    {0x0809, "rsa_pss_pss_sha256"},
    {0x080a, "rsa_pss_pss_sha384"},
    {0x080b, "rsa_pss_pss_sha512"},
    {0x081a, "ecdsa_brainpoolP256r1tls13_sha256"},
    {0x081b, "ecdsa_brainpoolP384r1tls13_sha384"},
    {0x081c, "ecdsa_brainpoolP512r1tls13_sha512"},
    {0x0904, "mldsa44"},
    {0x0905, "mldsa65"},
    {0x0906, "mldsa87"},
};

const Group* find_group(BytesView name) {
  const auto* row = std::find_if(std::begin(groups), std::end(groups),
                                 [&](const Group& group) { return equal_ignoring_case(name, group.setting); });
  return row != std::end(groups) ? row : nullptr;
}

bool refuse_group(BytesView setting, BytesView entry, Problem* problem) {
  *problem = {IPDAEMON_ERROR_INVALID_VALUE, std::string(setting) + " cannot have \"" + std::string(entry) +
                                                "\"; use groups such as ecdhe_x25519 or ecdhe_secp256r1"};
  return false;
}

constexpr std::int64_t all_tls13 = IPDAEMON_SSL_PROTOCOL_TLS1_3;

}  // namespace

bool split_suites(BytesView list, const SuiteLists& defaults, SuiteLists* out, Problem* problem) {
  const SslContextPtr scratch(SSL_CTX_new_ex(library_context(), nullptr, TLS_server_method()));
  return each_entry(list, ';', [&](BytesView entry) {
    if (entry == "*") {
      for (auto member : {&SuiteLists::tls12, &SuiteLists::tls13}) {
        each_entry(defaults.*member, ':', [&](BytesView suite) {
          join_new(&(out->*member), suite);
          return true;
        });
      }
      return true;
    }
    const std::string name(entry);
    // The standard's name, or OpenSSL's own.
    const std::string by_standard = OPENSSL_cipher_name(name.c_str());
    const std::string& known = by_standard == "(NONE)" ? name : by_standard;
    join_new(is_tls13_suite(known) ? &out->tls13 : &out->tls12, known);
    const bool exists = scratch && (is_tls13_suite(known) ? SSL_CTX_set_ciphersuites(scratch.get(), known.c_str())
                                                          : SSL_CTX_set_cipher_list(scratch.get(), known.c_str())) == 1;
    // A word of OpenSSL's list language, such as HIGH, is not a name.
    const bool is_name = known.find_first_of(":+!@,") == std::string::npos &&
                         (known.find('-') != std::string::npos || is_tls13_suite(known));
    if (exists && is_name) return true;
    *problem = {IPDAEMON_ERROR_INVALID_VALUE, "SSLEnabledCipherSuites cannot have \"" + name +
                                                  "\"; this OpenSSL has no such cipher suite; use IANA names such as "
                                                  "TLS_AES_128_GCM_SHA256, or * for the defaults"};
    return false;
  });
}

SuiteLists default_suites(bool with_old_versions) {
  SuiteLists lists;
  lists.tls13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
  lists.tls12 =
      "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
      "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
  if (with_old_versions) {
    lists.tls12 +=
        ":ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA:"
        "AES128-SHA:AES256-SHA";
  }
  return lists;
}

bool group_numbers(BytesView setting, BytesView list, std::vector<int>* out, Problem* problem) {
  return each_entry(list, ',', [&](BytesView entry) {
    const Group* group = find_group(entry);
    if (group == nullptr) return refuse_group(setting, entry, problem);
    out->push_back(group->number);
    return true;
  });
}

bool group_list(BytesView setting, BytesView list, SSL_CTX* context, std::string* out, Problem* problem) {
  bool after_hybrid = false;
  const bool known = each_entry(list, ',', [&](BytesView entry) {
    const Group* group = find_group(entry);
    if (group == nullptr) return refuse_group(setting, entry, problem);
    const bool is_hybrid = group->kind == GroupKind::hybrid;
    if (is_hybrid && SSL_CTX_set1_groups_list(context, group->shown) != 1) return true;
    // Behind the slash are groups to fall back on: a client that could do better is asked for that first.
    if (!out->empty()) *out += after_hybrid && !is_hybrid ? '/' : ':';
    *out += group->shown;
    after_hybrid = is_hybrid;
    return true;
  });
  if (!known) return false;
  if (!out->empty()) return true;
  *problem = {IPDAEMON_ERROR_INVALID_VALUE,
              std::string(setting) + " has no group that this OpenSSL supports; groups with ML-KEM need OpenSSL 3.5"};
  return false;
}

std::string tls12_signature_list(BytesView list) {
  std::string result;
  if (list.empty()) return result;
  each_entry(list, ',', [&](BytesView entry) {
    std::string name(entry);
    for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    const std::size_t dash = name.find('-');
    join(&result, name.substr(dash + 1) + "+" + name.substr(0, dash));
    return true;
  });
  return result;
}

std::string tls13_signature_list(BytesView list) {
  std::string result;
  if (list.empty()) return result;
  each_entry(list, ',', [&](BytesView entry) {
    const std::string name = lower(entry);
    constexpr const char* pss = "rsa_pss_";
    if (name.rfind(pss, 0) == 0) {
      const std::string hash = name.substr(std::char_traits<char>::length(pss));
      join(&result, "rsa_pss_rsae_" + hash);
      join(&result, "rsa_pss_pss_" + hash);
    } else {
      join(&result, name);
    }
    return true;
  });
  return result;
}

std::string code_text(unsigned code) {
  char text[8];
  std::snprintf(text, sizeof text, "0x%04x", code & 0xffff);
  return text;
}

std::string signature_name(unsigned code) {
  const auto* row = std::find_if(std::begin(signatures), std::end(signatures),
                                 [=](const Signature& candidate) { return candidate.code == code; });
  if (row != std::end(signatures)) return row->name;
  return code_text(code);
}

GroupName group_name(int number) {
  const auto* row =
      std::find_if(std::begin(groups), std::end(groups), [=](const Group& group) { return group.number == number; });
  if (row == std::end(groups)) return {};
  return {row->shown, row->bits, row->kind == GroupKind::finite_field};
}

std::string group_setting(unsigned code) {
  const auto* row =
      std::find_if(std::begin(groups), std::end(groups), [=](const Group& group) { return group.code == code; });
  return row != std::end(groups) ? row->setting : code_text(code);
}

bool is_group(BytesView name, bool tls13) {
  const Group* group = find_group(name);
  return group != nullptr && (tls13 || group->kind == GroupKind::curve);
}

namespace {

constexpr const char* tls13_signature_names[] = {"rsa_pss_sha256",
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
constexpr const char* tls12_hash_names[] = {"sha512", "sha384", "sha256", "sha224", "sha1"};
constexpr const char* tls12_key_names[] = {"rsa", "dsa", "ecdsa"};

template <typename Names>
bool is_one_of(BytesView name, const Names& names) {
  return std::any_of(std::begin(names), std::end(names),
                     [&](const char* candidate) { return equal_ignoring_case(name, candidate); });
}

}  // namespace

bool is_signature_algorithm(BytesView name, bool tls13) {
  if (tls13) return is_one_of(name, tls13_signature_names);
  const std::size_t dash = name.find('-');
  return dash != BytesView::npos && is_one_of(name.substr(0, dash), tls12_hash_names) &&
         is_one_of(name.substr(dash + 1), tls12_key_names);
}

std::int64_t protocols_in_force(std::int64_t protocols, BytesView cipher_suites) {
  std::int64_t usable = 0;
  each_entry(cipher_suites, ';', [&](BytesView entry) {
    usable |= entry == "*" ? ~std::int64_t{0} : is_tls13_suite(entry) ? all_tls13 : ~all_tls13;
    return true;
  });
  return protocols & usable;
}

}  // namespace ipdaemon::tls
