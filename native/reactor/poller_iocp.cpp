// The poller of Windows: a completion port, and for each socket at most one request to the socket driver (AFD), which
// completes when the socket is as was asked. That is what select and WSAEventSelect are made of; unlike overlapped
// receives it needs no memory that waits for data, and it reports of sockets what the other pollers report.
//
// A request reports once. What was reported is asked for again by the next wait, which makes it level-triggered. Other
// than elsewhere, a record may say what was true when the request completed: what was read meanwhile is reported once
// more.
#include <winsock2.h>

#include <mswsock.h>
#include <windows.h>
#include <winternl.h>

#include <algorithm>
#include <array>
#include <list>
#include <mutex>
#include <new>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/system_error.hpp"
#include "ipdaemon.h"
#include "reactor/poller.hpp"
#include "reactor/wait_limit.hpp"

namespace ipdaemon {

namespace {

constexpr int batch_max = 256;

// The driver looks through all requests of a handle to find one, so they are spread over several.
constexpr int requests_per_handle = 32;

// How soon a request is tried again for which the system had no resources.
constexpr DWORD retry_ms = 10;

// The driver's interface, which no header of the system has.
constexpr ULONG afd_poll = 0x00012024;
constexpr ULONG afd_receive = 0x0001;
constexpr ULONG afd_send = 0x0004;
constexpr ULONG afd_disconnect = 0x0008;  // The peer has ended its direction.
constexpr ULONG afd_abort = 0x0010;       // A reset.
constexpr ULONG afd_local_close = 0x0020;
constexpr ULONG afd_accept = 0x0080;
constexpr ULONG afd_connect_fail = 0x0100;

struct AfdPollHandle {
  HANDLE handle;
  ULONG events;
  NTSTATUS status;
};

struct AfdPoll {
  LARGE_INTEGER timeout;
  ULONG handle_count;
  ULONG exclusive;
  AfdPollHandle handles[1];
};

constexpr NTSTATUS status_success = 0;
constexpr NTSTATUS status_pending = 0x00000103;
constexpr auto status_cancelled = static_cast<NTSTATUS>(0xC0000120);

// Functions of ntdll, which every process has loaded.
struct Ntdll {
  decltype(&::NtCreateFile) create_file;
  decltype(&::NtDeviceIoControlFile) control;
  NTSTATUS(NTAPI* cancel)(HANDLE file, IO_STATUS_BLOCK* request, IO_STATUS_BLOCK* status);
  decltype(&::RtlNtStatusToDosError) error_of;
};

const Ntdll& ntdll() {
  static const Ntdll functions = [] {
    const HMODULE library = GetModuleHandleW(L"ntdll.dll");
    const auto find = [=](const char* name) { return reinterpret_cast<void*>(GetProcAddress(library, name)); };
    Ntdll found;
    found.create_file = reinterpret_cast<decltype(found.create_file)>(find("NtCreateFile"));
    found.control = reinterpret_cast<decltype(found.control)>(find("NtDeviceIoControlFile"));
    found.cancel = reinterpret_cast<decltype(found.cancel)>(find("NtCancelIoFileEx"));
    found.error_of = reinterpret_cast<decltype(found.error_of)>(find("RtlNtStatusToDosError"));
    return found;
  }();
  return functions;
}

int code_from_status(NTSTATUS status) {
  return code_from_system(static_cast<int>(ntdll().error_of(status)));
}

// Owns a handle.
class Handle {
 public:
  explicit Handle(HANDLE handle = nullptr) : handle_(handle) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (handle_ != nullptr) CloseHandle(handle_);
  }
  HANDLE get() const { return handle_; }
  HANDLE* out() { return &handle_; }

