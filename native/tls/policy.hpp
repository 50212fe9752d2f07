// What the settings and properties say about TLS, and which values they take. Needs no OpenSSL.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.hpp"

namespace ipdaemon::tls {

// The bits of SSLSecurityFlags: what to overlook in the certificate of a client.
namespace security_flags {

inline constexpr std::int64_t validity = 0x1;
inline constexpr std::int64_t authority = 0x10;
inline constexpr std::int64_t usage = 0x20;
inline constexpr std::int64_t revocation_of_leaf = 0x100;
inline constexpr std::int64_t revocation_between = 0x400;
inline constexpr std::int64_t revocation_of_root = 0x800;
// What these switch off is never checked here.
inline constexpr std::int64_t without_effect = 0x80000000 | 0x8000 | 0x4000 | 0x200 | 0x4 | 0x2;
inline constexpr std::int64_t all =
    validity | authority | usage | revocation_of_leaf | revocation_between | revocation_of_root | without_effect;

}  // namespace security_flags

// The values of the settings and properties of TLS, by their names.
struct Policy {
  std::int64_t protocols = 0;
  std::int64_t cipher_strength = 0;
  std::string cipher_suites;
  std::string cipher_list;
  std::string tls12_groups;
  std::string tls13_groups;
  std::string tls12_signatures;
  std::string tls13_signatures;
  std::string chain_certificates;
  std::string ca_file;
  std::string ca_directory;
  std::string ca_certificates;
  std::string ca_bundles;
  std::int64_t check_crl = 0;
  std::int64_t security_flags = 0;
  bool authenticate_clients = false;
  std::int64_t reuse_sessions = 1;
  std::int64_t log_packets = 0;
  std::string alpn_protocols;
  std::int64_t strict_names = 0;
};

// What the setting SSLEnabledProtocols means together with SSLEnabledCipherSuites: a version none of
// whose suites is allowed is not in force.
std::int64_t protocols_in_force(std::int64_t protocols, BytesView cipher_suites);
// Whether TLS12SupportedGroups, or TLS13SupportedGroups, can have it. Needs no OpenSSL.
bool is_group(BytesView name, bool tls13);
// Whether it can be the name of an application protocol.
bool is_protocol_name(BytesView name);
// Whether a name is one that the settings of signature algorithms take, of TLS 1.3 or of TLS 1.2.
bool is_signature_algorithm(BytesView name, bool tls13);

}  // namespace ipdaemon::tls
