// A queue is an epoll descriptor, which can be polled as a kqueue can. Which filters it has for a socket is kept here.
// Unlike with the real one, a descriptor that was closed is noticed only when it is used again, and both filters of a
// socket have to be of one kind, with EV_CLEAR or without.
#include <sys/event.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace {

struct Filter {
  bool is_armed = false;
  bool clears = false;
  std::int64_t low_water = 1;
  void* user = nullptr;
};

struct Sockets {
  Filter read;
  Filter write;
  // Which of the two is reported first, so that neither waits for ever where there is room for one only.
  bool write_first = false;
};

struct Queue {
  std::mutex mutex;
  std::unordered_map<int, Sockets> sockets;
};

std::mutex queues_mutex;
std::map<int, std::shared_ptr<Queue>> queues;

std::shared_ptr<Queue> find(int queue) {
  const std::lock_guard lock(queues_mutex);
  const auto found = queues.find(queue);
  return found == queues.end() ? nullptr : found->second;
}

// What a socket with room has room for, as far as anybody is told.
constexpr std::int64_t room = 4096;

bool clears(const Sockets& socket) {
  return (socket.read.is_armed && socket.read.clears) || (socket.write.is_armed && socket.write.clears);
}

epoll_event registration(int descriptor, const Sockets& socket) {
  epoll_event event = {};
  // A filter that no data and no room can satisfy waits for the end only.
  if (socket.read.is_armed) event.events |= static_cast<unsigned>(EPOLLRDHUP);
  if (socket.read.is_armed && socket.read.low_water != INT_MAX) event.events |= static_cast<unsigned>(EPOLLIN);
  if (socket.write.is_armed && socket.write.low_water <= room) event.events |= static_cast<unsigned>(EPOLLOUT);
  if (clears(socket)) event.events |= static_cast<unsigned>(EPOLLET);
  event.data.fd = descriptor;
  return event;
}

// Gives a change its effect. Returns 0 or an error of the system.
int apply(int queue, Queue& state, const struct kevent& change) {
  const auto descriptor = static_cast<int>(change.ident);
  const bool is_read = change.filter == EVFILT_READ;
  const unsigned known = EV_ADD | EV_DELETE | EV_CLEAR | EV_RECEIPT;
  if ((!is_read && change.filter != EVFILT_WRITE) || (change.flags & ~known) != 0) return EINVAL;
  Sockets& socket = state.sockets[descriptor];
  // A number that the system gave away again has no filters.
  epoll_event now = registration(descriptor, socket);
  if (now.events != 0 && epoll_ctl(queue, EPOLL_CTL_MOD, descriptor, &now) != 0) {
    socket = {};
    if (errno != ENOENT) return errno;
  }
  const bool was_known = socket.read.is_armed || socket.write.is_armed;
  Filter& filter = is_read ? socket.read : socket.write;
  if ((change.flags & EV_DELETE) != 0) {
    if (!filter.is_armed) return ENOENT;
    filter = {};
  } else {
    const bool has_low_water = (change.fflags & NOTE_LOWAT) != 0;
    // As the real one, an armed filter keeps its EV_CLEAR.
    const bool stays_clear = filter.is_armed ? filter.clears : (change.flags & EV_CLEAR) != 0;
    // A mark above the size of the buffer is lowered to it: then an empty buffer is news.
    const auto mark = is_read ? change.data : std::min<std::int64_t>(change.data, room);
    filter = {true, stays_clear, has_low_water ? mark : 1, change.udata};
  }
  const bool both = socket.read.is_armed && socket.write.is_armed;
  if (both && socket.read.clears != socket.write.clears) return EINVAL;
  const bool is_known = socket.read.is_armed || socket.write.is_armed;
  epoll_event event = registration(descriptor, socket);
  const int operation = !is_known ? EPOLL_CTL_DEL : was_known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (epoll_ctl(queue, operation, descriptor, &event) != 0) {
    const int error = errno;
    state.sockets.erase(descriptor);
    return error;
  }
  if (!is_known) state.sockets.erase(descriptor);
  return 0;
}

int integer_from(int descriptor, unsigned long request) {
  int value = 0;
  return ioctl(descriptor, request, &value) == 0 ? value : 0;
}

// Whether this side has ended its direction.
bool has_sent_end(int descriptor) {
  tcp_info info = {};
  socklen_t length = sizeof info;
  if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return false;
  switch (info.tcpi_state) {
    case TCP_FIN_WAIT1:
    case TCP_FIN_WAIT2:
    case TCP_CLOSING:
    case TCP_LAST_ACK:
    case TCP_TIME_WAIT:
    case TCP_CLOSE:
      return true;
    default:
      return false;
  }
}