 private:
  HANDLE handle_;
};

ULONG events_for(Interest interest) {
  // The end of the peer's direction alone is news for readers only.
  return afd_abort | afd_connect_fail | (wants_read(interest) ? afd_receive | afd_accept | afd_disconnect : 0U) |
         (wants_write(interest) ? afd_send : 0U);
}

// The socket below what providers put on top of it; some of them have an answer of their own to the first question.
// Returns 0 or an error code.
int find_base(SOCKET socket, SOCKET* base) {
  const auto ask = [base](SOCKET of, DWORD question) {
    DWORD size = 0;
    return WSAIoctl(of, question, nullptr, 0, base, sizeof *base, &size, nullptr, nullptr) == 0;
  };
  if (ask(socket, SIO_BASE_HANDLE)) return 0;
  const int error = WSAGetLastError();
  if (error == WSAENOTSOCK || !ask(socket, SIO_BSP_HANDLE_POLL) || *base == socket) return code_from_system(error);
  return ask(*base, SIO_BASE_HANDLE) ? 0 : code_from_system(WSAGetLastError());
}

static_assert(static_cast<DWORD>(-1) == INFINITE);

// The key of a completion that only wakes; those of sockets have 0.
constexpr ULONG_PTR wake_key = 1;

// The port, shared with a waiter, which may outlive the poller. Completions that the waiter takes are kept here for the
// poller, at most one batch, as it does not wait while there are some. Either side may take what is to wake the other.
class Port {
 public:
  // False when the system has no more handles.
  bool create() {
    // Both sides may run at a time.
    *handle_.out() = CreateIoCompletionPort(INVALID_HANDLE_VALUE, nullptr, 0, 2);
    return handle_.get() != nullptr;
  }
  HANDLE handle() const { return handle_.get(); }

  // For the poller: how many completions there are, 0 after the time-out. One with the wake_key may mean that there are
  // some now.
  ULONG take(OVERLAPPED_ENTRY* entries, ULONG entries_max, DWORD limit_ms) {
    {
      const std::lock_guard lock(mutex_);
      if (const ULONG count = take_kept(entries, entries_max); count > 0) return count;
      is_taking_ = true;
    }
    const ULONG count = take_from_system(entries, entries_max, limit_ms);
    const std::lock_guard lock(mutex_);
    is_taking_ = false;
    return count;
  }
  // For the poller when it has taken what is to wake the waiter.
  void pass_wake_on() {
    const std::lock_guard lock(mutex_);
    if (is_woken_ && is_waiting_) post_wake();
  }

  void wake() {
    const std::lock_guard lock(mutex_);
    is_woken_ = true;
    if (is_waiting_) post_wake();
  }

  // For the poller while the waiter waits: whether it has to ask again soon, without any completion.
  void set_retry(bool retries) {
    const std::lock_guard lock(mutex_);
    if (retries && !retries_ && is_waiting_) post_wake();
    retries_ = retries;
  }

  // For the waiter: whether the poller has something to do.
  bool wait(int timeout_ms) {
    const WaitLimit limit(timeout_ms);
    OVERLAPPED_ENTRY entries[batch_max];
    ULONG count = 0;
    for (bool is_first = true;; is_first = false) {
      auto limit_ms = static_cast<DWORD>(limit.remaining_ms());
      {
        const std::lock_guard lock(mutex_);
        keep(entries, count);
        // The poller waits in the system for what was taken here.
        if (is_taking_ && kept_begin_ != kept_end_) post_wake();
        const bool has_work = kept_begin_ != kept_end_ || (retries_ && !is_first);
        is_waiting_ = !is_woken_ && !has_work && (is_first || limit_ms > 0);
        if (!is_waiting_) return !std::exchange(is_woken_, false) && has_work;
        if (retries_) limit_ms = std::min(limit_ms, retry_ms);
      }
      count = take_from_system(entries, batch_max, limit_ms);
    }
  }

 private:
  ULONG take_kept(OVERLAPPED_ENTRY* entries, ULONG entries_max) {
    const ULONG count = std::min(entries_max, kept_end_ - kept_begin_);
    std::copy_n(kept_.begin() + kept_begin_, count, entries);
    kept_begin_ += count;
    return count;
  }

  ULONG take_from_system(OVERLAPPED_ENTRY* entries, ULONG entries_max, DWORD limit_ms) const {
    ULONG count = 0;
    return GetQueuedCompletionStatusEx(handle_.get(), entries, entries_max, &count, limit_ms, FALSE) ? count : 0;
  }

  void keep(const OVERLAPPED_ENTRY* entries, ULONG count) {
    if (count == 0) return;
    kept_begin_ = kept_end_ = 0;
    for (ULONG i = 0; i < count; ++i) {
      if (entries[i].lpCompletionKey != wake_key) kept_[kept_end_++] = entries[i];
    }
  }

  void post_wake() const { PostQueuedCompletionStatus(handle_.get(), 0, wake_key, nullptr); }

