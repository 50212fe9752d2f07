// Lets another thread wait for what a poller has to report, and leaves it to the poller: for loops that cannot wait for
// the poller themselves. Made by Poller::make_waiter, one at a time. It may outlive the poller, but no wait
// may run when the poller ends.
#pragma once

#include <memory>

namespace ipdaemon {

class Waiter {
 public:
  Waiter() = default;
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  virtual ~Waiter() = default;

  // Waits up to `timeout_ms` (-1: for ever). One thread at a time. Returns whether there is something to report;
  // false after the time-out, after a signal and after `wake`.
  virtual bool wait(int timeout_ms) = 0;

  // From any thread: ends the wait that runs, or else the next one. Several before that count as one.
  virtual void wake() = 0;
};

// For pollers with a descriptor. Null with the error code in `error` when the system has no more descriptors.
std::unique_ptr<Waiter> make_descriptor_waiter(int descriptor, int* error);

}  // namespace ipdaemon
