// The floor: the least a correct echo server on epoll can cost on this machine. One thread, one
// receive and one send per event, no framing, no events, no limits. What ipdaemon costs beyond it is
// the price of what ipdaemon does.
//
//   bench_floor [--port N] [--lines] [--delay]
//
// With --lines it looks for the line feeds, copies line by line, and sends once per receive what is
// complete. --delay leaves the system's gathering of small sends (Nagle) on.
#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <string>
#include <unordered_map>

#include "bench/arguments.hpp"
#include "bench/descriptor.hpp"
#include "bench/listener.hpp"

namespace bench {
namespace {

struct Peer {
  Descriptor socket;
  std::string unfinished;  // The begin of a line whose end has not come.
  std::string unsent;      // What the system did not take.
};

class Floor {
 public:
  Floor(std::uint16_t port, bool lines, bool no_delay)
      : lines_(lines),
        no_delay_(no_delay),
        poller_(epoll_create1(EPOLL_CLOEXEC)),
        listener_(listen_on_loopback(port, 1024)) {
    watch(listener_.number(), &listener_, EPOLLIN, EPOLL_CTL_ADD);
    if (input_is_pipe()) watch(STDIN_FILENO, this, EPOLLIN, EPOLL_CTL_ADD);
  }

  void run() {
    std::array<epoll_event, 256> events;
    for (;;) {
      const int count = epoll_wait(poller_.number(), events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        epoll_event& event = events[static_cast<std::size_t>(i)];
        if (event.data.ptr == this) {
          if (read(STDIN_FILENO, buffer_.data(), buffer_.size()) <= 0) return;
        } else if (event.data.ptr == &listener_) {
          accept_peers();
        } else {
          serve(*static_cast<Peer*>(event.data.ptr));
        }
      }
    }
  }

 private:
  void watch(int descriptor, void* target, std::uint32_t what, int operation) {
    epoll_event event{};
    event.events = what;
    event.data.ptr = target;
    epoll_ctl(poller_.number(), operation, descriptor, &event);
  }

  void accept_peers() {
    for (int i = 0; i < 64; ++i) {
      Descriptor socket(accept4(listener_.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!socket.valid()) return;
      if (no_delay_) set_no_delay(socket.number());
      const int number = socket.number();
      auto peer = std::make_unique<Peer>();
      peer->socket = std::move(socket);
      watch(number, peer.get(), EPOLLIN, EPOLL_CTL_ADD);
      peers_[number] = std::move(peer);
    }
  }

  void serve(Peer& peer) {
    if (!peer.unsent.empty()) {
      flush(peer);
      return;
    }
    const ssize_t received = recv(peer.socket.number(), buffer_.data(), buffer_.size(), 0);
    if (received <= 0) {
      if (received == 0 || (errno != EAGAIN && errno != EINTR)) drop(peer);
      return;
    }
    const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(received));
    if (lines_) {
      send_whole_lines(peer, bytes);
    } else {
      send_now(peer, bytes);
    }
  }

  void send_whole_lines(Peer& peer, std::string_view bytes) {
    output_ = peer.unfinished;
    std::size_t begin = 0;
    while (begin < bytes.size()) {
      const void* found = std::memchr(bytes.data() + begin, '\n', bytes.size() - begin);
      if (found == nullptr) break;
      const auto end = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
      output_.append(bytes, begin, end - begin);
      output_ += '\n';
      begin = end + 1;
    }
    if (begin == 0) {
      peer.unfinished += bytes;
      return;
    }
    peer.unfinished.assign(bytes, begin);
    send_now(peer, output_);
  }

  void send_now(Peer& peer, std::string_view bytes) {
    const ssize_t sent = send(peer.socket.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent == static_cast<ssize_t>(bytes.size())) return;
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
      drop(peer);
      return;
    }
    // A peer that does not take its echo is not read from until it has.
    peer.unsent.assign(bytes, sent > 0 ? static_cast<std::size_t>(sent) : 0);
    watch(peer.socket.number(), &peer, EPOLLOUT, EPOLL_CTL_MOD);
  }

  void flush(Peer& peer) {
    const ssize_t sent = send(peer.socket.number(), peer.unsent.data(), peer.unsent.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno != EAGAIN && errno != EINTR) drop(peer);
      return;
    }
    peer.unsent.erase(0, static_cast<std::size_t>(sent));
    if (peer.unsent.empty()) watch(peer.socket.number(), &peer, EPOLLIN, EPOLL_CTL_MOD);
  }

  void drop(Peer& peer) { peers_.erase(peer.socket.number()); }

  const bool lines_;
  const bool no_delay_;
  Descriptor poller_;
  Descriptor listener_;
  std::unordered_map<int, std::unique_ptr<Peer>> peers_;
  std::string output_;
  std::array<char, 65536> buffer_;
};

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  bench::Arguments arguments(argc, argv);
  const auto port = static_cast<std::uint16_t>(arguments.number("--port", 0, 0, 65535));
  const bool lines = arguments.flag("--lines");
  const bool no_delay = !arguments.flag("--delay");
  arguments.finish();
  bench::raise_descriptor_limit();
  std::make_unique<bench::Floor>(port, lines, no_delay)->run();
  return 0;
}
