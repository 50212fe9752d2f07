// The plain client of POSIX systems.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "peer.hpp"

namespace ipdaemon::test {

namespace {

bool becomes(SocketHandle socket, short wanted, int timeout_ms) {
  pollfd entry = {socket, wanted, 0};
  return ::poll(&entry, 1, timeout_ms) == 1;
}

Transfer moved(ssize_t count) {
  if (count >= 0) return {count, 0};
  return {0, errno == EAGAIN ? 10035 : 10054};
}

}  // namespace

bool under_wine() {
  return false;
}

bool becomes_readable(SocketHandle socket, int timeout_ms) {
  return becomes(socket, POLLIN, timeout_ms);
}

bool becomes_writable(SocketHandle socket, int timeout_ms) {
  return becomes(socket, POLLOUT, timeout_ms);
}

Peer Peer::connect(std::uint16_t port, Family family, int receive_buffer) {
  Peer peer(::socket(family == Family::ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0));
  REQUIRE(peer.socket_ != no_socket);
  if (receive_buffer > 0) {
    setsockopt(peer.socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  int result;
  if (family == Family::ipv6) {
    sockaddr_in6 address = {};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    address.sin6_addr = in6addr_loopback;
    result = ::connect(peer.socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  } else {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    result = ::connect(peer.socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  REQUIRE_EQ(result, 0);
  return peer;
}

bool Peer::try_send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

std::string Peer::receive(std::size_t length) const {
  std::string bytes;
  while (bytes.size() < length && becomes_readable(socket_, patience_ms)) {
    char buffer[65536];
    const ssize_t count = ::recv(socket_, buffer, std::min(sizeof buffer, length - bytes.size()), 0);
    if (count <= 0) break;
    bytes.append(buffer, static_cast<std::size_t>(count));
  }
  return bytes;
}

int Peer::next() const {
  if (!becomes_readable(socket_, patience_ms)) return -2;
  char byte;
  const ssize_t count = ::recv(socket_, &byte, 1, MSG_PEEK);
  return count > 0 ? 1 : count == 0 ? 0 : -1;
}

Transfer Peer::send_now(std::string_view bytes) const {
  return moved(::send(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
}

Transfer Peer::receive_now(void* buffer, std::size_t length) const {
  return moved(::recv(socket_, buffer, length, MSG_DONTWAIT));
}

void Peer::shut_down_send() const {
  ::shutdown(socket_, SHUT_WR);
}

void Peer::close() {
  if (socket_ != no_socket) ::close(std::exchange(socket_, no_socket));
}

void Peer::reset() {
  const linger at_once = {1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

std::uint16_t Peer::port() const {
  sockaddr_storage address = {};
  socklen_t length = sizeof address;
  REQUIRE_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length), 0);
  // The port is at the same place in both families.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

}  // namespace ipdaemon::test
