// The socket calls of Linux that other POSIX systems do not have, or have in another way.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/sendfile.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "base/processor.hpp"
#include "base/system_error.hpp"
#include "ipdaemon.h"
#include "net/socket.hpp"
#include "net/socket_system.hpp"

namespace ipdaemon {

namespace {

// sendfile has no flag against SIGPIPE as send has, so for its duration the signal is held back from
// this thread, and taken off the queue if the call raised it. A signal that waited before is left.
class SigpipeGuard {
 public:
  SigpipeGuard() {
    sigset_t pending;
    sigemptyset(&pending);
    sigpending(&pending);
    if (sigismember(&pending, SIGPIPE) == 1) return;
    sigemptyset(&sigpipe_);
    sigaddset(&sigpipe_, SIGPIPE);
    active_ = pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_) == 0;
  }
  SigpipeGuard(const SigpipeGuard&) = delete;
  SigpipeGuard& operator=(const SigpipeGuard&) = delete;
  ~SigpipeGuard() {
    if (!active_) return;
    const int saved = errno;
    if (raised_) {
      const timespec at_once = {};
      while (sigtimedwait(&sigpipe_, nullptr, &at_once) < 0 && errno == EINTR) continue;
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = saved;
  }

  void raised() { raised_ = true; }

 private:
  sigset_t sigpipe_;
  sigset_t before_;
  bool active_ = false;
  bool raised_ = false;
};

// What the kernel moves in one call at most.
constexpr std::int64_t sendfile_max = 0x7ffff000;

}  // namespace

int open_socket(int domain) {
  return ::socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

int accept_socket(int listener, sockaddr* peer, socklen_t* length) {
  return ::accept4(listener, peer, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

const int sending_flags = MSG_NOSIGNAL;

bool belongs_to_dead_peer(int system_error) {
  switch (system_error) {
    case ECONNABORTED:
    case EPROTO:
    case EPERM:  // A firewall rule.
    // Errors of the network that wait on the new socket.
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case ETIMEDOUT:
      return true;
    default:
      return false;
  }
}

const int keep_alive_time_option = TCP_KEEPIDLE;

const int buffer_factor = 2;

Transfer send_file_by_system(int socket, const File& file, std::int64_t offset, std::int64_t length) {
  SigpipeGuard guard;
  auto position = static_cast<off_t>(offset);
  while (true) {
    const ssize_t count = ::sendfile(socket, static_cast<int>(file.handle()), &position,
                                     static_cast<std::size_t>(std::min(length, sendfile_max)));
    if (count >= 0) return {count, 0};
    if (errno == EINTR) continue;
    if (errno == EPIPE) guard.raised();
    return after_failed_sendfile(errno, socket, file, offset, length);
  }
}

rlim_t descriptors_max(const rlimit& limit) {
  return limit.rlim_max;
}

const char* system_name() {
  return "linux-" IPDAEMON_PROCESSOR;
}

}  // namespace ipdaemon
