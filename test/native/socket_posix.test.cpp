// What only POSIX systems have about sockets and files: descriptors, signals, errno.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string>
#include <utility>

#include "base/system_error.hpp"
#include "net/socket.hpp"
#include "peer.hpp"
#include "scratch_file.hpp"

using namespace ipdaemon;
using namespace ipdaemon::test;

namespace {

volatile std::sig_atomic_t signals_seen = 0;

// Counts a signal while it lives, without restarting interrupted calls.
class SignalCounter {
 public:
  explicit SignalCounter(int signal) : signal_(signal) {
    signals_seen = 0;
    struct sigaction action = {};
    action.sa_handler = [](int) { signals_seen = signals_seen + 1; };
    sigaction(signal, &action, &before_);
  }
  SignalCounter(const SignalCounter&) = delete;
  SignalCounter& operator=(const SignalCounter&) = delete;
  ~SignalCounter() { sigaction(signal_, &before_, nullptr); }

 private:
  int signal_;
  struct sigaction before_ = {};
};

// Makes the limit of descriptors end at what is open now, and restores it.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    REQUIRE_EQ(getrlimit(RLIMIT_NOFILE, &before_), 0);
    const int next = ::dup(0);
    REQUIRE(next >= 0);
    ::close(next);
    rlimit limit = before_;
    limit.rlim_cur = static_cast<rlim_t>(next);
    REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  }
  NoMoreDescriptors(const NoMoreDescriptors&) = delete;
  NoMoreDescriptors& operator=(const NoMoreDescriptors&) = delete;
  ~NoMoreDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_ = {};
};

}  // namespace

TEST("accepted sockets and listeners are not blocking and not inherited by other programs") {
  Pair pair;
  for (const SocketHandle socket : {pair.listener.socket.handle(), pair.server.handle()}) {
    CHECK((fcntl(socket, F_GETFL) & O_NONBLOCK) != 0);
    CHECK((fcntl(socket, F_GETFD) & FD_CLOEXEC) != 0);
  }
}

TEST("sending over a broken connection never raises the signal of the system") {
  const SignalCounter counter(SIGPIPE);
  Pair pair;
  pair.client.reset();
  CHECK(send_until_broken(pair.server) != 0);
  CHECK(send_one(pair.server, "x").error != 0);
  const BytesView pieces[] = {"x", "y"};
  CHECK(pair.server.send(pieces, 2).error != 0);
  const ScratchFile content("content");
  CHECK(pair.server.send_file(opened(content.path()), 0, 7).error != 0);
  CHECK_EQ(signals_seen, 0);
}

TEST("a broken send_file leaves the signals of the thread as they were") {
  sigset_t before;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  Pair pair;
  CHECK_EQ(pair.server.shut_down_send(), 0);
  const ScratchFile content("content");
  CHECK(pair.server.send_file(opened(content.path()), 0, 7).error != 0);
  sigset_t after;
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  CHECK_EQ(sigismember(&after, SIGPIPE), sigismember(&before, SIGPIPE));
  sigset_t pending;
  sigpending(&pending);
  CHECK_EQ(sigismember(&pending, SIGPIPE), 0);
}

TEST("closing and resetting leave errno alone") {
  Pair pair;
  errno = ENOTDIR;
  pair.server.reset();
  pair.listener.socket.close();
  Socket invalid(1'000'000);
  invalid.close();
  Socket(1'000'000).reset();
  CHECK_EQ(errno, ENOTDIR);
}

TEST("without descriptors, listening and accepting say so, and accepting goes on afterwards") {
  Listener listener;
  const Peer client = Peer::connect(listener.endpoint.port);
  await_readable(listener.socket.handle());
  {
    const NoMoreDescriptors none;
    Socket socket;
    Endpoint peer;
    CHECK_EQ(listener.socket.accept(&socket, &peer), 10024);
    CHECK_EQ(Socket::listen(loopback(), {}, &socket), 10024);
    CHECK(!socket.valid());
  }
  CHECK(listener.accept().valid());
}

TEST("the limit of descriptors is raised as far as it goes") {
  rlimit before = {};
  REQUIRE_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit lower = before;
  lower.rlim_cur = std::min<rlim_t>(before.rlim_cur, 256);
  REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &lower), 0);
  const std::int64_t raised = raise_descriptor_limit();
  rlimit after = {};
  REQUIRE_EQ(getrlimit(RLIMIT_NOFILE, &after), 0);
  CHECK(after.rlim_cur >= before.rlim_cur);
  CHECK_EQ(raised, after.rlim_cur == RLIM_INFINITY ? 0 : static_cast<std::int64_t>(after.rlim_cur));
}

TEST("what is not a readable regular file is refused with the reason, without waiting") {
  const ScratchFile scratch("x");
  const std::string pipe_path = scratch.path() + "-pipe";
  REQUIRE_EQ(mkfifo(pipe_path.c_str(), 0600), 0);
  File file;
  std::string reason;
  CHECK(!File::open(pipe_path, &file, &reason));
  CHECK_EQ(reason, std::string("not a regular file"));
  std::remove(pipe_path.c_str());
  CHECK(!File::open("/dev/null", &file, &reason));
  CHECK(!File::open("/", &file, &reason));
  CHECK(reason.find("EISDIR") != std::string::npos);
  CHECK(!File::open(scratch.path() + "-missing", &file, &reason));
  CHECK(reason.find("ENOENT") != std::string::npos);
  CHECK(!File::open(scratch.path() + std::string("\0x", 2), &file, &reason));
  CHECK(!File::open("", &file, &reason));
  CHECK(!file.valid());
}

TEST("system errors have the documented codes and name themselves") {
  const std::pair<int, int> expected[] = {
      {0, 0},
      {EINTR, 10004},
      {EACCES, 10013},
      {EPERM, 10013},
      {EINVAL, 10022},
      {EMFILE, 10024},
      {ENFILE, 10024},
      {EAGAIN, 10035},
      {EADDRINUSE, 10048},
      {EADDRNOTAVAIL, 10049},
      {ENETRESET, 10052},
      {ECONNABORTED, 10053},
      {ECONNRESET, 10054},
      {EPIPE, 10054},
      {ENOBUFS, 10055},
      {ENOMEM, 10055},
      {ENOTCONN, 10057},
      {ESHUTDOWN, 10058},
      {ETIMEDOUT, 10060},
      {EHOSTUNREACH, 10065},
      {ENOENT, 10022},
      {123'456, 10022},
      {EAFNOSUPPORT, 10047},
      {ENOTSOCK, 10038},
      {EPROTO, 10043},
  };
  for (const auto& [number, code] : expected) {
    if (code_from_system(number) != code) FAIL(text_from_system(number) + " is not " + std::to_string(code));
  }
  CHECK(text_from_system(ECONNRESET).find("(ECONNRESET)") != std::string::npos);
  CHECK(text_from_system(123'456).find("123456") != std::string::npos);
  CHECK(!text_from_system(ENOENT).starts_with(" "));
}
