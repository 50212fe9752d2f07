// The socket calls of macOS and FreeBSD that differ from those of Linux.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/types.h>

#include <sys/sysctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "base/processor.hpp"
#include "base/system_error.hpp"
#include "ipdaemon.h"
#include "net/socket.hpp"
#include "net/socket_system.hpp"

namespace ipdaemon {

namespace {

#if defined(__APPLE__)

#define IPD_SYSTEM "darwin"
constexpr int keep_alive_time = TCP_KEEPALIVE;

// The hard limit is called unlimited there, but more than this is refused.
rlim_t descriptors_max_of_system() {
  int max = 0;
  std::size_t size = sizeof max;
  return ::sysctlbyname("kern.maxfilesperproc", &max, &size, nullptr, 0) == 0 && max > 0 ? static_cast<rlim_t>(max)
                                                                                         : OPEN_MAX;
}

// The flags of a new socket are set afterwards.
int make_socket(int domain) {
  return ::socket(domain, SOCK_STREAM, 0);
}
int take_peer(int listener, sockaddr* peer, socklen_t* length) {
  return ::accept(listener, peer, length);
}

// `moved` may be more than 0 although the call failed.
int move_file(int file, int socket, off_t offset, std::int64_t length, off_t* moved) {
  *moved = length;
  return ::sendfile(file, socket, offset, moved, nullptr, 0);
}

#elif defined(__FreeBSD__)

#define IPD_SYSTEM "freebsd"
constexpr int keep_alive_time = TCP_KEEPIDLE;

rlim_t descriptors_max_of_system() {
  return RLIM_INFINITY;
}

int make_socket(int domain) {
  return ::socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0);
}
int take_peer(int listener, sockaddr* peer, socklen_t* length) {
  return ::accept4(listener, peer, length, SOCK_CLOEXEC);
}

int move_file(int file, int socket, off_t offset, std::int64_t length, off_t* moved) {
  *moved = 0;
  return ::sendfile(file, socket, offset, static_cast<std::size_t>(length), nullptr, moved, 0);
}

#else
#error "Add what this system calls its keep-alive option, and how its sendfile is called"
#endif

// Gives a new socket what it cannot be given as it is made. Returns false with errno set.
bool prepare(int descriptor) {
  const int on = 1;
  return fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 && fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0 &&
         setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on) == 0;
}

int prepared(int descriptor) {
  if (descriptor < 0 || prepare(descriptor)) return descriptor;
  const int error = errno;
  ::close(descriptor);
  errno = error;
  return -1;
}

}  // namespace

int open_socket(int domain) {
  return prepared(make_socket(domain));
}

int accept_socket(int listener, sockaddr* peer, socklen_t* length) {
  const int accepted = take_peer(listener, peer, length);
  if (accepted < 0) return accepted;
  const int descriptor = prepared(accepted);
  // Options of a socket whose peer has gone cannot be set.
  if (descriptor < 0) errno = ECONNABORTED;
  return descriptor;
}

const int sending_flags = 0;

bool belongs_to_dead_peer(int system_error) {
  return system_error == ECONNABORTED;
}

const int keep_alive_time_option = keep_alive_time;

const int buffer_factor = 1;

Transfer send_file_by_system(int socket, const File& file, std::int64_t offset, std::int64_t length) {
  while (true) {
    off_t moved = 0;
    const int result = move_file(static_cast<int>(file.handle()), socket, static_cast<off_t>(offset), length, &moved);
    if (result == 0 || moved > 0) return {moved, 0};
    if (errno == EINTR) continue;
    // After a reset it says that the socket is not connected, which is all that it looks at.
    if (errno == ENOTCONN) return {0, IPDAEMON_ERROR_RESET_BY_PEER};
    return after_failed_sendfile(errno, socket, file, offset, length);
  }
}

rlim_t descriptors_max(const rlimit& limit) {
  return std::min(limit.rlim_max, descriptors_max_of_system());
}

const char* system_name() {
  return IPD_SYSTEM "-" IPDAEMON_PROCESSOR;
}

}  // namespace ipdaemon
