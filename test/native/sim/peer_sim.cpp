// The plain client of the simulated world, as much of it as the poller suite needs, and the world for it: without
// faults and always with the same choices, so that the suite is the same in every run.
#include <memory>

#include "ipdaemon.h"
#include "peer.hpp"
#include "world.hpp"

namespace ipdaemon::test {

namespace {

// Looks at nothing: a suite does on purpose what the server must not do, and checks what it is answered.
class NoObserver final : public sim::Observer {
 public:
  void on_accepted(int) override {}
  void on_server_read(int, std::int64_t) override {}
  void on_server_wrote(int, BytesView) override {}
  void on_server_tries_to_write(int) override {}
  void on_wait() override {}
  void on_server_closed(int, bool) override {}
  void on_peer_did(int, const char*, std::int64_t) override {}
  void on_accept_error(std::uint16_t, int) override {}
  void on_misuse(const std::string&) override {}
};

NoObserver observer;
sim::SeededChoices choices(1);
// One for all tests, like a system. A peer's socket is the number of its link.
sim::World world(&choices, sim::Faults{}, &observer);

// Lets the world go on until the condition holds; false if it does not in time.
template <typename Condition>
bool happens_within(int timeout_ms, const Condition& condition) {
  world.run_until(world.now_us() + std::int64_t{timeout_ms} * 1000, condition);
  return condition();
}

}  // namespace

bool becomes_readable(SocketHandle socket, int timeout_ms) {
  return happens_within(timeout_ms, [socket] { return world.readable(socket); });
}

void let_pass(int time_ms) {
  happens_within(time_ms, [] { return false; });
}

Meanwhile::Meanwhile(int delay_ms, std::function<void()> work) {
  const auto done = std::make_shared<bool>(false);
  world.after(std::int64_t{delay_ms} * 1000, [done, work = std::move(work)] {
    work();
    *done = true;
  });
  join_ = [done] { world.run_until(INT64_MAX, [done] { return *done; }); };
}

Peer Peer::connect(std::uint16_t port, Family family, int /*receive_buffer*/) {
  constexpr int first_port = 20000;
  constexpr int ports = 20000;
  const auto own_port = static_cast<std::uint16_t>(first_port + world.link_count() % ports);
  Peer peer(world.new_link(loopback(family, own_port)));
  REQUIRE(world.connect(peer.socket_, port));
  return peer;
}

bool Peer::try_send(std::string_view bytes) const {
  return happens_within(patience_ms, [&] {
    if (!bytes.empty()) bytes.remove_prefix(world.peer_write(socket_, bytes));
    return bytes.empty();
  });
}

std::string Peer::receive(std::size_t length) const {
  const Bytes& received = world.link(socket_).received;
  const std::size_t before = received.size();
  happens_within(patience_ms, [&] {
    world.peer_read(socket_, before + length - received.size());
    return received.size() == before + length || world.peer_sees_end(socket_);
  });
  return received.substr(before);
}

Transfer Peer::receive_now(void* buffer, std::size_t length) const {
  const Bytes& received = world.link(socket_).received;
  const std::size_t before = received.size();
  world.peer_read(socket_, length);
  if (received.size() > before) {
    copy_bytes(static_cast<char*>(buffer), BytesView(received).substr(before));
    return {static_cast<std::int64_t>(received.size() - before), 0};
  }
  return {0, world.peer_sees_end(socket_) ? 0 : IPDAEMON_ERROR_WOULD_BLOCK};
}

void Peer::shut_down_send() const {
  world.peer_end(socket_);
}

void Peer::close() {
  if (socket_ == no_socket) return;
  // What was not read turns the end into a reset, as systems do it.
  if (!world.link(socket_).outgoing.empty()) {
    reset();
  } else {
    world.peer_end(std::exchange(socket_, no_socket));
  }
}

void Peer::reset() {
  if (socket_ != no_socket) world.peer_reset(std::exchange(socket_, no_socket));
}

}  // namespace ipdaemon::test
