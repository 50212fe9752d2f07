// The socket calls, thin and non-blocking. One file per system defines them (socket_posix.cpp, the
// simulator's). Every error is a code of ipdaemon_errors.def; interrupted calls are repeated inside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/socket_handle.hpp"
#include "net/address.hpp"
#include "net/file.hpp"
#include "net/transfer.hpp"

namespace ipdaemon {

enum class SocketOption : std::uint8_t {
  keep_alive,         // 0 or 1
  keep_alive_time_s,  // seconds before the first probe
  keep_alive_interval_s,
  keep_alive_count,
  no_delay,        // 0 or 1
  receive_buffer,  // bytes, as asked for: what the system doubles is halved on reading
  send_buffer,
};

struct ListenOptions {
  int backlog = 5;
  bool share_port = false;  // Other listeners of the same user may have the port too.
  bool dual_stack = false;  // An IPv6 listener takes IPv4 peers as well.
  int receive_buffer = 0;   // 0: the system's. Set before listening, as accepted sockets inherit it.
  int send_buffer = 0;
};

// Owns one socket.
class Socket {
 public:
  Socket() = default;
  explicit Socket(SocketHandle handle) : handle_(handle) {}
  Socket(Socket&& other) noexcept : handle_(other.release()) {}
  Socket& operator=(Socket&& other) noexcept {
    if (this != &other) {
      close();
      handle_ = other.release();
    }
    return *this;
  }
  ~Socket() { close(); }

  // An unconnected socket, to ask the system what its options are worth. Returns 0 or an error code.
  static int create(Family family, Socket* out);
  // A bound, listening, non-blocking socket. Returns 0 or an error code.
  static int listen(const Endpoint& local, const ListenOptions& options, Socket* out);
  // Changes the backlog of a listening socket.
  int listen_again(int backlog);
  // The next waiting peer, non-blocking, not inherited by child processes. 10035 when there is none;
  // errors that belong to a peer that went away meanwhile are passed over.
  int accept(Socket* out, Endpoint* peer);

  Transfer receive(void* buffer, std::size_t length);
  // Whether receive would find something: bytes, their end, or an error.
  bool has_input();
  // Sends the pieces in order with one call. Never raises a signal.
  Transfer send(const BytesView* pieces, int count);
  // Sends from the file's position `offset`; a count of 0 without an error is the end of the file.
  // `FILE_UNUSABLE` when reading the file fails.
  Transfer send_file(const File& file, std::int64_t offset, std::int64_t length);

  int shut_down_send();
  void close();  // In order: what the system holds is still sent.
  void reset();  // At once: the peer sees a reset.

  int set(SocketOption option, int value);
  int get(SocketOption option, int* value) const;
  int local_endpoint(Endpoint* out) const;
  // The error the system holds for the socket, 0 for none; reading clears it.
  int pending_error();

  SocketHandle handle() const { return handle_; }
  bool valid() const { return handle_ != no_socket; }

 private:
  SocketHandle release() {
    const SocketHandle handle = handle_;
    handle_ = no_socket;
    return handle;
  }
  SocketHandle handle_ = no_socket;
};

// The addresses of a host name, in the system's order. Blocks. Returns 0 or an error code (11001 ...).
int resolve(const std::string& name, std::vector<Address>* out);

// Whether the system can open sockets of this family.
bool family_available(Family family);

// Raises the limit of open descriptors as far as allowed; returns what is in force, 0 for unlimited.
std::int64_t raise_descriptor_limit();

// The system's name, for BuildInfo: "linux-x64".
const char* system_name();

}  // namespace ipdaemon
