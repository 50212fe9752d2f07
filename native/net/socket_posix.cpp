// Sockets of POSIX systems. What is not the same on all of them is behind socket_system.hpp.
#include "net/socket.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "base/system_error.hpp"
#include "ipdaemon.h"
#include "net/sockaddr.hpp"
#include "net/socket_system.hpp"

namespace ipdaemon {

namespace {

// Not constant: one of them is defined for each system.
const KeepAliveOptions keep_alive_options = {keep_alive_time_option, TCP_KEEPINTVL, TCP_KEEPCNT};

bool set_integer(int descriptor, int level, int option, int value) {
  return setsockopt(descriptor, level, option, &value, sizeof value) == 0;
}

bool is_buffer(SocketOption option) {
  return option == SocketOption::receive_buffer || option == SocketOption::send_buffer;
}

Transfer failed(int system_error) {
  return {0, code_from_system(system_error)};
}

// Whether it takes something now.
bool is_writable(int socket) {
  pollfd entry = {socket, POLLOUT, 0};
  return ::poll(&entry, 1, 0) == 1;
}

int code_from_resolver(int status, int system_error) {
  switch (status) {
    case 0:
      return 0;
    case EAI_NONAME:
      return IPDAEMON_ERROR_HOST_NOT_FOUND;
    case EAI_AGAIN:
      return IPDAEMON_ERROR_HOST_NOT_FOUND_NOW;
    case EAI_FAMILY:
      return IPDAEMON_ERROR_ADDRESS_FAMILY_NOT_SUPPORTED;
    case EAI_MEMORY:
      return IPDAEMON_ERROR_NO_BUFFERS;
    case EAI_SYSTEM:
      return code_from_system(system_error);
#if defined(EAI_NODATA) && EAI_NODATA != EAI_NONAME
    case EAI_NODATA:
      return IPDAEMON_ERROR_NO_ADDRESS;
#endif
#if defined(EAI_ADDRFAMILY)
    case EAI_ADDRFAMILY:
      return IPDAEMON_ERROR_NO_ADDRESS;
#endif
    default:
      return IPDAEMON_ERROR_NAME_SERVER_FAILED;
  }
}

}  // namespace

int Socket::create(Family family, Socket* out) {
  if (family == Family::none) return IPDAEMON_ERROR_ADDRESS_FAMILY_NOT_SUPPORTED;
  Socket socket(open_socket(domain_of(family)));
  if (!socket.valid()) return code_from_system(errno);
  *out = std::move(socket);
  return 0;
}

int Socket::listen(const Endpoint& local, const ListenOptions& options, Socket* out) {
  const Family family = local.address.family;
  Socket socket;
  if (const int error = create(family, &socket); error != 0) return error;
  const int descriptor = socket.handle();
  if (family == Family::ipv6 && !set_integer(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, options.dual_stack ? 0 : 1)) {
    return code_from_system(errno);
  }
  // Without it a restart fails for a minute, as long as connections of the last run are remembered.
  // It does not let two listeners have the same port; SO_REUSEPORT does.
  if (!set_integer(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)) return code_from_system(errno);
  if (options.share_port && !set_integer(descriptor, SOL_SOCKET, SO_REUSEPORT, 1)) return code_from_system(errno);
  // The system may clamp or ignore the sizes; what is in force can be read back.
  if (options.receive_buffer > 0) set_integer(descriptor, SOL_SOCKET, SO_RCVBUF, options.receive_buffer);
  if (options.send_buffer > 0) set_integer(descriptor, SOL_SOCKET, SO_SNDBUF, options.send_buffer);
  sockaddr_storage address;
  const auto length = static_cast<socklen_t>(to_system(local, &address));
  if (::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), length) != 0) return code_from_system(errno);
  if (::listen(descriptor, options.backlog) != 0) return code_from_system(errno);
  *out = std::move(socket);
  return 0;
}

int Socket::listen_again(int backlog) {
  return ::listen(handle_, backlog) == 0 ? 0 : code_from_system(errno);
}

int Socket::accept(Socket* out, Endpoint* peer) {
  for (int dead = 0; dead < dead_peers_max;) {
    sockaddr_storage address = {};
    socklen_t length = sizeof address;
    Socket socket(accept_socket(handle_, reinterpret_cast<sockaddr*>(&address), &length));
    if (socket.valid()) {
      // macOS reports a peer that is gone already with an empty address.
      const Endpoint endpoint = from_system(reinterpret_cast<const sockaddr*>(&address));
      if (endpoint.address.family == Family::none) {
        ++dead;
        continue;
      }
      *peer = endpoint;
      *out = std::move(socket);
      return 0;
    }
    if (errno == EINTR) continue;
    if (!belongs_to_dead_peer(errno)) return code_from_system(errno);
    ++dead;
  }
  return IPDAEMON_ERROR_WOULD_BLOCK;
}

Transfer Socket::receive(void* buffer, std::size_t length) {
  while (true) {
    const ssize_t count = ::recv(handle_, buffer, length, 0);
    if (count >= 0) return {count, 0};
    if (errno != EINTR) return failed(errno);
  }
}

bool Socket::has_input() {
  char byte = 0;
  while (true) {
    if (::recv(handle_, &byte, sizeof byte, MSG_PEEK) >= 0) return true;
    if (errno != EINTR) return failed(errno).error != IPDAEMON_ERROR_WOULD_BLOCK;
  }
}