  Handle handle_;
  std::mutex mutex_;
  std::array<OVERLAPPED_ENTRY, batch_max> kept_ = {};
  ULONG kept_begin_ = 0;
  ULONG kept_end_ = 0;
  bool is_waiting_ = false;
  bool is_taking_ = false;
  bool is_woken_ = false;
  bool retries_ = false;
};

class PortWaiter final : public Waiter {
 public:
  explicit PortWaiter(std::shared_ptr<Port> port) : port_(std::move(port)) {}

  bool wait(int timeout_ms) override { return port_->wait(timeout_ms); }
  void wake() override { port_->wake(); }

 private:
  const std::shared_ptr<Port> port_;
};

// A handle of the driver, and how many sockets have their requests there.
struct Group {
  Handle driver;
  int sockets = 0;
};

// Not in the queue.
constexpr std::size_t not_queued = static_cast<std::size_t>(-1);

// One socket. The driver writes into it while a request is under way, so it lives until that has completed, even if
// the socket is forgotten meanwhile; then nobody else owns it.
struct Watched {
  IO_STATUS_BLOCK status = {};
  AfdPoll poll = {};
  std::list<Group>::iterator group;
  HANDLE base = nullptr;  // The socket, without what layered providers make of it.
  void* token = nullptr;
  Interest interest = Interest::none;
  ULONG asked = 0;  // What the request under way is for.
  bool is_pending = false;
  bool is_cancelled = false;
  bool is_forgotten = false;
  std::size_t position = not_queued;  // Among those that the next wait asks for.
};

}  // namespace

struct Poller::State {
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State();

  int open_driver(HANDLE* out) const;
  int make_room();
  void join_group(Watched& watched);
  void leave_group(const Watched& watched);
  int ask(Watched& watched) const;
  bool report(Watched& watched) const;
  void cancel(Watched& watched) const;
  void queue(Watched& watched);
  void ask_for_wished();
  void drop_from_queue(Watched& watched);
  void let_go(std::unique_ptr<Watched> watched);
  bool ask_for_queued();
  bool collect(const OVERLAPPED_ENTRY& completed, Ready* out);

  const std::shared_ptr<Port> port = std::make_shared<Port>();
  std::list<Group> groups;  // Those with room last.
  std::unordered_map<SocketHandle, std::unique_ptr<Watched>> sockets;
  std::vector<Watched*> queued;     // With room for all sockets.
  std::size_t forgotten_count = 0;  // Forgotten, but the driver has not given them back yet.
  bool is_waited_for = false;       // By the waiter, perhaps: since it was prepared, the poller has not waited.
};

// Takes back what the driver still has, because it would write to it later.
Poller::State::~State() {
  for (auto& [socket, watched] : sockets) let_go(std::move(watched));
  while (forgotten_count > 0) {
    OVERLAPPED_ENTRY entries[batch_max];
    const ULONG count = port->take(entries, batch_max, INFINITE);
    Ready none;
    for (ULONG i = 0; i < count; ++i) {
      if (entries[i].lpCompletionKey != wake_key) collect(entries[i], &none);
    }
  }
}

// Returns 0 or an error code.
int Poller::State::open_driver(HANDLE* out) const {
  // Any name below the device is the driver itself.
  wchar_t name[] = L"\\Device\\Afd\\Ipdaemon";
  UNICODE_STRING text = {sizeof name - sizeof(wchar_t), sizeof name, name};
  OBJECT_ATTRIBUTES attributes = {};
  attributes.Length = sizeof attributes;
  attributes.ObjectName = &text;
  IO_STATUS_BLOCK status = {};
  HANDLE opened = nullptr;
  const NTSTATUS result = ntdll().create_file(&opened, SYNCHRONIZE, &attributes, &status, nullptr, 0,
                                              FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_OPEN, 0, nullptr, 0);
  if (result != status_success) return code_from_status(result);
  *out = opened;
  if (CreateIoCompletionPort(opened, port->handle(), 0, 0) == nullptr ||
      !SetFileCompletionNotificationModes(opened, FILE_SKIP_SET_EVENT_ON_HANDLE)) {
    return code_from_system(static_cast<int>(GetLastError()));
  }
  return 0;
}

// So that join_group cannot fail. Returns 0 or an error code.
int Poller::State::make_room() {
  if (!groups.empty() && groups.back().sockets < requests_per_handle) return 0;
  std::list<Group> added(1);
  if (const int error = open_driver(added.back().driver.out()); error != 0) return error;
  groups.splice(groups.end(), added);
  return 0;
}

