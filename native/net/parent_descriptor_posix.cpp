// A pipe or a socket whose other end the parent has; neither is changed, since other processes may have it, too.
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstdlib>

#include "net/parent_descriptor.hpp"
#include "net/socket_system.hpp"

namespace ipdaemon {

const char* environment(const char* name) {
  return std::getenv(name);
}

bool has_other_end(int descriptor) {
  struct stat status {};
  return fstat(descriptor, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

// Only looked at: what comes is left, because the variable may name a descriptor that is somebody else's by now.
bool other_end_is_closed(int descriptor) {
  char next = 0;
  if (recv(descriptor, &next, 1, MSG_PEEK | MSG_DONTWAIT) == 0) return true;
  pollfd watched{descriptor, POLLIN, 0};
  return poll(&watched, 1, 0) > 0 && (watched.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

void tell_other_end(int descriptor, char what) {
  // Fails for a pipe, which goes one way.
  static_cast<void>(send(descriptor, &what, 1, MSG_DONTWAIT | sending_flags));
}

}  // namespace ipdaemon
