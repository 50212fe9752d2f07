// The load generator: one thread, epoll, and every byte that comes back is compared with what was sent.
// How bytes travel is the Transport's affair: in clear (load.cpp) or in TLS (load_tls.cpp). Of it are needed
//
//   Transport(Arguments&)       reads its own options
//   short_read_is_last          whether nothing is left after a read that did not fill the buffer
//   Channel                     one per connection, used for one socket after the other:
//     open(transport, socket)   a connect has begun
//     advance()                 called at each event until it says ready or failed
//     send, receive             as send(2) and recv(2); errno says why, EAGAIN that it goes on later
//     flush()                   what send has kept goes to the system
//     close()                   says farewell; the socket is closed afterwards
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "bench/arguments.hpp"
#include "bench/cpu_time.hpp"
#include "bench/descriptor.hpp"
#include "bench/histogram.hpp"
#include "bench/pattern.hpp"

namespace bench {

inline constexpr std::int64_t second = 1'000'000'000;
inline constexpr std::int64_t connect_limit = 300 * second;  // All connections together.
inline constexpr std::int64_t drain_limit = 60 * second;     // Answers after the window.
inline constexpr std::size_t file_unit = 1024 * 1024;        // So many bytes of a file count as one.
inline constexpr std::uint32_t input_tag = 0xffffffffU;

inline volatile std::sig_atomic_t stop_asked = 0;
inline void ask_to_stop(int /*signal*/) {
  stop_asked = 1;
}

inline std::int64_t now_ns() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * second + time.tv_nsec;
}

struct Options {
  std::string mode;
  std::string host;
  int port = 0;
  std::size_t connections = 0;
  std::size_t size = 0;   // of a message, line or file
  std::size_t lines = 1;  // per write
  std::size_t depth = 1;  // writes under way
  std::size_t parallel = 0;
  std::int64_t seconds = 0;
  std::int64_t warmup = 0;
  pid_t server = 0;
};

struct Errors {
  std::uint64_t connect = 0;     // Could not be connected.
  std::uint64_t closed = 0;      // Closed or reset by the server.
  std::uint64_t mismatch = 0;    // Answered other bytes than were sent.
  std::uint64_t unanswered = 0;  // Writes without a complete answer at the end.
  std::uint64_t sum() const { return connect + closed + mismatch + unanswered; }
};

enum class State : std::uint8_t { closed, connecting, open };

// How far a connection has come on its way to where bytes can be exchanged.
enum class Progress : std::uint8_t { waiting, ready, failed };

template <class Channel>
struct Connection {
  Descriptor socket;
  Channel channel;
  State state = State::closed;
  std::uint64_t number = 0;            // Which stream of the pattern.
  std::uint64_t granted = 0;           // Bytes that may be sent so far,
  std::uint64_t sent = 0;              // that were,
  std::uint64_t received = 0;          // and that came back.
  std::uint64_t answered = 0;          // Writes whose answer came whole.
  std::vector<std::int64_t> begin_at;  // When each write under way was begun, as a ring.
};

template <class Transport>
class Load {
 public:
  Load(const Options& options, const Transport& transport)
      : options_(options),
        transport_(transport),
        download_(options.mode == "download"),
        write_size_(download_ ? 1 : std::max<std::size_t>(options.size * options.lines, 1)),
        answer_size_(download_ ? options.size : write_size_),
        unit_size_(download_ ? file_unit : options.size),
        pattern_(options.mode == "lines" ? Pattern::of_lines(options.size, std::max(write_size_, buffer_size))
                                         : Pattern::of_bytes(std::max(write_size_, buffer_size))),
        poller_(epoll_create1(EPOLL_CLOEXEC)),
        connections_(options.connections),
        buffer_(buffer_size, '\0') {
    server_.sin_family = AF_INET;
    server_.sin_port = htons(static_cast<std::uint16_t>(options.port));
    inet_pton(AF_INET, options.host.c_str(), &server_.sin_addr);
    // One address has 28,000 ports to connect from, and churn leaves them in TIME_WAIT behind.
    const bool loopback = (ntohl(server_.sin_addr.s_addr) >> 24) == 127;
    spread_sources_ = loopback && (options.mode == "churn" || options.connections > 1000);
    for (Connection& connection : connections_) connection.begin_at.resize(options.depth);
  }