void Poller::State::join_group(Watched& watched) {
  watched.group = std::prev(groups.end());
  if (++watched.group->sockets == requests_per_handle) groups.splice(groups.begin(), groups, watched.group);
}

void Poller::State::leave_group(const Watched& watched) {
  --watched.group->sockets;
  groups.splice(groups.end(), groups, watched.group);
}

// Begins a request. Returns 0 or an error code.
int Poller::State::ask(Watched& watched) const {
  watched.asked = events_for(watched.interest);
  watched.poll.timeout.QuadPart = INT64_MAX;
  watched.poll.handle_count = 1;
  watched.poll.exclusive = FALSE;
  watched.poll.handles[0] = {watched.base, watched.asked | afd_local_close, 0};
  watched.status.Status = status_pending;
  const NTSTATUS status =
      ntdll().control(watched.group->driver.get(), nullptr, nullptr, &watched, &watched.status, afd_poll, &watched.poll,
                      sizeof watched.poll, &watched.poll, sizeof watched.poll);
  // Whether it has completed already or will, its completion comes through the port.
  if (status != status_success && status != status_pending) {
    watched.status.Status = status;
    return code_from_status(status);
  }
  watched.is_pending = true;
  watched.is_cancelled = false;
  return 0;
}

// Lets a request that could not begin complete at once, with its error. False when the system refuses that, too.
bool Poller::State::report(Watched& watched) const {
  if (!PostQueuedCompletionStatus(port->handle(), 0, 0, reinterpret_cast<OVERLAPPED*>(&watched))) return false;
  watched.is_pending = true;
  watched.is_cancelled = false;
  return true;
}

void Poller::State::cancel(Watched& watched) const {
  if (!watched.is_pending || watched.is_cancelled) return;
  IO_STATUS_BLOCK status = {};
  // An error means that it has completed, and its completion waits in the port.
  ntdll().cancel(watched.group->driver.get(), &watched.status, &status);
  watched.is_cancelled = true;
}

void Poller::State::queue(Watched& watched) {
  if (watched.position != not_queued) return;
  watched.position = queued.size();
  queued.push_back(&watched);
}

void Poller::State::drop_from_queue(Watched& watched) {
  if (watched.position == not_queued) return;
  Watched* last = queued.back();
  last->position = watched.position;
  queued[watched.position] = last;
  queued.pop_back();
  watched.position = not_queued;
}

// Frees it now, or when the driver has given it back.
void Poller::State::let_go(std::unique_ptr<Watched> watched) {
  drop_from_queue(*watched);
  if (!watched->is_pending) return leave_group(*watched);
  watched->is_forgotten = true;
  ++forgotten_count;
  cancel(*watched.release());
}

// Asks for what was reported or changed since the last wait. False if the system is short of memory, and something has
// to be asked for again.
bool Poller::State::ask_for_queued() {
  for (std::size_t i = queued.size(); i-- > 0;) {
    Watched& watched = *queued[i];
    if (watched.is_pending) {
      // A request for less than what is wanted is taken back; what is wanted follows its completion.
      if ((events_for(watched.interest) & ~watched.asked) != 0) cancel(watched);
    } else {
      const int error = ask(watched);
      if (error == IPDAEMON_ERROR_NO_BUFFERS) continue;
      // A socket that was closed without being forgotten has nothing more to report.
      if (error != 0 && error != IPDAEMON_ERROR_BAD_SOCKET && !report(watched)) continue;
    }
    drop_from_queue(watched);
  }
  return queued.empty();
}

// After a change. The next wait asks for all of them; a waiter that waits already has nobody else to ask.
void Poller::State::ask_for_wished() {
  if (is_waited_for) port->set_retry(!ask_for_queued());
}

// The news of a completed request; false if there are none.
bool Poller::State::collect(const OVERLAPPED_ENTRY& completed, Ready* out) {
  auto* watched = reinterpret_cast<Watched*>(completed.lpOverlapped);
  watched->is_pending = false;
  if (watched->is_forgotten) {
    const std::unique_ptr<Watched> owner(watched);
    leave_group(*owner);
    --forgotten_count;
    return false;
  }
  const NTSTATUS status = watched->status.Status;
  const bool has_answer = status == status_success && watched->poll.handle_count == 1;
  const ULONG events = has_answer ? watched->poll.handles[0].events : 0;
  // Closed without being forgotten: nothing more will come.
  if ((events & afd_local_close) != 0) return false;
  queue(*watched);
  *out = {};
  out->token = watched->token;
  if (status != status_success && status != status_cancelled) {
    out->broken = true;
    out->error = code_from_status(status);
    return true;
  }
  out->broken = (events & (afd_abort | afd_connect_fail)) != 0;
  // What was reported here, Wine's sockets do not report again: they give the end of data.
  if ((events & afd_abort) != 0) out->error = IPDAEMON_ERROR_RESET_BY_PEER;
  out->readable = wants_read(watched->interest) &&
                  (events & (afd_receive | afd_accept | afd_disconnect | afd_abort | afd_connect_fail)) != 0;
  out->writable = wants_write(watched->interest) && (events & (afd_send | afd_abort | afd_connect_fail)) != 0;
  return out->broken || out->readable || out->writable;
}

