// The floor: the least a correct echo server on epoll can cost on this machine. One thread, one
// receive and one send per event, no framing, no events, no limits. What ipdaemon costs beyond it is
// the price of what ipdaemon does.
//
//   bench_floor [--port N] [--lines | --file FILE] [--delay]
//
// With --lines it looks for the line feeds, copies line by line, and sends once per receive what is
// complete. With --file whatever comes is answered by the file, with sendfile(2). --delay leaves the system's gathering
// of small sends (Nagle) on.
#include <sys/sendfile.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <string>

#include "bench/arguments.hpp"
#include "bench/epoll_server.hpp"
#include "bench/file.hpp"

namespace bench {
namespace {

struct Peer {
  Descriptor socket;
  std::string unfinished;  // The begin of a line whose end has not come.
  std::string unsent;      // What the system did not take.
  std::int64_t file_left = 0;
};

class Floor : public EpollServer<Floor, Peer> {
 public:
  Floor(std::uint16_t port, bool lines, bool no_delay, File file)
      : EpollServer(port), lines_(lines), no_delay_(no_delay), file_(std::move(file)) {}

  bool welcome(Peer& peer) const {
    if (no_delay_) set_no_delay(peer.socket.number());
    return true;
  }

  void serve(Peer& peer) {
    if (peer.file_left > 0) {
      send_file(peer);
      return;
    }
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
    if (file_.descriptor.valid()) {
      peer.file_left = file_.size;
      watch(peer, EPOLLOUT);
    } else if (lines_) {
      send_whole_lines(peer, bytes);
    } else {
      send_now(peer, bytes);
    }
  }

 private:
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
    watch(peer, EPOLLOUT);
  }

  void flush(Peer& peer) {
    const ssize_t sent = send(peer.socket.number(), peer.unsent.data(), peer.unsent.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno != EAGAIN && errno != EINTR) drop(peer);
      return;
    }
    peer.unsent.erase(0, static_cast<std::size_t>(sent));
    if (peer.unsent.empty()) watch(peer, EPOLLIN);
  }

  // Once for each event: the system takes what fits.
  void send_file(Peer& peer) {
    off_t offset = file_.size - peer.file_left;
    const ssize_t sent =
        sendfile(peer.socket.number(), file_.descriptor.number(), &offset, static_cast<std::size_t>(peer.file_left));
    if (sent == 0 || (sent < 0 && errno != EAGAIN && errno != EINTR)) {
      drop(peer);
      return;
    }
    if (sent > 0) peer.file_left -= sent;
    if (peer.file_left == 0) watch(peer, EPOLLIN);
  }

  const bool lines_;
  const bool no_delay_;
  const File file_;
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
  bench::File file(arguments.text("--file", ""));
  arguments.finish();
  bench::raise_descriptor_limit();
  std::signal(SIGPIPE, SIG_IGN);  // sendfile has no flag against it.
  std::make_unique<bench::Floor>(port, lines, no_delay, std::move(file))->run();
  return 0;
}