Transfer Socket::send(const BytesView* pieces, int count) {
  if (count == 1) {
    while (true) {
      const ssize_t sent = ::send(handle_, pieces->data(), pieces->size(), sending_flags);
      if (sent >= 0) return {sent, 0};
      if (errno != EINTR) return failed(errno);
    }
  }
  iovec parts[pieces_max];
  const int used = std::clamp(count, 0, pieces_max);
  for (int i = 0; i < used; ++i) {
    // The system only reads through the pointer, its type cannot say so.
    parts[i] = {const_cast<char*>(pieces[i].data()), pieces[i].size()};
  }
  msghdr message = {};
  message.msg_iov = parts;
  message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(used);
  while (true) {
    const ssize_t sent = ::sendmsg(handle_, &message, sending_flags);
    if (sent >= 0) return {sent, 0};
    if (errno != EINTR) return failed(errno);
  }
}

Transfer send_file_by_reading(int socket, const File& file, std::int64_t offset, std::int64_t length) {
  char buffer[16 * 1024];
  std::int64_t moved = 0;
  while (moved < length) {
    const auto wanted = static_cast<std::size_t>(std::min<std::int64_t>(length - moved, sizeof buffer));
    const Transfer piece = file.read(offset + moved, buffer, wanted);
    if (piece.error != 0 || piece.count == 0) return moved > 0 ? Transfer{moved, 0} : piece;
    ssize_t count;
    do {
      count = ::send(socket, buffer, static_cast<std::size_t>(piece.count), sending_flags);
    } while (count < 0 && errno == EINTR);
    if (count < 0) return moved > 0 ? Transfer{moved, 0} : failed(errno);
    moved += count;
    if (count < piece.count) break;
  }
  return {moved, 0};
}

Transfer after_failed_sendfile(int system_error, int socket, const File& file, std::int64_t offset,
                               std::int64_t length) {
  switch (system_error) {
    case EPIPE:
    case ECONNRESET:
    case ECONNABORTED:
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENETUNREACH:
    case ENETDOWN:
      return failed(system_error);
    case EAGAIN:
      // It may be the file that has nothing to give now; waiting for the socket would never end then.
      if (!is_writable(socket)) return {0, IPDAEMON_ERROR_WOULD_BLOCK};
      break;
    default:  // The system cannot, or must not, send this file by itself.
      break;
  }
  return send_file_by_reading(socket, file, offset, length);
}

Transfer Socket::send_file(const File& file, std::int64_t offset, std::int64_t length) {
  // Nothing to send is the end of the file for the caller, and "up to its end" for some systems.
  if (length <= 0) return {0, 0};
  if (file.is_read()) return send_file_by_reading(handle_, file, offset, length);
  return send_file_by_system(handle_, file, offset, length);
}

int Socket::shut_down_send() {
  return ::shutdown(handle_, SHUT_WR) == 0 ? 0 : code_from_system(errno);
}

void Socket::close() {
  if (!valid()) return;
  // Never repeated: after EINTR the number is free, and may be another thread's by now.
  const int saved = errno;
  ::close(release());
  errno = saved;
}

void Socket::reset() {
  if (!valid()) return;
  const int saved = errno;
  const linger at_once = {1, 0};
  setsockopt(handle_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
  errno = saved;
}

int Socket::set(SocketOption option, int value) {
  const auto [level, name] = level_and_option(option, keep_alive_options);
  return set_integer(handle_, level, name, value) ? 0 : code_from_system(errno);
}

int Socket::get(SocketOption option, int* value) const {
  const auto [level, name] = level_and_option(option, keep_alive_options);
  int result = 0;
  socklen_t length = sizeof result;
  if (getsockopt(handle_, level, name, &result, &length) != 0) return code_from_system(errno);
  if (option == SocketOption::keep_alive || option == SocketOption::no_delay) result = result != 0 ? 1 : 0;
  *value = is_buffer(option) ? result / buffer_factor : result;
  return 0;
}

int Socket::local_endpoint(Endpoint* out) const {
  sockaddr_storage address = {};
  socklen_t length = sizeof address;
  if (getsockname(handle_, reinterpret_cast<sockaddr*>(&address), &length) != 0) return code_from_system(errno);
  *out = from_system(reinterpret_cast<const sockaddr*>(&address));
  return 0;
}

int Socket::pending_error() {
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(handle_, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return code_from_system(errno);
  return code_from_system(error);
}

int resolve(const std::string& name, std::vector<Address>* out) {
  if (name.empty() || name.find('\0') != std::string::npos) return IPDAEMON_ERROR_HOST_NOT_FOUND;
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int status = getaddrinfo(name.c_str(), nullptr, &hints, &found);
  if (status != 0) return code_from_resolver(status, errno);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(found, &freeaddrinfo);
  std::vector<Address> addresses = addresses_of(list.get());
  if (addresses.empty()) return IPDAEMON_ERROR_NO_ADDRESS;
  *out = std::move(addresses);
  return 0;
}

bool family_available(Family family) {
  if (family == Family::none) return false;
  return Socket(open_socket(domain_of(family))).valid();
}

std::int64_t raise_descriptor_limit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlim_t wanted = descriptors_max(limit);
  if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < wanted) {
    rlimit raised = limit;
    raised.rlim_cur = wanted;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return limit.rlim_cur == RLIM_INFINITY ? 0 : static_cast<std::int64_t>(limit.rlim_cur);
}

}  // namespace ipdaemon
