// Lets Node's loop wait for one server: calls back when the server has something to do, and keeps
// the process alive for as long as that is wanted. How the loop waits differs between hosts, hence
// the interface.
#pragma once

#include <uv.h>

#include <cstdint>
#include <memory>

#include "ipdaemon.h"

namespace ipdaemon::addon {

// What a waker reports. Both are called on the loop's thread.
class WakerOwner {
 public:
  // The server has something to do, or its next deadline has come.
  virtual void on_wake() = 0;

 protected:
  ~WakerOwner() = default;
};

// Counts the loop handles of an environment that are not yet closed; the environment may go only
// when there are none.
class OpenHandles {
 public:
  virtual void on_handle_opened() = 0;
  virtual void on_handle_closed() = 0;

 protected:
  ~OpenHandles() = default;
};

class Waker {
 public:
  // Stops at once. The loop's own records of the handles go later, when the loop says so.
  virtual ~Waker() = default;

  // Waits for the server if `wanted`, and then keeps the process alive. `next_deadline_ms` is what
  // ipdaemon_next_deadline says.
  virtual void update(bool wanted, std::int32_t next_deadline_ms) = 0;
};

// Where the loop's own records of a waker come from and go to. `owner` and `open` outlive the waker, `open` also
// the closing of the loop handles.
struct WakerPlace {
  uv_loop_t* loop;
  WakerOwner& owner;
  OpenHandles& open;
};

// For a server whose descriptor the loop can wait for. Null when the loop refuses.
std::unique_ptr<Waker> create_poll_waker(const WakerPlace& place, std::int64_t wait_handle);

// For all others, at the cost of a way between two threads for everything that happens. Null when no thread can
// wait for the server, or when the loop or the system refuses.
std::unique_ptr<Waker> create_thread_waker(const WakerPlace& place, ipdaemon_t handle);

}  // namespace ipdaemon::addon
