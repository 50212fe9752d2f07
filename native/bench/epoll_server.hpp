// What the floors have in common: a loop of epoll over a listener and its peers, in one thread.
#pragma once

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "bench/descriptor.hpp"
#include "bench/listener.hpp"

namespace bench {

// `Server` derives from this and has two functions: bool welcome(Peer&), false to close at once, and
// void serve(Peer&) for what the peer is watched for. `Peer` has a Descriptor `socket`.
template <typename Server, typename Peer>
class EpollServer {
 public:
  explicit EpollServer(std::uint16_t port)
      : poller_(epoll_create1(EPOLL_CLOEXEC)), listener_(listen_on_loopback(port, 1024)) {
    add(listener_.number(), &listener_);
    if (input_is_pipe()) add(STDIN_FILENO, this);
  }

  // Until the standard input ends, if that is a pipe.
  void run() {
    std::array<epoll_event, 256> events;
    for (;;) {
      const int count = epoll_wait(poller_.number(), events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        epoll_event& event = events[static_cast<std::size_t>(i)];
        if (event.data.ptr == this) {
          if (char byte = 0; read(STDIN_FILENO, &byte, 1) <= 0) return;
        } else if (event.data.ptr == &listener_) {
          accept_peers();
        } else {
          server().serve(*static_cast<Peer*>(event.data.ptr));
        }
      }
    }
  }

 protected:
  void watch(Peer& peer, std::uint32_t what) { control(peer.socket.number(), &peer, what, EPOLL_CTL_MOD); }
  void drop(Peer& peer) { peers_.erase(peer.socket.number()); }

 private:
  Server& server() { return static_cast<Server&>(*this); }

  void add(int descriptor, void* target) { control(descriptor, target, EPOLLIN, EPOLL_CTL_ADD); }

  void control(int descriptor, void* target, std::uint32_t what, int operation) {
    epoll_event event{};
    event.events = what;
    event.data.ptr = target;
    epoll_ctl(poller_.number(), operation, descriptor, &event);
  }

  void accept_peers() {
    for (int i = 0; i < 64; ++i) {
      Descriptor socket(accept4(listener_.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!socket.valid()) return;
      const int number = socket.number();
      auto peer = std::make_unique<Peer>();
      peer->socket = std::move(socket);
      if (!server().welcome(*peer)) continue;
      add(number, peer.get());
      peers_[number] = std::move(peer);
    }
  }

  Descriptor poller_;
  Descriptor listener_;
  std::unordered_map<int, std::unique_ptr<Peer>> peers_;
};

}  // namespace bench
