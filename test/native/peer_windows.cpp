// The plain client of Windows.
#include <winsock2.h>

#include <windows.h>
#include <ws2tcpip.h>

#include <algorithm>

#include "peer.hpp"

namespace ipdaemon::test {

namespace {

// The library starts Winsock when it makes its first socket, which may be later.
void start_winsock() {
  static const int error = [] {
    WSADATA data;
    return WSAStartup(MAKEWORD(2, 2), &data);
  }();
  REQUIRE_EQ(error, 0);
}

// Winsock's own waiting, which has nothing in common with the poller.
bool becomes(SocketHandle socket, bool readable, int timeout_ms) {
  fd_set wanted;
  FD_ZERO(&wanted);
  FD_SET(socket, &wanted);
  timeval limit = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
  return ::select(0, readable ? &wanted : nullptr, readable ? nullptr : &wanted, nullptr, &limit) == 1;
}

int as_int(std::size_t length) {
  return static_cast<int>(std::min<std::size_t>(length, 1 << 30));
}

// Calls with the socket not blocking.
template <typename Call>
Transfer without_waiting(SocketHandle socket, Call call) {
  u_long on = 1;
  REQUIRE_EQ(ioctlsocket(socket, static_cast<long>(FIONBIO), &on), 0);
  const int count = call();
  const int error = count >= 0 ? 0 : WSAGetLastError() == WSAEWOULDBLOCK ? 10035 : 10054;
  u_long off = 0;
  REQUIRE_EQ(ioctlsocket(socket, static_cast<long>(FIONBIO), &off), 0);
  return {std::max(count, 0), error};
}

}  // namespace

bool under_wine() {
  return GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != nullptr;
}

bool becomes_readable(SocketHandle socket, int timeout_ms) {
  return becomes(socket, true, timeout_ms);
}

bool becomes_writable(SocketHandle socket, int timeout_ms) {
  return becomes(socket, false, timeout_ms);
}

Peer Peer::connect(std::uint16_t port, Family family, int receive_buffer) {
  start_winsock();
  Peer peer(::socket(family == Family::ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0));
  REQUIRE(peer.socket_ != no_socket);
  if (receive_buffer > 0) {
    setsockopt(peer.socket_, SOL_SOCKET, SO_RCVBUF, reinterpret_cast<const char*>(&receive_buffer),
               sizeof receive_buffer);
  }
  int result;
  if (family == Family::ipv6) {
    sockaddr_in6 address = {};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    address.sin6_addr.s6_addr[15] = 1;
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
    const int count = ::send(socket_, bytes.data(), as_int(bytes.size()), 0);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

std::string Peer::receive(std::size_t length) const {
  std::string bytes;
  while (bytes.size() < length && becomes_readable(socket_, patience_ms)) {
    char buffer[65536];
    const int count = ::recv(socket_, buffer, as_int(std::min(sizeof buffer, length - bytes.size())), 0);
    if (count <= 0) break;
    bytes.append(buffer, static_cast<std::size_t>(count));
  }
  return bytes;
}

int Peer::next() const {
  if (!becomes_readable(socket_, patience_ms)) return -2;
  char byte;
  const int count = ::recv(socket_, &byte, 1, MSG_PEEK);
  return count > 0 ? 1 : count == 0 ? 0 : -1;
}

Transfer Peer::send_now(std::string_view bytes) const {
  return without_waiting(socket_, [&] { return ::send(socket_, bytes.data(), as_int(bytes.size()), 0); });
}

Transfer Peer::receive_now(void* buffer, std::size_t length) const {
  return without_waiting(socket_, [&] { return ::recv(socket_, static_cast<char*>(buffer), as_int(length), 0); });
}

void Peer::shut_down_send() const {
  ::shutdown(socket_, SD_SEND);
}

void Peer::close() {
  if (socket_ != no_socket) ::closesocket(std::exchange(socket_, no_socket));
}

void Peer::reset() {
  const linger at_once = {1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, reinterpret_cast<const char*>(&at_once), sizeof at_once);
  close();
}

std::uint16_t Peer::port() const {
  sockaddr_storage address = {};
  int length = sizeof address;
  REQUIRE_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length), 0);
  // The port is at the same place in both families.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

}  // namespace ipdaemon::test
