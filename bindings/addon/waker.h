// Lets Node's loop wait for one server: calls back when the server has something to do, and keeps
// the process alive for as long as that is wanted. How the loop waits differs between hosts, hence
// the interface; the choice is made by create_waker.
#pragma once

#include <uv.h>

#include <cstdint>
#include <memory>

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

// Returns null when the loop refuses. `owner` and `handles` outlive the waker, `handles` also the
// closing of the loop handles.
std::unique_ptr<Waker> create_waker(uv_loop_t* loop, std::int64_t wait_handle, WakerOwner& owner, OpenHandles& handles);

}  // namespace ipdaemon::addon
