// The other side for tests of sockets and pollers: a plain blocking client made of system calls, so
// that our socket code is not tested against itself, and waiting for conditions with a deadline. The
// calls are in one file per system; the simulated one is sim/peer_sim.cpp.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.hpp"
#include "check.hpp"
#include "net/socket.hpp"

namespace ipdaemon::test {

inline constexpr int patience_ms = 30'000;

inline bool on_windows() {
  return std::string_view(system_name()).starts_with("win32");
}

// Wine in place of Windows. It shuts a socket down before it closes it, so a peer sees an end and no reset; it lacks
// options for probes; and no two sockets share a port.
bool under_wine();

// Whether a socket, or what the system waits for like one, becomes readable or writable in time. A
// connection that was reset is both.
bool becomes_readable(SocketHandle socket, int timeout_ms);
bool becomes_writable(SocketHandle socket, int timeout_ms);

// The same with patience; fails the test otherwise.
inline void await_readable(SocketHandle socket) {
  REQUIRE(becomes_readable(socket, patience_ms));
}
inline void await_writable(SocketHandle socket) {
  REQUIRE(becomes_writable(socket, patience_ms));
}

// Lets time pass.
void let_pass(int time_ms);

// Does something while the test waits: in a thread of its own, or, in the simulator, which has one only, as something
// that happens in its world.
class Meanwhile {
 public:
  Meanwhile(int delay_ms, std::function<void()> work);
  ~Meanwhile() { join(); }
  Meanwhile(const Meanwhile&) = delete;
  Meanwhile& operator=(const Meanwhile&) = delete;

  // Waits until it is done.
  void join() {
    if (join_) std::exchange(join_, nullptr)();
  }

 private:
  std::function<void()> join_;
};

// Owns one socket of the system.
class Peer {
 public:
  Peer() = default;
  Peer(Peer&& other) noexcept : socket_(std::exchange(other.socket_, no_socket)) {}
  Peer& operator=(Peer&& other) noexcept {
    if (this != &other) {
      close();
      socket_ = std::exchange(other.socket_, no_socket);
    }
    return *this;
  }
  ~Peer() { close(); }

  // Connects to 127.0.0.1, or ::1 if asked. `receive_buffer` is set before connecting if it is not 0.
  static Peer connect(std::uint16_t port, Family family = Family::ipv4, int receive_buffer = 0);

  void send(std::string_view bytes) const { REQUIRE(try_send(bytes)); }
  // All of it; false if the connection is broken. For threads, which must not fail a test.
  bool try_send(std::string_view bytes) const;
  // Exactly `length` bytes, or what came before the end or the deadline.
  std::string receive(std::size_t length) const;
  // What the next read brings: 1 data, 0 the end, -1 a reset, -2 nothing within the deadline.
  int next() const;

  // Without waiting. The error is 10035 if it would have to wait, and 10054 for any other.
  Transfer send_now(std::string_view bytes) const;
  Transfer receive_now(void* buffer, std::size_t length) const;

  void shut_down_send() const;
  void close();
  void reset();
  std::uint16_t port() const;

 private:
  explicit Peer(SocketHandle socket) : socket_(socket) {}
  SocketHandle socket_ = no_socket;
};

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
    await_readable(socket.handle());
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
  constexpr int pause_ms = 5;
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
    let_pass(pause_ms);
  }
  return sent;
}

inline Transfer send_one(Socket& socket, std::string_view bytes) {
  const BytesView piece = bytes;
  return socket.send(&piece, 1);
}

// Sends until the system reports an error other than would-block, which a reset brings about in time.
inline int send_until_broken(Socket& socket) {
  while (true) {
    const Transfer transfer = send_one(socket, "x");
    if (transfer.error != 0 && transfer.error != 10035) return transfer.error;
    await_writable(socket.handle());
  }
}

}  // namespace ipdaemon::test
