// The other side for tests of sockets and pollers: a plain blocking client made of system calls, so
// that our socket code is not tested against itself, and waiting for conditions with a deadline.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "check.hpp"
#include "net/socket.hpp"

namespace ipdaemon::test {

inline constexpr int patience_ms = 10'000;

// Owns one descriptor.
class Peer {
 public:
  Peer() = default;
  explicit Peer(int descriptor) : descriptor_(descriptor) {}
  Peer(Peer&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Peer& operator=(Peer&& other) noexcept {
    if (this != &other) {
      close();
      descriptor_ = std::exchange(other.descriptor_, -1);
    }
    return *this;
  }
  ~Peer() { close(); }

  // Connects to 127.0.0.1, or ::1 if asked. `receive_buffer` is set before connecting if it is not 0.
  static Peer connect(std::uint16_t port, Family family = Family::ipv4, int receive_buffer = 0) {
    Peer peer(::socket(family == Family::ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0));
    REQUIRE(peer.descriptor_ >= 0);
    if (receive_buffer > 0) {
      setsockopt(peer.descriptor_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    int result;
    if (family == Family::ipv6) {
      sockaddr_in6 address = {};
      address.sin6_family = AF_INET6;
      address.sin6_port = htons(port);
      address.sin6_addr = in6addr_loopback;
      result = ::connect(peer.descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    } else {
      sockaddr_in address = {};
      address.sin_family = AF_INET;
      address.sin_port = htons(port);
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      result = ::connect(peer.descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
    REQUIRE_EQ(result, 0);
    return peer;
  }

  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t count = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      REQUIRE(count > 0);
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  // Exactly `length` bytes, or what came before the end or the deadline.
  std::string receive(std::size_t length) const {
    std::string bytes;
    while (bytes.size() < length && readable()) {
      char buffer[65536];
      const ssize_t count = ::recv(descriptor_, buffer, std::min(sizeof buffer, length - bytes.size()), 0);
      if (count <= 0) break;
      bytes.append(buffer, static_cast<std::size_t>(count));
    }
    return bytes;
  }

  // What the next read brings: 1 data, 0 the end, -1 a reset, -2 nothing within the deadline.
  int next() const {
    if (!readable()) return -2;
    char byte;
    const ssize_t count = ::recv(descriptor_, &byte, 1, MSG_PEEK);
    return count > 0 ? 1 : count == 0 ? 0 : -1;
  }

  void shut_down_send() const { ::shutdown(descriptor_, SHUT_WR); }
  void close() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  }
  void reset() {
    const linger at_once = {1, 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }
  int descriptor() const { return descriptor_; }
  std::uint16_t port() const {
    sockaddr_storage address = {};
    socklen_t length = sizeof address;
    REQUIRE_EQ(getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &length), 0);
    // The port is at the same place in both families.
    return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
  }

 private:
  bool readable() const {
    pollfd entry = {descriptor_, POLLIN, 0};
    return ::poll(&entry, 1, patience_ms) > 0;
  }
  int descriptor_ = -1;
};

// Waits until a socket has one of the poll bits, or fails the test.
inline void await(SocketHandle socket, short bits) {
  pollfd entry = {socket, bits, 0};
  REQUIRE_EQ(::poll(&entry, 1, patience_ms), 1);
}

inline Endpoint loopback(Family family = Family::ipv4, std::uint16_t port = 0) {
  Endpoint endpoint;
  REQUIRE(Address::parse(family == Family::ipv6 ? "::1" : "127.0.0.1", &endpoint.address));
  endpoint.port = port;
  return endpoint;
}

// A listener on a port that the system chose.
struct Listener {
  explicit Listener(ListenOptions options = {}, Endpoint local = loopback()) {
    if (options.backlog == 5) options.backlog = 128;
    REQUIRE_EQ(Socket::listen(local, options, &socket), 0);
    REQUIRE_EQ(socket.local_endpoint(&endpoint), 0);
  }
  // The next peer, waited for.
  Socket accept(Endpoint* peer = nullptr) {
    await(socket.handle(), POLLIN);
    Socket accepted;
    Endpoint from;
    REQUIRE_EQ(socket.accept(&accepted, peer != nullptr ? peer : &from), 0);
    return accepted;
  }
  Socket socket;
  Endpoint endpoint;
};

// A connection, both ends.
struct Pair {
  explicit Pair(ListenOptions options = {}, int client_receive_buffer = 0) : listener(options) {
    client = Peer::connect(listener.endpoint.port, Family::ipv4, client_receive_buffer);
    server = listener.accept();
  }
  Listener listener;
  Peer client;
  Socket server;
};

// Sends until the system has refused for half a second without a break; returns what it took. One refusal says
// nothing: what is still on its way to the peer's buffer makes room a little later, and what the peer's buffer
// dropped makes room when TCP sends it again, after 0.2 s or more. Refusals are counted instead of time passing,
// because a machine that stood still for a while proves nothing.
inline std::string fill(Socket& socket) {
  constexpr int enough = 100;
  constexpr int wait_ms = 5;
  const std::string chunk(64 * 1024, 'x');
  std::string sent;
  for (int refusals = 0; refusals < enough;) {
    const BytesView piece = chunk;
    const Transfer transfer = socket.send(&piece, 1);
    if (transfer.error == 0) {
      sent.append(chunk, 0, static_cast<std::size_t>(transfer.count));
      refusals = 0;
      continue;
    }
    REQUIRE_EQ(transfer.error, 10035);
    ++refusals;
    ::poll(nullptr, 0, wait_ms);
  }
  return sent;
}

}  // namespace ipdaemon::test
