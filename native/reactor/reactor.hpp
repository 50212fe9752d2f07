// One turn: wait, then tell each source that it can make progress. Turns nest, because a callback may
// pump events itself. Sources that were closed are kept until no turn can hold a pointer to them.
#pragma once

#include <memory>

#include "reactor/poller.hpp"
#include "reactor/source.hpp"

namespace ipdaemon {

class Reactor {
 public:
  explicit Reactor(std::unique_ptr<Poller> poller) : poller_(std::move(poller)) {}
  ~Reactor() { free_retired(); }

  Poller& poller() { return *poller_; }

  // Waits up to `timeout_ms` and serves each ready source once; after each one `between` is called
  // and ends the turn by returning false (what was not served is reported again by the next turn).
  // Returns how many sources were ready.
  template <typename Between>
  int turn(int timeout_ms, Between between);

  // Takes a source that was closed, to be freed by free_retired.
  void retire(std::unique_ptr<Source> source);
  // To be called when no turn and no callback of a source is on the stack.
  void free_retired();

 private:
  static constexpr int ready_max = 128;

  static void serve(const Ready& ready);

  std::unique_ptr<Poller> poller_;
  std::unique_ptr<Source> retired_;
};

template <typename Between>
int Reactor::turn(int timeout_ms, Between between) {
  Ready ready[ready_max];
  const int count = poller_->wait(ready, ready_max, timeout_ms);
  for (int i = 0; i < count; ++i) {
    serve(ready[i]);
    if (!between()) break;
  }
  return count;
}

}  // namespace ipdaemon
