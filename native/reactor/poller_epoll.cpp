// The poller of Linux. The token travels in the kernel's record, so nothing is kept here per socket.
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/system_error.hpp"
#include "reactor/poller.hpp"

namespace ipdaemon {

namespace {

// The kernel fills this many records per call at most; they live on the stack of the wait.
constexpr int batch_max = 256;

epoll_event event_for(Interest interest, void* token) {
  epoll_event event = {};
  event.events = (wants_read(interest) ? static_cast<unsigned>(EPOLLIN) : 0U) |
                 (wants_write(interest) ? static_cast<unsigned>(EPOLLOUT) : 0U);
  event.data.ptr = token;
  return event;
}

}  // namespace

struct Poller::State {
  // Opened in here, where the memory for it is there already.
  State() : descriptor(epoll_create1(EPOLL_CLOEXEC)) {}
  ~State() {
    if (descriptor >= 0) ::close(descriptor);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  int control(int operation, SocketHandle socket, Interest interest, void* token) const {
    epoll_event event = event_for(interest, token);
    return epoll_ctl(descriptor, operation, socket, &event) == 0 ? 0 : code_from_system(errno);
  }

  const int descriptor;
};

Poller::Poller(std::unique_ptr<State> state) : state_(std::move(state)) {}
Poller::~Poller() = default;

std::unique_ptr<Poller> Poller::create(int* error) {
  auto state = std::make_unique<State>();
  if (state->descriptor < 0) {
    *error = code_from_system(errno);
    return nullptr;
  }
  *error = 0;
  return std::unique_ptr<Poller>(new Poller(std::move(state)));
}

int Poller::watch(SocketHandle socket, Interest interest, void* token) {
  return state_->control(EPOLL_CTL_ADD, socket, interest, token);
}

int Poller::change(SocketHandle socket, Interest interest, void* token) {
  return state_->control(EPOLL_CTL_MOD, socket, interest, token);
}

void Poller::forget(SocketHandle socket) {
  // A socket that was closed before is no longer known to the kernel, which is what was wanted.
  state_->control(EPOLL_CTL_DEL, socket, Interest::none, nullptr);
}

int Poller::wait(Ready* ready, int ready_max, int timeout_ms) {
  epoll_event events[batch_max];
  const int count = epoll_wait(state_->descriptor, events, std::min(ready_max, batch_max), timeout_ms);
  for (int i = 0; i < count; ++i) {
    const unsigned bits = events[i].events;
    // A TCP socket that is broken has EPOLLIN set as well if it was asked for, so what arrived before
    // the break gets read out without a special case here.
    ready[i].token = events[i].data.ptr;
    ready[i].readable = (bits & EPOLLIN) != 0;
    ready[i].writable = (bits & EPOLLOUT) != 0;
    ready[i].broken = (bits & (EPOLLERR | EPOLLHUP)) != 0;
  }
  return std::max(count, 0);
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
  return "epoll";
}

}  // namespace ipdaemon