Poller::Poller(std::unique_ptr<State> state) : state_(std::move(state)) {}
Poller::~Poller() = default;

std::unique_ptr<Poller> Poller::create(int* error) {
  auto state = std::make_unique<State>();
  if (!state->port->create()) {
    *error = code_from_system(static_cast<int>(GetLastError()));
    return nullptr;
  }
  *error = state->make_room();
  return *error == 0 ? std::unique_ptr<Poller>(new Poller(std::move(state))) : nullptr;
}

int Poller::watch(SocketHandle socket, Interest interest, void* token) {
  if (socket == no_socket) return IPDAEMON_ERROR_BAD_SOCKET;
  SOCKET base = INVALID_SOCKET;
  if (const int error = find_base(socket, &base); error != 0) return error;
  // The number may be that of a socket that was closed without being forgotten.
  forget(socket);
  State& state = *state_;
  Watched* watched = nullptr;
  try {
    // All memory and handles now, so that nothing else ever needs some.
    if (const int error = state.make_room(); error != 0) return error;
    if (state.queued.capacity() <= state.sockets.size()) state.queued.reserve(2 * state.sockets.size() + 16);
    auto added = std::make_unique<Watched>();
    watched = added.get();
    state.sockets.emplace(socket, std::move(added));
  } catch (const std::bad_alloc&) {
    return IPDAEMON_ERROR_NO_BUFFERS;
  }
  state.join_group(*watched);
  watched->base = reinterpret_cast<HANDLE>(base);
  watched->interest = interest;
  watched->token = token;
  state.queue(*watched);
  state.ask_for_wished();
  return 0;
}

int Poller::change(SocketHandle socket, Interest interest, void* token) {
  const auto found = state_->sockets.find(socket);
  if (found == state_->sockets.end()) return IPDAEMON_ERROR_INVALID_ARGUMENT;
  Watched& watched = *found->second;
  watched.token = token;
  watched.interest = interest;
  // What a request under way is for beyond the wish is left out when it completes.
  state_->queue(watched);
  state_->ask_for_wished();
  return 0;
}

void Poller::forget(SocketHandle socket) {
  const auto found = state_->sockets.find(socket);
  if (found == state_->sockets.end()) return;
  state_->let_go(std::move(found->second));
  state_->sockets.erase(found);
}

int Poller::wait(Ready* ready, int ready_max, int timeout_ms) {
  State& state = *state_;
  OVERLAPPED_ENTRY entries[batch_max];
  const auto entries_max = static_cast<ULONG>(std::clamp(ready_max, 1, batch_max));
  const WaitLimit limit(timeout_ms);
  state.is_waited_for = false;
  while (true) {
    const bool all_asked = state.ask_for_queued();
    const auto limit_ms = static_cast<DWORD>(limit.remaining_ms());
    const ULONG count = state.port->take(entries, entries_max, all_asked ? limit_ms : std::min(limit_ms, retry_ms));
    int records = 0;
    for (ULONG i = 0; i < count; ++i) {
      if (entries[i].lpCompletionKey == wake_key) {
        state.port->pass_wake_on();
      } else if (state.collect(entries[i], &ready[records])) {
        ++records;
      }
    }
    if (records > 0 || (count == 0 && limit.remaining_ms() == 0)) return records;
  }
}

std::int64_t Poller::descriptor() const {
  return -1;
}

std::unique_ptr<Waiter> Poller::make_waiter(int* error) {
  *error = 0;
  return std::make_unique<PortWaiter>(state_->port);
}

void Poller::prepare_waiter() {
  state_->is_waited_for = true;
  state_->ask_for_wished();
}

const char* Poller::name() {
  return "iocp";
}

}  // namespace ipdaemon