// The event of one filter; false if there is none.
bool event_of(int descriptor, const Filter& filter, bool is_read, unsigned bits, struct kevent* out) {
  if (!filter.is_armed) return false;
  const bool is_over = (bits & (static_cast<unsigned>(EPOLLHUP) | static_cast<unsigned>(EPOLLERR))) != 0;
  const bool has_ended =
      is_over || (is_read ? (bits & static_cast<unsigned>(EPOLLRDHUP)) != 0 : has_sent_end(descriptor));
  std::int64_t amount = 0;
  if (is_read && (bits & static_cast<unsigned>(EPOLLIN)) != 0) {
    // Of a listener, the number of waiting peers; it is not known here.
    amount = std::max(integer_from(descriptor, FIONREAD), 1);
  } else if (!is_read && (bits & static_cast<unsigned>(EPOLLOUT)) != 0) {
    amount = room;
  }
  if (!has_ended && amount < filter.low_water) return false;
  const bool is_broken = (bits & static_cast<unsigned>(EPOLLERR)) != 0;
  *out = {static_cast<uintptr_t>(descriptor), static_cast<int16_t>(is_read ? EVFILT_READ : EVFILT_WRITE),
          static_cast<uint16_t>((has_ended ? EV_EOF : 0) | (filter.clears ? EV_CLEAR : 0)),
          // Asking for the error would take it away from the socket.
          is_broken ? static_cast<uint32_t>(ECONNRESET) : 0, static_cast<intptr_t>(amount), filter.user};
  return true;
}

// What epoll reported about one socket, as one or two events.
int translate(int queue, Queue& state, const epoll_event& reported, struct kevent* events, int event_max) {
  const int descriptor = reported.data.fd;
  const auto found = state.sockets.find(descriptor);
  if (found == state.sockets.end()) return 0;
  Sockets& socket = found->second;
  std::array<struct kevent, 2> both;
  std::size_t count = 0;
  for (const bool is_read : {!socket.write_first, socket.write_first}) {
    if (event_of(descriptor, is_read ? socket.read : socket.write, is_read, reported.events, &both[count])) ++count;
  }
  const std::size_t fitting = std::min(count, static_cast<std::size_t>(event_max));
  std::copy_n(both.begin(), fitting, events);
  if (fitting < count) {
    // What did not fit comes with the next call.
    socket.write_first = !socket.write_first;
    epoll_event again = registration(descriptor, socket);
    epoll_ctl(queue, EPOLL_CTL_MOD, descriptor, &again);
  }
  return static_cast<int>(fitting);
}

int milliseconds(const timespec* timeout) {
  if (timeout == nullptr) return -1;
  const std::int64_t ns = std::int64_t{timeout->tv_sec} * 1'000'000'000 + timeout->tv_nsec;
  return static_cast<int>(std::min<std::int64_t>((ns + 999'999) / 1'000'000, INT_MAX));
}

}  // namespace

int kqueue() {
  const int queue = epoll_create1(EPOLL_CLOEXEC);
  if (queue < 0) return queue;
  const std::lock_guard lock(queues_mutex);
  // Closed is not noticed, so the number may have been another queue before.
  queues[queue] = std::make_shared<Queue>();
  return queue;
}

int kevent(int queue, const struct kevent* changes, int change_count, struct kevent* events, int event_max,
           const struct timespec* timeout) {
  const std::shared_ptr<Queue> state = find(queue);
  if (!state) {
    errno = EBADF;
    return -1;
  }
  int written = 0;
  {
    const std::lock_guard lock(state->mutex);
    for (int i = 0; i < change_count; ++i) {
      const int error = apply(queue, *state, changes[i]);
      if (error == 0 && (changes[i].flags & EV_RECEIPT) == 0) continue;
      if (written == event_max) {
        errno = error;
        return -1;
      }
      events[written] = changes[i];
      events[written].flags |= EV_ERROR;
      events[written].data = error;
      ++written;
    }
  }
  if (written > 0 || event_max == 0) return written;
  std::vector<epoll_event> reported(static_cast<std::size_t>(event_max));
  const int count = epoll_wait(queue, reported.data(), event_max, milliseconds(timeout));
  if (count <= 0) return count;
  const std::lock_guard lock(state->mutex);
  for (int i = 0; i < count; ++i) {
    const epoll_event& one = reported[static_cast<std::size_t>(i)];
    if (written < event_max) {
      written += translate(queue, *state, one, events + written, event_max - written);
      // A socket may give two events, which is more than was asked for.
    } else if (const auto found = state->sockets.find(one.data.fd); found != state->sockets.end()) {
      epoll_event again = registration(one.data.fd, found->second);
      epoll_ctl(queue, EPOLL_CTL_MOD, one.data.fd, &again);
    }
  }
  return written;
}
