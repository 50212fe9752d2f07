// A peer that was accepted and is no connection yet.
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.hpp"
#include "connection/proxy_info.hpp"
#include "net/socket.hpp"

namespace ipdaemon {

struct Arrival {
  Socket socket;
  Endpoint peer;                       // Behind a proxy, the client that it announces.
  Address local;                       // Of family none if the system has to be asked for it.
  std::int64_t accepted_ms = 0;        // 0: now.
  bool is_proxy_itself = false;        // Not a client: the proxy looks whether we are there.
  bool is_exempt = false;              // No limits per address: the address is a proxy's, not a client's.
  std::unique_ptr<ProxyInfo> proxy{};  // Null without a header.
  Bytes input{};                       // What came behind the header.
};

}  // namespace ipdaemon
