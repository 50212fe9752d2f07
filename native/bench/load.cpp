// The load generator in clear; what it does is in load.hpp.
//
//   bench_load MODE --port N [--host 127.0.0.1] [--connections N] [--size BYTES] [--depth N] [--lines N]
//              [--seconds S] [--warmup S] [--parallel N] [--server-pid PID]
//
//   ping    messages of --size bytes on each connection, --depth of them under way
//   lines   lines of --size bytes with their line feed, --lines in one write, --depth writes under way
//   churn   connect, echo --size bytes once, close, again and again on --connections slots
//   accept  open --connections and keep them, then echo --size bytes on each
//   idle    open --connections, echo --size bytes on each unless it is 0, print, and hold them until
//           standard input closes, SIGTERM, or --seconds are over
//
// Prints one line of JSON (idle: one when all are open, one at the end). Counted is what was complete
// between the end of the warm-up and --seconds later; --server-pid adds the processor time that process
// used between these same two moments. Latencies are of one write: from handing it to the system to
// having read its last byte back; with churn, from the begin of the connect.
// Ends in bounded time with 0, or with 1 if a byte was wrong, missing or too many, or a connection failed.
#include <sys/socket.h>

#include <string_view>

#include "bench/load.hpp"

namespace bench {
namespace {

struct Clear {
  static constexpr bool short_read_is_last = true;

  explicit Clear(Arguments& /*arguments*/) {}

  class Channel {
   public:
    bool open(const Clear& /*transport*/, int socket) {
      socket_ = socket;
      return true;
    }

    // The first event of a socket is the end of its connect.
    Progress advance() { return socket_error(socket_) == 0 ? Progress::ready : Progress::failed; }

    ssize_t send(std::string_view bytes) { return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
    ssize_t receive(char* buffer, std::size_t size) { return recv(socket_, buffer, size, 0); }
    void flush() {}
    void close() {}

   private:
    int socket_ = -1;
  };
};

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  return bench::run_load<bench::Clear>(argc, argv);
}
