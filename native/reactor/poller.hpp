// Reports which sockets can make progress. One file per system defines the members; which one is
// chosen when the library is built. Level-triggered everywhere: a socket left half-read is reported
// again by the next wait.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/socket_handle.hpp"
#include "reactor/waiter.hpp"

namespace ipdaemon {

enum class Interest : std::uint8_t { none = 0, read = 1, write = 2, both = 3 };

inline bool wants_read(Interest interest) {
  return (static_cast<int>(interest) & 1) != 0;
}
inline bool wants_write(Interest interest) {
  return (static_cast<int>(interest) & 2) != 0;
}

struct Ready {
  void* token = nullptr;  // What was given to watch.
  bool readable = false;  // Data, end of data, or a waiting peer. Only if read was asked for.
  bool writable = false;  // Only if write was asked for.
  bool broken = false;    // Error, or closed both ways if the system reports that. Reported whatever was asked for.
  int error = 0;          // Why it is broken, if the system reports that here; otherwise the socket knows.
};

class Poller {
 public:
  // Null with the error code in `error` when the system has no more descriptors.
  static std::unique_ptr<Poller> create(int* error);
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // Return 0 or an error code. A socket is watched at most once, and forgotten before it is closed.
  int watch(SocketHandle socket, Interest interest, void* token);
  int change(SocketHandle socket, Interest interest, void* token);
  void forget(SocketHandle socket);

  // Waits up to `timeout_ms` (-1: for ever) and fills at most `ready_max` records. Returns how many;
  // 0 after the time-out and after a signal.
  int wait(Ready* ready, int ready_max, int timeout_ms);

  // A descriptor that an outer loop can watch for readability, or -1.
  std::int64_t descriptor() const;

  // For another thread to wait in. Null with an error code where that is not possible.
  std::unique_ptr<Waiter> make_waiter(int* error);
  // To be called in the poller's thread before each wait of a waiter, and after its own wait meanwhile. The waiter
  // waits for what is wanted then, and for what is changed later.
  void prepare_waiter();

  // The name for BuildInfo: "epoll".
  static const char* name();

 private:
  struct State;
  explicit Poller(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace ipdaemon
