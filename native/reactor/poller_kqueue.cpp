// The poller of macOS and FreeBSD. A filter is armed for what is wanted; without any wish both are armed for the end of
// the connection, because kqueue reports nothing about a socket without filters.
#include <sys/event.h>
#include <sys/types.h>

#include <fcntl.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <new>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/system_error.hpp"
#include "ipdaemon.h"
#include "reactor/poller.hpp"

namespace ipdaemon {

namespace {

// The kernel fills this many records per call at most; they live on the stack of the wait.
constexpr int batch_max = 256;

// How a filter is armed. `end` reports the end once. Data and room it reports only beyond a mark that is as high as the
// system lets it be, which may be the whole buffer; then that is reported, and dropped.
enum class Arming : std::uint8_t { off, wanted, end };

struct Armings {
  Arming read = Arming::off;
  Arming write = Arming::off;
};

Armings armings_for(Interest interest) {
  if (interest == Interest::none) return {Arming::end, Arming::end};
  return {wants_read(interest) ? Arming::wanted : Arming::off, wants_write(interest) ? Arming::wanted : Arming::off};
}

// Differs between systems.
using Filter = decltype(static_cast<struct kevent*>(nullptr)->filter);

// A list of changes for one socket.
class Changes {
 public:
  explicit Changes(SocketHandle socket) : socket_(socket) {}

  // An armed filter keeps some of its flags when it is added again, so it is deleted first.
  void remove(Filter filter, Arming before, Arming after) {
    if (before != after && before != Arming::off) append(filter, EV_DELETE, 0, 0);
  }

  void add(Filter filter, Arming before, Arming after) {
    if (before == after) return;
    if (after == Arming::wanted) append(filter, EV_ADD, 0, 0);
    if (after == Arming::end) append(filter, EV_ADD | EV_CLEAR, NOTE_LOWAT, INT_MAX);
  }

  // Returns 0 or an error code.
  int apply(int queue) {
    if (count_ == 0) return 0;
    // Each change has a receipt, and no event takes its place.
    const timespec at_once = {};
    std::array<struct kevent, 4> receipts;
    int received;
    do {
      received = ::kevent(queue, list_.data(), count_, receipts.data(), count_, &at_once);
    } while (received < 0 && errno == EINTR);
    if (received < 0) return code_from_system(errno);
    for (int i = 0; i < received; ++i) {
      const auto error = static_cast<int>(receipts[static_cast<std::size_t>(i)].data);
      // What was to be deleted is gone: the socket was closed without forget.
      const bool is_gone = error == ENOENT && (list_[static_cast<std::size_t>(i)].flags & EV_DELETE) != 0;
      if (error != 0 && !is_gone) return code_from_system(error);
    }
    return 0;
  }

 private:
  void append(Filter filter, unsigned flags, unsigned filter_flags, int data) {
    struct kevent& change = list_[static_cast<std::size_t>(count_++)];
    EV_SET(&change, static_cast<uintptr_t>(socket_), filter, static_cast<decltype(change.flags)>(flags | EV_RECEIPT),
           filter_flags, data, nullptr);
  }

