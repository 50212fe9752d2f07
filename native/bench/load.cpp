// The load generator in clear; what it does is in load.hpp.
//
//   bench_load MODE --port N [--host 127.0.0.1] [--connections N] [--size BYTES] [--depth N] [--lines N]
//              [--seconds S] [--warmup S] [--parallel N] [--server-pid PID]
//   bench_load content [--size BYTES]
//
//   ping      messages of --size bytes on each connection, --depth of them under way
//   lines     lines of --size bytes with their line feed, --lines in one write, --depth writes under way
//   churn     connect, echo --size bytes once, close, again and again on --connections slots
//   download  one byte on each connection, which is answered by a file of --size bytes (1 GiB), again and again
//   accept    open --connections and keep them, then echo --size bytes on each
//   idle      open --connections, echo --size bytes on each unless it is 0, print, and hold them until
//             standard input closes, SIGTERM, or --seconds are over
//   content   print the file that servers have to send in a download
//
// Prints one line of JSON (idle: one when all are open, one at the end). Counted is what was complete
// between the end of the warm-up and --seconds later, and of files each MiB; --server-pid adds the
// processor time that process used between these same two moments. Latencies are of one write: from
// handing it to the system to having read the last byte that it brings back; with churn, from the begin of
// the connect.
// Ends in bounded time with 0, or with 1 if a byte was wrong, missing or too many, or a connection failed.
#include <sys/socket.h>

#include <algorithm>
#include <cstdio>
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

int print_content(int count, char** words) {
  Arguments arguments(count, words);
  arguments.command();
  const auto size = static_cast<std::uint64_t>(file_size(arguments));
  arguments.finish();
  const Pattern pattern = Pattern::of_bytes(file_unit);
  for (std::uint64_t offset = 0; offset < size;) {
    const std::string_view bytes = pattern.view(0, offset, std::min<std::uint64_t>(file_unit, size - offset));
    if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) != bytes.size()) break;
    offset += bytes.size();
  }
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return 0;
  std::perror("bench_load: the content could not be written");
  return 1;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "content") return bench::print_content(argc, argv);
  return bench::run_load<bench::Clear>(argc, argv);
}
