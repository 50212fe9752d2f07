// PROXY headers of simulated peers: what stands in front of what a client says, and whom the server has to take it for.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"
#include "net/address.hpp"

namespace ipdaemon::sim {

enum class HeaderKind : std::uint8_t {
  none,
  announced,  // Of another client.
  local,      // Of the proxy itself.
  unnamed,    // Of somebody, by the real address.
  wrong,      // It cannot be used.
  half,       // It stops before its end.
  silent,     // Nothing comes, not even what the client says.
};

struct HeaderPlan {
  HeaderKind kind = HeaderKind::none;
  int variant = 0;              // How it is written, or what is wrong.
  std::size_t filling = 0;      // Bytes of a value that means nothing.
  std::size_t chunk_max = 200;  // It comes in parts of up to so many bytes,
  bool joined = true;           // and what follows it together with its end.
};

// Whom a proxy announces in place of its own address.
Endpoint announced_client(const Endpoint& proxy);
// The bytes of a header.
Bytes header_bytes(const HeaderPlan& plan, const Endpoint& client);

inline bool is_good(HeaderKind kind) {
  return kind == HeaderKind::announced || kind == HeaderKind::local || kind == HeaderKind::unnamed;
}

}  // namespace ipdaemon::sim
