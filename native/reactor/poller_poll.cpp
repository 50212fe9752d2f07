// The poller for every system with poll(2): an array of what is watched, handed over as a whole at
// each wait. Its cost grows with the number of sockets; it is there for systems without a better one,
// and to run every test of the server against a second implementation.
//
// poll(2) knows numbers, not sockets: a socket that was closed without forget, and whose number the
// system gave away again before the next wait, is reported as if it were the old one. So forget first.
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/clock.hpp"
#include "base/system_error.hpp"
#include "include/ipdaemon.h"
#include "reactor/poller.hpp"

namespace ipdaemon {

namespace {

constexpr int not_watched = -1;

short events_for(Interest interest) {
  return static_cast<short>((wants_read(interest) ? POLLIN : 0) | (wants_write(interest) ? POLLOUT : 0));
}

}  // namespace

struct Poller::State {
  std::vector<pollfd> polled;  // What poll gets.
  std::vector<void*> tokens;   // Of the socket at the same place in `polled`.
  std::vector<int> places;     // Socket number to place, or not_watched.
  std::size_t first = 0;       // Where the search for ready sockets begins.

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
    return 0;
  }
  const auto number = static_cast<std::size_t>(socket);
  if (number >= state.places.size()) state.places.resize(std::max(number + 1, 2 * state.places.size()), not_watched);
  // All memory first, so that a failure leaves the three in step.
  if (state.polled.size() == std::min(state.polled.capacity(), state.tokens.capacity())) {
    const std::size_t room = std::max<std::size_t>(16, 2 * state.polled.size());
    state.polled.reserve(room);
    state.tokens.reserve(room);
  }
  state.polled.push_back({socket, events_for(interest), 0});
  state.tokens.push_back(token);
  state.places[number] = static_cast<int>(state.polled.size()) - 1;
  return 0;
}

int Poller::change(SocketHandle socket, Interest interest, void* token) {
  const int place = state_->place_of(socket);
  if (place == not_watched) return IPDAEMON_ERROR_INVALID_ARGUMENT;
  state_->polled[static_cast<std::size_t>(place)].events = events_for(interest);
  state_->tokens[static_cast<std::size_t>(place)] = token;
  return 0;
}

void Poller::forget(SocketHandle socket) {
  const int place = state_->place_of(socket);
  if (place != not_watched) state_->remove(place);
}

int Poller::wait(Ready* ready, int ready_max, int timeout_ms) {
  State& state = *state_;
  const std::int64_t deadline_us = timeout_ms > 0 ? monotonic_us() + std::int64_t{timeout_ms} * 1000 : 0;
  int remaining_ms = timeout_ms;
  while (true) {
    const int reported = ::poll(state.polled.data(), static_cast<nfds_t>(state.polled.size()), remaining_ms);
    if (reported <= 0) return 0;
    const int count = state.collect(ready, ready_max);
    if (count > 0 || ready_max <= 0) return count;
    // Nothing but closed sockets was reported. They are gone from the array now; the rest of the time is waited for.
    if (timeout_ms > 0) {
      const std::int64_t left_us = std::max<std::int64_t>(deadline_us - monotonic_us(), 0);
      remaining_ms = static_cast<int>((left_us + 999) / 1000);
    }
  }
}

std::int64_t Poller::descriptor() const {
  return -1;
}

const char* Poller::name() {
  return "poll";
}

}  // namespace ipdaemon