  int run() {
    if (options_.mode == "churn") {
      run_churn();
    } else if (options_.mode == "accept") {
      run_accept();
    } else if (options_.mode == "idle") {
      run_idle();
    } else {
      run_echo();
    }
    print(options_.mode == "idle" ? "\"event\":\"end\"," : "");
    return errors_.sum() == 0 ? 0 : 1;
  }

 private:
  using Connection = bench::Connection<typename Transport::Channel>;
  static constexpr std::size_t buffer_size = 256 * 1024;

  // ---- Modes ----

  void run_echo() {
    open_all();
    for (Connection& connection : connections_) grant(connection, options_.depth);
    measure();
    drain();
  }

  void run_churn() {
    again_ = true;
    for (Connection& connection : connections_) connect(connection);
    measure();
    again_ = false;
    drain();
  }

  void run_accept() {
    begin_window();
    open_all();
    for (Connection& connection : connections_) grant(connection, 1);
    drain();
    end_window();
  }

  void run_idle() {
    begin_window();
    open_all();
    if (options_.size > 0) {
      for (Connection& connection : connections_) grant(connection, 1);
      drain();
    }
    end_window();
    print("\"event\":\"open\",");
    if (input_is_pipe()) watch(STDIN_FILENO, input_tag, EPOLLIN);
    std::signal(SIGTERM, ask_to_stop);
    std::signal(SIGINT, ask_to_stop);
    const std::int64_t deadline = now_ns() + options_.seconds;
    while (stop_asked == 0 && open_ > 0 && turn(deadline)) continue;
  }

  void open_all() {
    const std::int64_t deadline = now_ns() + connect_limit;
    std::size_t next = 0;
    while (next < connections_.size() || connecting_ > 0) {
      while (next < connections_.size() && connecting_ < options_.parallel) connect(connections_[next++]);
      if (connecting_ > 0 && !turn(deadline)) break;
    }
    for (Connection& connection : connections_) {
      if (connection.state == State::connecting) fail(connection, errors_.connect);
    }
  }

  void measure() {
    running_ = true;
    const std::int64_t begin = now_ns() + options_.warmup;
    while (alive() && turn(begin)) continue;
    begin_window();
    const std::int64_t end = window_begin_ + options_.seconds;
    while (alive() && turn(end)) continue;
    end_window();
    running_ = false;
  }

  // Waits for the answers to all that was sent; what does not come is an error.
  void drain() {
    const std::int64_t deadline = now_ns() + drain_limit;
    while (unanswered_ + connecting_ > 0 && turn(deadline)) continue;
    errors_.unanswered += unanswered_;
  }

  // A run in which everything fails ends early, and is not counted in millions of errors.
  bool alive() const { return (again_ || open_ + connecting_ > 0) && errors_.sum() < 1000; }

