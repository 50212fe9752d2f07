// What sockets of POSIX systems and of Windows have in common. Include it behind the system's own headers, which have
// the same types under the same names.
#pragma once

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "net/socket.hpp"

namespace ipdaemon {

// More pieces than this go out with the next call.
constexpr int pieces_max = 64;

// How many dead peers one accept passes over. It is a limit only so that an error that stays cannot keep the call from
// returning.
constexpr int dead_peers_max = 64;

inline int domain_of(Family family) {
  return family == Family::ipv6 ? AF_INET6 : AF_INET;
}

// Returns how many bytes of `out` are the address.
inline int to_system(const Endpoint& endpoint, sockaddr_storage* out) {
  std::memset(out, 0, sizeof *out);
  if (endpoint.address.family == Family::ipv4) {
    sockaddr_in system = {};
    system.sin_family = AF_INET;
    system.sin_port = htons(endpoint.port);
    std::memcpy(&system.sin_addr, endpoint.address.bytes.data(), 4);
    std::memcpy(out, &system, sizeof system);
    return sizeof system;
  }
  sockaddr_in6 system = {};
  system.sin6_family = AF_INET6;
  system.sin6_port = htons(endpoint.port);
  system.sin6_scope_id = endpoint.address.scope;
  std::memcpy(&system.sin6_addr, endpoint.address.bytes.data(), 16);
  std::memcpy(out, &system, sizeof system);
  return sizeof system;
}

// An endpoint of family none for an address that is neither IPv4 nor IPv6.
inline Endpoint from_system(const sockaddr* from) {
  Endpoint endpoint;
  if (from->sa_family == AF_INET) {
    sockaddr_in system;
    std::memcpy(&system, from, sizeof system);
    endpoint.address.family = Family::ipv4;
    endpoint.port = ntohs(system.sin_port);
    std::memcpy(endpoint.address.bytes.data(), &system.sin_addr, 4);
  } else if (from->sa_family == AF_INET6) {
    sockaddr_in6 system;
    std::memcpy(&system, from, sizeof system);
    endpoint.address.family = Family::ipv6;
    endpoint.address.scope = system.sin6_scope_id;
    endpoint.port = ntohs(system.sin6_port);
    std::memcpy(endpoint.address.bytes.data(), &system.sin6_addr, 16);
    endpoint.address = endpoint.address.unmapped();
  }
  return endpoint;
}

// Each address that getaddrinfo has found, once, in its order.
inline std::vector<Address> addresses_of(const addrinfo* list) {
  std::vector<Address> addresses;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    const Address address = from_system(entry->ai_addr).address;
    if (address.family == Family::none) continue;
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) addresses.push_back(address);
  }
  return addresses;
}

// The system's numbers of the keep-alive options of TCP.
struct KeepAliveOptions {
  int time_s;
  int interval_s;
  int count;
};

// The system's names of an option: its level and its number.
inline std::pair<int, int> level_and_option(SocketOption option, const KeepAliveOptions& keep_alive) {
  switch (option) {
    case SocketOption::keep_alive:
      return {SOL_SOCKET, SO_KEEPALIVE};
    case SocketOption::keep_alive_time_s:
      return {IPPROTO_TCP, keep_alive.time_s};
    case SocketOption::keep_alive_interval_s:
      return {IPPROTO_TCP, keep_alive.interval_s};
    case SocketOption::keep_alive_count:
      return {IPPROTO_TCP, keep_alive.count};
    case SocketOption::no_delay:
      return {IPPROTO_TCP, TCP_NODELAY};
    case SocketOption::receive_buffer:
      return {SOL_SOCKET, SO_RCVBUF};
    case SocketOption::send_buffer:
      break;
  }
  return {SOL_SOCKET, SO_SNDBUF};
}

}  // namespace ipdaemon