  const SocketHandle socket_;
  std::array<struct kevent, 4> list_ = {};
  int count_ = 0;
};

int arm(int queue, SocketHandle socket, Armings before, Armings after) {
  Changes changes(socket);
  changes.remove(EVFILT_READ, before.read, after.read);
  changes.remove(EVFILT_WRITE, before.write, after.write);
  changes.add(EVFILT_READ, before.read, after.read);
  changes.add(EVFILT_WRITE, before.write, after.write);
  return changes.apply(queue);
}

// A socket that was closed before is no longer known to the kernel, which is what was wanted.
void disarm(int queue, SocketHandle socket, Armings before) {
  arm(queue, socket, before, {});
}

struct Watched {
  void* token = nullptr;
  Interest interest = Interest::none;
  Armings armings;
  bool is_watched = false;
  bool read_ended = false;
  bool write_ended = false;
  int record = -1;  // Its place among those of the wait that runs.
};

timespec time_of(std::int64_t us) {
  timespec time = {};
  time.tv_sec = static_cast<decltype(time.tv_sec)>(us / 1'000'000);
  time.tv_nsec = static_cast<decltype(time.tv_nsec)>(us % 1'000'000 * 1000);
  return time;
}

}  // namespace

struct Poller::State {
  // Opened in here, where the memory for it is there already.
  State() : descriptor(::kqueue()) {}
  ~State() {
    if (descriptor >= 0) ::close(descriptor);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  Watched* find(SocketHandle socket) {
    const auto number = static_cast<std::size_t>(socket);
    return socket >= 0 && number < sockets.size() && sockets[number].is_watched ? &sockets[number] : nullptr;
  }

  int collect(const struct kevent* events, int count, Ready* ready);

  const int descriptor;
  std::vector<Watched> sockets;  // By socket number.
};

// Both filters of a socket become one record, and what only says that one direction has ended none.
int Poller::State::collect(const struct kevent* events, int count, Ready* ready) {
  int records = 0;
  for (int i = 0; i < count; ++i) {
    const struct kevent& event = events[i];
    const auto socket = static_cast<SocketHandle>(event.ident);
    Watched* watched = find(socket);
    if (watched == nullptr) {
      disarm(descriptor, socket, {Arming::wanted, Arming::wanted});
      continue;
    }
    const bool is_read = event.filter == EVFILT_READ;
    const bool has_ended = (event.flags & EV_EOF) != 0;
    if (has_ended) (is_read ? watched->read_ended : watched->write_ended) = true;
    Ready news;
    news.readable = is_read && wants_read(watched->interest);
    news.writable = !is_read && wants_write(watched->interest);
    // With the end comes the error that the system holds for the socket.
    news.broken = has_ended && (event.fflags != 0 || (watched->read_ended && watched->write_ended));
    if (!news.readable && !news.writable && !news.broken) continue;
    if (watched->record < 0) {
      watched->record = records;
      ready[records] = {};
      ready[records++].token = watched->token;
    }
    Ready& record = ready[watched->record];
    record.readable |= news.readable;
    record.writable |= news.writable;
    record.broken |= news.broken;
  }
  for (int i = 0; i < count; ++i) {
    if (Watched* watched = find(static_cast<SocketHandle>(events[i].ident))) watched->record = -1;
  }
  return records;
}

Poller::Poller(std::unique_ptr<State> state) : state_(std::move(state)) {}
Poller::~Poller() = default;

std::unique_ptr<Poller> Poller::create(int* error) {
  auto state = std::make_unique<State>();
  if (state->descriptor < 0 || fcntl(state->descriptor, F_SETFD, FD_CLOEXEC) != 0) {
    *error = code_from_system(errno);
    return nullptr;
  }
  *error = 0;
  return std::unique_ptr<Poller>(new Poller(std::move(state)));
}

int Poller::watch(SocketHandle socket, Interest interest, void* token) {
  if (socket < 0) return IPDAEMON_ERROR_BAD_SOCKET;
  State& state = *state_;
  const auto number = static_cast<std::size_t>(socket);
  // All memory first, so that nothing is armed that nobody knows.
  try {
    if (number >= state.sockets.size()) state.sockets.resize(std::max(number + 1, 2 * state.sockets.size()));
  } catch (const std::bad_alloc&) {
    return IPDAEMON_ERROR_NO_BUFFERS;
  }
  const Armings armings = armings_for(interest);
  if (const int error = arm(state.descriptor, socket, {}, armings); error != 0) {
    disarm(state.descriptor, socket, {Arming::wanted, Arming::wanted});  // One of the two may be armed.
    return error;
  }
  state.sockets[number] = {};
  state.sockets[number].token = token;
  state.sockets[number].interest = interest;
  state.sockets[number].armings = armings;
  state.sockets[number].is_watched = true;
  return 0;
}

int Poller::change(SocketHandle socket, Interest interest, void* token) {
  Watched* watched = state_->find(socket);
  if (watched == nullptr) return IPDAEMON_ERROR_INVALID_ARGUMENT;
  const Armings before = std::exchange(watched->armings, armings_for(interest));
  watched->interest = interest;
  watched->token = token;
  const int error = arm(state_->descriptor, socket, before, watched->armings);
  // What is armed now is not known; the next change starts over.
  if (error != 0) {
    disarm(state_->descriptor, socket, {Arming::wanted, Arming::wanted});
    watched->armings = {};
  }
  return error;
}

void Poller::forget(SocketHandle socket) {
  Watched* watched = state_->find(socket);
  if (watched == nullptr) return;
  disarm(state_->descriptor, socket, watched->armings);
  *watched = {};
}

int Poller::wait(Ready* ready, int ready_max, int timeout_ms) {
  struct kevent events[batch_max];
  const int events_max = std::clamp(ready_max, 0, batch_max);
  const std::int64_t deadline_us = timeout_ms > 0 ? monotonic_us() + std::int64_t{timeout_ms} * 1000 : 0;
  timespec time = time_of(timeout_ms > 0 ? std::int64_t{timeout_ms} * 1000 : 0);
  while (true) {
    const int count = ::kevent(state_->descriptor, nullptr, 0, events, events_max, timeout_ms < 0 ? nullptr : &time);
    if (count <= 0) return 0;
    const int records = state_->collect(events, count, ready);
    if (records > 0 || timeout_ms == 0) return records;
    // Nothing but ends of one direction was reported, and not again; the rest of the time is waited for.
    if (timeout_ms > 0) time = time_of(std::max<std::int64_t>(deadline_us - monotonic_us(), 0));
  }
}

std::int64_t Poller::descriptor() const {
  return state_->descriptor;
}

std::unique_ptr<Waiter> Poller::make_waiter(int* error) {
  return make_descriptor_waiter(state_->descriptor, error);
}

// The system knows of every change at once.
void Poller::prepare_waiter() {}

const char* Poller::name() {
  return "kqueue";
}

}  // namespace ipdaemon
