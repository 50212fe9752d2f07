// Sockets of Windows, by Winsock.
#include "net/socket.hpp"

#include <winsock2.h>

#include <ws2tcpip.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <memory>
#include <utility>

#include "base/system_error.hpp"
#include "ipdaemon.h"
#include "net/sockaddr.hpp"

namespace ipdaemon {

namespace {

static_assert(sizeof(SOCKET) == sizeof(SocketHandle) && static_cast<SocketHandle>(INVALID_SOCKET) == no_socket);

// What one call takes at most, the rest goes out with the next one: the system would keep any size in its own memory.
constexpr std::size_t send_max = 256 * 1024;

// Options that headers may lack; the numbers are part of the system's interface.
constexpr KeepAliveOptions keep_alive_options = {.time_s = 3, .interval_s = 17, .count = 16};

// Winsock is there once a process has started it, and stays.
bool start_winsock() {
  static const bool started = [] {
    WSADATA data;
    return WSAStartup(MAKEWORD(2, 2), &data) == 0;
  }();
  return started;
}

int last_code() {
  return code_from_system(WSAGetLastError());
}

Transfer failed() {
  return {0, last_code()};
}

SOCKET new_socket(Family family) {
  if (!start_winsock()) return INVALID_SOCKET;
  return WSASocketW(domain_of(family), SOCK_STREAM, IPPROTO_TCP, nullptr, 0,
                    WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
}

bool set_not_blocking(SocketHandle socket) {
  u_long on = 1;
  return ioctlsocket(socket, static_cast<long>(FIONBIO), &on) == 0;
}

// The peer at the head of the queue went away. Wine says that it is not connected.
bool belongs_to_dead_peer(int system_error) {
  return system_error == WSAECONNRESET || system_error == WSAECONNABORTED || system_error == WSAENETRESET ||
         system_error == WSAENOTCONN;
}

bool set_integer(SocketHandle socket, int level, int option, int value) {
  return setsockopt(socket, level, option, reinterpret_cast<const char*>(&value), sizeof value) == 0;
}

}  // namespace

int Socket::create(Family family, Socket* out) {
  if (family == Family::none) return IPDAEMON_ERROR_ADDRESS_FAMILY_NOT_SUPPORTED;
  Socket socket(new_socket(family));
  if (!socket.valid() || !set_not_blocking(socket.handle())) return last_code();
  *out = std::move(socket);
  return 0;
}

int Socket::listen(const Endpoint& local, const ListenOptions& options, Socket* out) {
  const Family family = local.address.family;
  Socket socket;
  if (const int error = create(family, &socket); error != 0) return error;
  const SocketHandle handle = socket.handle();
  if (family == Family::ipv6 && !set_integer(handle, IPPROTO_IPV6, IPV6_V6ONLY, options.dual_stack ? 0 : 1)) {
    return last_code();
  }
  // A port is free at once here after its listener was closed. SO_REUSEADDR means that any program may take the
  // port away, so without sharing it is kept to this one.
  const int sharing = options.share_port ? SO_REUSEADDR : SO_EXCLUSIVEADDRUSE;
  if (!set_integer(handle, SOL_SOCKET, sharing, 1)) return last_code();
  // The system may clamp or ignore the sizes; what is in force can be read back.
  if (options.receive_buffer > 0) set_integer(handle, SOL_SOCKET, SO_RCVBUF, options.receive_buffer);
  if (options.send_buffer > 0) set_integer(handle, SOL_SOCKET, SO_SNDBUF, options.send_buffer);
  sockaddr_storage address;
  const int length = to_system(local, &address);
  if (::bind(handle, reinterpret_cast<const sockaddr*>(&address), length) != 0) return last_code();
  if (::listen(handle, options.backlog) != 0) return last_code();
  *out = std::move(socket);
  return 0;
}

int Socket::listen_again(int backlog) {
  return ::listen(handle_, backlog) == 0 ? 0 : last_code();
}

int Socket::accept(Socket* out, Endpoint* peer) {
  for (int dead = 0; dead < dead_peers_max; ++dead) {
    sockaddr_storage address = {};
    int length = sizeof address;
    Socket socket(::accept(handle_, reinterpret_cast<sockaddr*>(&address), &length));
    if (!socket.valid()) {
      if (!belongs_to_dead_peer(WSAGetLastError())) return last_code();
      continue;
    }
    const Endpoint endpoint = from_system(reinterpret_cast<const sockaddr*>(&address));
    // It has the listener's mode, but may be inherited by programs.
    const auto handle = reinterpret_cast<HANDLE>(socket.handle());
    if (endpoint.address.family == Family::none || !set_not_blocking(socket.handle()) ||
        !SetHandleInformation(handle, HANDLE_FLAG_INHERIT, 0)) {
      continue;
    }
    *peer = endpoint;
    *out = std::move(socket);
    return 0;
  }
  return IPDAEMON_ERROR_WOULD_BLOCK;
}

Transfer Socket::receive(void* buffer, std::size_t length) {
  const int wanted = static_cast<int>(std::min<std::size_t>(length, INT_MAX));
  const int count = ::recv(handle_, static_cast<char*>(buffer), wanted, 0);
  return count >= 0 ? Transfer{count, 0} : failed();
}

bool Socket::has_input() {
  char byte = 0;
  if (::recv(handle_, &byte, sizeof byte, MSG_PEEK) >= 0) return true;
  return failed().error != IPDAEMON_ERROR_WOULD_BLOCK;
}

Transfer Socket::send(const BytesView* pieces, int count) {
  WSABUF parts[pieces_max];
  std::size_t room = send_max;
  int used = 0;
  for (; used < std::min(count, pieces_max) && room > 0; ++used) {
    const std::size_t length = std::min(pieces[used].size(), room);
    // The system only reads through the pointer, its type cannot say so.
    parts[used].buf = const_cast<char*>(pieces[used].data());
    parts[used].len = static_cast<ULONG>(length);
    room -= length;
  }
  if (used == 0) return {0, 0};  // The call refuses that.
  DWORD sent = 0;
  if (WSASend(handle_, parts, static_cast<DWORD>(used), &sent, 0, nullptr, nullptr) != 0) return failed();
  return {sent, 0};
}

// TransmitFile waits on a socket that does not, or answers later; so the file is read here.
Transfer Socket::send_file(const File& file, std::int64_t offset, std::int64_t length) {
  if (length <= 0) return {0, 0};
  char buffer[64 * 1024];
  const Transfer read =
      file.read(offset, buffer, static_cast<std::size_t>(std::min<std::int64_t>(length, sizeof buffer)));
  if (read.error != 0 || read.count == 0) return read;
  const int sent = ::send(handle_, buffer, static_cast<int>(read.count), 0);
  return sent >= 0 ? Transfer{sent, 0} : failed();
}

int Socket::shut_down_send() {
  return ::shutdown(handle_, SD_SEND) == 0 ? 0 : last_code();
}

void Socket::close() {
  if (valid()) closesocket(release());
}

void Socket::reset() {
  if (!valid()) return;
  const linger at_once = {1, 0};
  setsockopt(handle_, SOL_SOCKET, SO_LINGER, reinterpret_cast<const char*>(&at_once), sizeof at_once);
  close();
}

int Socket::set(SocketOption option, int value) {
  const auto [level, name] = level_and_option(option, keep_alive_options);
  return set_integer(handle_, level, name, value) ? 0 : last_code();
}

int Socket::get(SocketOption option, int* value) const {
  const auto [level, name] = level_and_option(option, keep_alive_options);
  int result = 0;
  int length = sizeof result;
  if (getsockopt(handle_, level, name, reinterpret_cast<char*>(&result), &length) != 0) return last_code();
  if (option == SocketOption::keep_alive || option == SocketOption::no_delay) result = result != 0 ? 1 : 0;
  *value = result;
  return 0;
}

int Socket::local_endpoint(Endpoint* out) const {
  sockaddr_storage address = {};
  int length = sizeof address;
  if (getsockname(handle_, reinterpret_cast<sockaddr*>(&address), &length) != 0) return last_code();
  *out = from_system(reinterpret_cast<const sockaddr*>(&address));
  return 0;
}

int Socket::pending_error() {
  int error = 0;
  int length = sizeof error;
  if (getsockopt(handle_, SOL_SOCKET, SO_ERROR, reinterpret_cast<char*>(&error), &length) != 0) return last_code();
  return code_from_system(error);
}

int resolve(const std::string& name, std::vector<Address>* out) {
  if (name.empty() || name.find('\0') != std::string::npos) return IPDAEMON_ERROR_HOST_NOT_FOUND;
  if (!start_winsock()) return IPDAEMON_ERROR_NETWORK_DOWN;
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  // Its errors are Winsock's.
  if (const int status = getaddrinfo(name.c_str(), nullptr, &hints, &found); status != 0) {
    return code_from_system(status);
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(found, &freeaddrinfo);
  std::vector<Address> addresses = addresses_of(list.get());
  if (addresses.empty()) return IPDAEMON_ERROR_NO_ADDRESS;
  *out = std::move(addresses);
  return 0;
}

bool family_available(Family family) {
  return family != Family::none && Socket(new_socket(family)).valid();
}

// There is no limit but memory.
std::int64_t raise_descriptor_limit() {
  return 0;
}

#if defined(_M_ARM64) || defined(__aarch64__)
#define IPD_PROCESSOR "arm64"
#elif defined(_M_X64) || defined(__x86_64__)
#define IPD_PROCESSOR "x64"
#else
#define IPD_PROCESSOR "ia32"
#endif

const char* system_name() {
  return "win32-" IPD_PROCESSOR;
}

}  // namespace ipdaemon
