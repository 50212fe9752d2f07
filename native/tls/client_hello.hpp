// What a ClientHello offers, and why that came to nothing. For this folder only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tls/context.hpp"

namespace ipdaemon::tls {

// A number of the protocol.
inline std::uint16_t pair_at(const unsigned char* bytes) {
  return static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]);
}

// By the numbers of the TLS registry, in the client's order, as many as anybody sends in good faith.
struct Offer {
  std::vector<std::uint16_t> suites;
  std::vector<std::uint16_t> groups;
  std::vector<std::uint16_t> signatures;
  std::vector<std::uint16_t> versions;  // Empty: all up to `version`.
  std::uint16_t version = 0;
  std::string server_name;
  bool has_protocols = false;  // Whether it offers application protocols.
  std::string protocols;       // In the form of the wire.
  BytesView protocol;          // Of the context, the one that the client gets.

  bool has_tls13() const;
};

// Inside of the callback about a ClientHello. May throw std::bad_alloc.
Offer read_offer(SSL* session);

// As comma lists, by the names of the TLS registry, numbers for what has none here.
std::string suite_names(SSL* session, const Offer& offer);
std::string signature_names(const Offer& offer);
// Whether a server name may be shown; null may not.
bool is_readable(const char* name);
// The server name as it may be shown; empty if it is not a name.
std::string readable_name(const Offer& offer);

// After a handshake that failed for `reason` of OpenSSL: what was not in common, and which setting would
// change that. Empty when that is not the matter. `identities` are the certificates that the client could
// have got; they may be null.
std::string why_nothing_in_common(SSL* session, const Context& context, const Identities* identities,
                                  const Offer& offer, int reason);

}  // namespace ipdaemon::tls
