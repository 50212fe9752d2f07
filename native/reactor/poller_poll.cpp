// The poller for every system with poll(2): an array of what is watched, handed over as a whole at
// each wait. Its cost grows with the number of sockets; it is there for systems without a better one,
// and to run every test of the server against a second implementation.
//
// poll(2) knows numbers, not sockets: a socket that was closed without forget, and whose number the
// system gave away again before the next wait, is reported as if it were the old one. So forget first.
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "base/system_error.hpp"
#include "ipdaemon.h"
#include "reactor/poller.hpp"
#include "reactor/wait_limit.hpp"
#include "reactor/wake_pipe.hpp"

namespace ipdaemon {

namespace {

constexpr int not_watched = -1;

short events_for(Interest interest) {
  return static_cast<short>((wants_read(interest) ? POLLIN : 0) | (wants_write(interest) ? POLLOUT : 0));
}

// What a waiter waits for: a copy of what the poller watches, which both threads have.
class Shared {
 public:
  explicit Shared(std::unique_ptr<WakePipe> pipe) : pipe_(std::move(pipe)) {}

  // For the poller: from now on it is this that is waited for, by a wait that runs, too.
  void want(const std::vector<pollfd>& polled) {
    const std::lock_guard lock(mutex_);
    try {
      wanted_ = polled;
      is_known_ = true;
    } catch (const std::bad_alloc&) {
      is_known_ = false;
    }
    is_changed_ = true;
    if (is_waiting_) pipe_->wake();
  }

  void wake() {
    const std::lock_guard lock(mutex_);
    is_woken_ = true;
    if (is_waiting_) pipe_->wake();
  }

  bool wait(int timeout_ms) {
    const WaitLimit limit(timeout_ms);
    while (true) {
      {
        const std::lock_guard lock(mutex_);
        if (std::exchange(is_woken_, false)) return false;
        // What is wanted is not known: the poller has to look.
        if (!copy_wanted()) return true;
        is_waiting_ = true;
      }
      const int reported = ::poll(waited_.data(), static_cast<nfds_t>(waited_.size()), limit.remaining_ms());
      const std::lock_guard lock(mutex_);
      is_waiting_ = false;
      pipe_->drain();
      if (std::exchange(is_woken_, false)) return false;
      // What was reported may be wanted no more, and something else instead.
      if (is_changed_) continue;
      if (reported <= 0) return false;
      if (leave_out_closed()) return true;
    }
  }

 private:
  // False when there is no memory for it, or was none.
  bool copy_wanted() {
    if (!is_changed_) return true;
    try {
      waited_.reserve(wanted_.size() + 1);
      waited_ = wanted_;
      waited_.push_back({pipe_->number(), POLLIN, 0});
    } catch (const std::bad_alloc&) {
      return false;
    }
    is_changed_ = !is_known_;
    return is_known_;
  }

  // Whether anything but closed sockets was reported. Those are not waited for again.
  bool leave_out_closed() {
    bool has_news = false;
    for (pollfd& entry : waited_) {
      if ((entry.revents & POLLNVAL) != 0) {
        entry.fd = -1;
      } else if (entry.revents != 0 && entry.fd != pipe_->number()) {
        has_news = true;
      }
    }
    return has_news;
  }

  const std::unique_ptr<WakePipe> pipe_;
  std::mutex mutex_;
  std::vector<pollfd> wanted_;
  bool is_known_ = true;  // False when there was no memory for it.
  bool is_changed_ = true;
  bool is_waiting_ = false;
  bool is_woken_ = false;
  // Of the thread that waits: what it waits for, and the pipe.
  std::vector<pollfd> waited_;
};

class PollWaiter final : public Waiter {
 public:
  explicit PollWaiter(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  bool wait(int timeout_ms) override { return shared_->wait(timeout_ms); }
  void wake() override { shared_->wake(); }

 private:
  const std::shared_ptr<Shared> shared_;
};

}  // namespace

struct Poller::State {
  std::vector<pollfd> polled;      // What poll gets.
  std::vector<void*> tokens;       // Of the socket at the same place in `polled`.
  std::vector<int> places;         // Socket number to place, or not_watched.
  std::size_t first = 0;           // Where the search for ready sockets begins.
  std::shared_ptr<Shared> shared;  // With a waiter, if there is one.
  bool is_waited_for = false;      // By the waiter, perhaps: since it was prepared, the poller has not waited.

  int place_of(SocketHandle socket) const {
    const auto number = static_cast<std::size_t>(socket);
    return socket >= 0 && number < places.size() ? places[number] : not_watched;
  }

  // The last one moves to the place that becomes free.
  void remove(int place) {
    const auto at = static_cast<std::size_t>(place);
    places[static_cast<std::size_t>(polled[at].fd)] = not_watched;
    if (at + 1 != polled.size()) {
      polled[at] = polled.back();
      tokens[at] = tokens.back();
      places[static_cast<std::size_t>(polled[at].fd)] = place;
    }
    polled.pop_back();
    tokens.pop_back();
  }