  void begin_window() {
    window_begin_ = now_ns();
    units_ = 0;
    latencies_.clear();
    server_begin_ = cpu_time_of(options_.server);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own_begin_);
  }

  void end_window() {
    server_end_ = cpu_time_of(options_.server);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own_end_);
    window_end_ = now_ns();
    measured_units_ = units_;
    measured_latencies_ = latencies_;
  }

  // ---- Events ----

  void watch(int descriptor, std::uint32_t tag, std::uint32_t what) {
    epoll_event event{};
    event.events = what;
    event.data.u32 = tag;
    epoll_ctl(poller_.number(), EPOLL_CTL_ADD, descriptor, &event);
  }

  // Waits for events until the deadline at most. False when that has passed, or our input has ended.
  bool turn(std::int64_t deadline) {
    const std::int64_t left = deadline - now_ns();
    if (left <= 0) return false;
    // Rounded up: waking before the deadline would spin through its last millisecond.
    const int wait_ms = static_cast<int>(std::min<std::int64_t>(left / 1'000'000 + 1, 1000));
    const int count = epoll_wait(poller_.number(), events_.data(), static_cast<int>(events_.size()), wait_ms);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events_[static_cast<std::size_t>(i)];
      if (event.data.u32 == input_tag) {
        if (read(STDIN_FILENO, buffer_.data(), buffer_.size()) <= 0) stop_asked = 1;
      } else {
        handle(connections_[event.data.u32], event.events);
      }
    }
    return true;
  }

  void handle(Connection& connection, std::uint32_t what) {
    if (connection.state == State::connecting) finish_connect(connection);
    if (connection.state != State::open) return;
    const bool ended = (what & (EPOLLRDHUP | EPOLLERR | EPOLLHUP)) != 0;
    if (ended || (what & EPOLLIN) != 0) receive(connection, ended);
    if (connection.state == State::open && (what & EPOLLOUT) != 0) flush(connection);
  }

  // ---- Connections ----

  void connect(Connection& connection) {
    connection.socket = Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    connection.number = made_++;
    connection.granted = connection.sent = connection.received = connection.answered = 0;
    connection.state = State::connecting;
    ++connecting_;
    if (again_) {
      ++unanswered_;
      connection.begin_at[0] = now_ns();
    }
    const int socket = connection.socket.number();
    if (socket < 0 || (spread_sources_ && !bind_source(socket, connection.number)) || !begin_connect(socket) ||
        !connection.channel.open(transport_, socket)) {
      fail(connection, errors_.connect);
      return;
    }
    watch(socket, static_cast<std::uint32_t>(&connection - connections_.data()),
          EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
  }

  bool begin_connect(int socket) const {
    set_no_delay(socket);
    return ::connect(socket, reinterpret_cast<const sockaddr*>(&server_), sizeof server_) == 0 || errno == EINPROGRESS;
  }

  // 127.0.1.1, 127.0.1.2, ...: as many senders as needed, the port chosen only when the peer is known.
  static bool bind_source(int socket, std::uint64_t number) {
    const int on = 1;
    setsockopt(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    sockaddr_in source{};
    source.sin_family = AF_INET;
    source.sin_addr.s_addr = htonl(0x7f000101U + static_cast<std::uint32_t>(number % 200));
    return bind(socket, reinterpret_cast<const sockaddr*>(&source), sizeof source) == 0;
  }

  void finish_connect(Connection& connection) {
    const Progress progress = connection.channel.advance();
    if (progress == Progress::failed) fail(connection, errors_.connect);
    if (progress != Progress::ready) return;
    --connecting_;
    ++open_;
    ++connected_;
    connection.state = State::open;
    if (options_.mode == "churn") {
      connection.granted = write_size_;
      flush(connection);
    }
  }

  void close(Connection& connection) {
    if (connection.state == State::connecting) --connecting_;
    if (connection.state == State::open) --open_;
    connection.state = State::closed;
    connection.channel.close();
    connection.socket.close();
  }

  // What was under way is counted once as closed or wrong, not again as unanswered.
  void fail(Connection& connection, std::uint64_t& counter) {
    ++counter;
    unanswered_ -= options_.mode == "churn" ? 1 : connection.granted / write_size_ - connection.answered;
    close(connection);
    if (again_ && alive()) connect(connection);
  }

  // ---- Bytes ----

  void grant(Connection& connection, std::size_t writes) {
    if (connection.state != State::open) return;
    const std::int64_t now = now_ns();
    for (std::size_t i = 0; i < writes; ++i) {
      connection.begin_at[connection.granted / write_size_ % options_.depth] = now;
      connection.granted += write_size_;
    }
    unanswered_ += writes;
    flush(connection);
  }

  void flush(Connection& connection) {
    while (connection.sent < connection.granted) {
      const auto rest = static_cast<std::size_t>(write_size_ - connection.sent % write_size_);
      const std::string_view bytes = pattern_.view(connection.number, connection.sent, rest);
      const ssize_t sent = connection.channel.send(bytes);
      if (sent < 0) {
        if (errno == EINTR) continue;
        // What the server said before it went away is read, and judged, first.
        if (errno != EAGAIN) receive(connection, true);
        return;
      }
      connection.sent += static_cast<std::uint64_t>(sent);
    }
    connection.channel.flush();
  }

  // Edge-triggered. Where a short read means that nothing is left, that is believed; unless the end is
  // known to have come already, for that is reported only once.
  void receive(Connection& connection, bool to_the_end) {
    for (;;) {
      const ssize_t received = connection.channel.receive(buffer_.data(), buffer_.size());
      if (received < 0 && errno == EINTR) continue;
      if (received < 0 && errno == EAGAIN) return;
      if (received <= 0) {
        fail(connection, errors_.closed);
        return;
      }
      if (!take(connection, std::string_view(buffer_.data(), static_cast<std::size_t>(received)))) return;
      const bool is_short = static_cast<std::size_t>(received) < buffer_.size();
      if (Transport::short_read_is_last && is_short && !to_the_end) return;
    }
  }

  // False when the connection is no longer to be read from.
  bool take(Connection& connection, std::string_view bytes) {
    const std::uint64_t most = download_ ? connection.sent * answer_size_ : connection.sent;
    if (connection.received + bytes.size() > most || !matches(connection, bytes)) {
      std::fprintf(stderr, "bench_load: stream %llu: wrong bytes after offset %llu\n",
                   static_cast<unsigned long long>(connection.number),
                   static_cast<unsigned long long>(connection.received));
      fail(connection, errors_.mismatch);
      return false;
    }
    const std::uint64_t before = connection.received;
    connection.received += bytes.size();
    units_ += connection.received / unit_size_ - before / unit_size_;
    const std::uint64_t whole = connection.received / answer_size_;
    if (whole == connection.answered) return true;
    const std::int64_t now = now_ns();
    const std::uint64_t count = whole - connection.answered;
    for (; connection.answered < whole; ++connection.answered) {
      latencies_.record(now - connection.begin_at[connection.answered % options_.depth]);
    }
    unanswered_ -= count;
    if (options_.mode == "churn") {
      close(connection);
      if (again_) connect(connection);
      return false;
    }
    if (running_) grant(connection, static_cast<std::size_t>(count));
    return connection.state == State::open;
  }

  // What comes back is what was sent; a file has the content that `bench_load content` prints.
  bool matches(const Connection& connection, std::string_view bytes) const {
    const std::uint64_t stream = download_ ? 0 : connection.number;
    std::uint64_t offset = download_ ? connection.received % answer_size_ : connection.received;
    while (!bytes.empty()) {
      const std::string_view expected = pattern_.view(stream, offset, bytes.size());
      if (std::memcmp(expected.data(), bytes.data(), expected.size()) != 0) return false;
      bytes.remove_prefix(expected.size());
      offset += expected.size();
    }
    return true;
  }

  // ---- Result ----

  const char* unit() const {
    if (download_) return "MiB";
    return options_.mode == "lines" ? "line" : "message";
  }

  void print(const char* event) const {
    const double seconds = static_cast<double>(window_end_ - window_begin_) / 1e9;
    const auto count = static_cast<double>(measured_units_);
    std::printf("{%s\"mode\":\"%s\",\"unit\":\"%s\",\"connections\":%zu,\"connected\":%llu,\"open\":%zu,", event,
                options_.mode.c_str(), unit(), options_.connections, static_cast<unsigned long long>(connected_),
                open_);
    std::printf("\"size\":%zu,\"lines\":%zu,\"depth\":%zu,\"count\":%.0f,\"bytes\":%.0f,\"seconds\":%.6f,",
                options_.size, options_.lines, options_.depth, count, count * static_cast<double>(unit_size_), seconds);
    std::printf("\"per_second\":%.1f,\"latency_us\":{\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f},",
                seconds > 0 ? count / seconds : 0, measured_latencies_.percentile_us(0.5),
                measured_latencies_.percentile_us(0.99), measured_latencies_.percentile_us(0.999),
                measured_latencies_.maximum_us());
    if (server_begin_.known && server_end_.known) {
      std::printf("\"server_cpu_seconds\":%.6f,\"server_user_seconds\":%.2f,\"server_system_seconds\":%.2f,",
                  server_end_.total - server_begin_.total, server_end_.user - server_begin_.user,
                  server_end_.system - server_begin_.system);
    }
    std::printf("\"load_cpu_seconds\":%.6f,", seconds_of(own_end_) - seconds_of(own_begin_));
    std::printf("\"errors\":{\"connect\":%llu,\"closed\":%llu,\"mismatch\":%llu,\"unanswered\":%llu}}\n",
                static_cast<unsigned long long>(errors_.connect), static_cast<unsigned long long>(errors_.closed),
                static_cast<unsigned long long>(errors_.mismatch), static_cast<unsigned long long>(errors_.unanswered));
    std::fflush(stdout);
  }

  const Options options_;
  const Transport& transport_;
  const bool download_;  // One byte asks for a file.
  const std::size_t write_size_;
  const std::size_t answer_size_;  // What has to come back for one write,
  const std::size_t unit_size_;    // and for one more in the count.
  const Pattern pattern_;
  Descriptor poller_;
  std::vector<Connection> connections_;
  std::string buffer_;
  std::array<epoll_event, 256> events_{};
  sockaddr_in server_{};
  bool spread_sources_ = false;
  bool running_ = false;  // Answered writes are followed by new ones.
  bool again_ = false;    // Closed connections are followed by new ones.

  std::uint64_t made_ = 0;
  std::uint64_t connected_ = 0;
  std::size_t connecting_ = 0;
  std::size_t open_ = 0;
  std::uint64_t unanswered_ = 0;
  std::uint64_t units_ = 0;
  Histogram latencies_;
  Errors errors_;

  std::int64_t window_begin_ = 0;
  std::int64_t window_end_ = 0;
  std::uint64_t measured_units_ = 0;
  Histogram measured_latencies_;
  CpuTime server_begin_;
  CpuTime server_end_;
  timespec own_begin_{};
  timespec own_end_{};
};

inline std::int64_t file_size(Arguments& arguments) {
  return arguments.number("--size", 1 << 30, file_unit, std::int64_t{1} << 40);
}

inline Options read_options(Arguments& arguments) {
  Options options;
  options.mode = arguments.command();
  const bool lines = options.mode == "lines";
  const bool idle = options.mode == "idle";
  const bool download = options.mode == "download";
  if (!lines && !idle && !download && options.mode != "ping" && options.mode != "churn" && options.mode != "accept") {
    arguments.fail("the first word must be ping, lines, churn, download, accept or idle");
  }
  options.host = arguments.text("--host", "127.0.0.1");
  if (options.host == "localhost") options.host = "127.0.0.1";
  in_addr parsed{};
  if (inet_pton(AF_INET, options.host.c_str(), &parsed) != 1) arguments.fail("--host must be an IPv4 address");
  options.port = static_cast<int>(arguments.number("--port", 0, 0, 65535));
  if (options.port == 0) arguments.fail("--port is needed");
  options.connections =
      static_cast<std::size_t>(arguments.number("--connections", download ? 1 : (lines ? 8 : 50), 1, 100000));
  options.size = static_cast<std::size_t>(
      download ? file_size(arguments)
               : arguments.number("--size", lines ? 32 : (idle ? 0 : 64), idle ? 0 : 1, 16 * 1024 * 1024));
  if (lines) options.lines = static_cast<std::size_t>(arguments.number("--lines", 256, 1, 65536));
  if (lines || options.mode == "ping") {
    options.depth = static_cast<std::size_t>(arguments.number("--depth", 1, 1, 65536));
  }
  if (!download && options.size * options.lines > 64 * 1024 * 1024) arguments.fail("one write must not exceed 64 MiB");
  options.parallel = static_cast<std::size_t>(arguments.number("--parallel", 128, 1, 100000));
  options.seconds = arguments.nanoseconds("--seconds", idle ? 60 : 3, 3600);
  options.warmup = arguments.nanoseconds("--warmup", 0.5, 600);
  options.server = static_cast<pid_t>(arguments.number("--server-pid", 0, 0, 1 << 30));
  return options;
}

// The whole program.
template <class Transport>
int run_load(int count, char** words) {
  Arguments arguments(count, words);
  const Options options = read_options(arguments);
  const Transport transport(arguments);
  arguments.finish();
  raise_descriptor_limit();
  return std::make_unique<Load<Transport>>(options, transport)->run();
}

}  // namespace bench