  int collect(Ready* ready, int ready_max);

  // After a change.
  void tell_waiter() const {
    if (is_waited_for) shared->want(polled);
  }
};

// Takes up to `ready_max` records from what poll reported, and starts the next time after the last
// one taken, so that no socket waits for ever behind busy ones.
int Poller::State::collect(Ready* ready, int ready_max) {
  const std::size_t total = polled.size();
  int count = 0;
  bool closed_seen = false;
  std::size_t place = first < total ? first : 0;
  for (std::size_t seen = 0; seen < total && count < ready_max; ++seen) {
    const pollfd& entry = polled[place];
    if ((entry.revents & POLLNVAL) != 0) {
      closed_seen = true;
    } else if (entry.revents != 0) {
      Ready& record = ready[count++];
      record.token = tokens[place];
      record.broken = (entry.revents & (POLLERR | POLLHUP)) != 0;
      record.readable = (entry.events & POLLIN) != 0 && (record.broken || (entry.revents & POLLIN) != 0);
      record.writable = (entry.revents & POLLOUT) != 0;
    }
    place = place + 1 < total ? place + 1 : 0;
  }
  first = place;
  if (closed_seen) {
    for (std::size_t i = total; i-- > 0;) {
      if ((polled[i].revents & POLLNVAL) != 0) remove(static_cast<int>(i));
    }
  }
  return count;
}

Poller::Poller(std::unique_ptr<State> state) : state_(std::move(state)) {}
Poller::~Poller() = default;

std::unique_ptr<Poller> Poller::create(int* error) {
  *error = 0;
  return std::unique_ptr<Poller>(new Poller(std::make_unique<State>()));
}

int Poller::watch(SocketHandle socket, Interest interest, void* token) {
  if (socket < 0) return IPDAEMON_ERROR_BAD_SOCKET;
  State& state = *state_;
  const int place = state.place_of(socket);
  if (place != not_watched) {
    // The number belongs to a new socket; the old one was closed without forget.
    state.polled[static_cast<std::size_t>(place)] = {socket, events_for(interest), 0};
    state.tokens[static_cast<std::size_t>(place)] = token;
    state.tell_waiter();
    return 0;
  }
  const auto number = static_cast<std::size_t>(socket);
  try {
    if (number >= state.places.size()) state.places.resize(std::max(number + 1, 2 * state.places.size()), not_watched);
    // All memory first, so that a failure leaves the three in step.
    if (state.polled.size() == std::min(state.polled.capacity(), state.tokens.capacity())) {
      const std::size_t room = std::max<std::size_t>(16, 2 * state.polled.size());
      state.polled.reserve(room);
      state.tokens.reserve(room);
    }
  } catch (const std::bad_alloc&) {
    return IPDAEMON_ERROR_NO_BUFFERS;
  }
  state.polled.push_back({socket, events_for(interest), 0});
  state.tokens.push_back(token);
  state.places[number] = static_cast<int>(state.polled.size()) - 1;
  state.tell_waiter();
  return 0;
}

int Poller::change(SocketHandle socket, Interest interest, void* token) {
  const int place = state_->place_of(socket);
  if (place == not_watched) return IPDAEMON_ERROR_INVALID_ARGUMENT;
  state_->polled[static_cast<std::size_t>(place)].events = events_for(interest);
  state_->tokens[static_cast<std::size_t>(place)] = token;
  state_->tell_waiter();
  return 0;
}

void Poller::forget(SocketHandle socket) {
  const int place = state_->place_of(socket);
  if (place == not_watched) return;
  state_->remove(place);
  state_->tell_waiter();
}

int Poller::wait(Ready* ready, int ready_max, int timeout_ms) {
  State& state = *state_;
  const WaitLimit limit(timeout_ms);
  state.is_waited_for = false;
  while (true) {
    const int reported = ::poll(state.polled.data(), static_cast<nfds_t>(state.polled.size()), limit.remaining_ms());
    if (reported <= 0) return 0;
    const int count = state.collect(ready, ready_max);
    if (count > 0 || ready_max <= 0) return count;
    // Nothing but closed sockets was reported. They are gone from the array now; the rest of the time is waited for.
  }
}

std::int64_t Poller::descriptor() const {
  return -1;
}

std::unique_ptr<Waiter> Poller::make_waiter(int* error) {
  std::unique_ptr<WakePipe> pipe = WakePipe::create(error);
  if (pipe == nullptr) return nullptr;
  state_->shared = std::make_shared<Shared>(std::move(pipe));
  state_->is_waited_for = false;
  return std::make_unique<PollWaiter>(state_->shared);
}

void Poller::prepare_waiter() {
  if (state_->shared == nullptr) return;
  state_->is_waited_for = true;
  state_->tell_waiter();
}

const char* Poller::name() {
  return "poll";
}

}  // namespace ipdaemon
