// The waker for systems and hosts whose loop cannot wait for the poller: a separate thread waits, and informs
// the loop by uv_async. The thread waits again when the loop has served the server.
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "deadline_timer.h"
#include "waker.h"

namespace ipdaemon::addon {
namespace {

class WaiterDelete {
 public:
  void operator()(ipdaemon_waiter* waiter) const { ipdaemon_close_waiter(waiter); }
};
using WaiterPtr = std::unique_ptr<ipdaemon_waiter, WaiterDelete>;

class ThreadWaker;

// The loop keeps pointers to these until their close callbacks have run, see waker_poll.cc.
struct LoopHandles {
  uv_async_t async{};
  DeadlineTimer timer;
  ThreadWaker* waker = nullptr;
  WakerOwner* owner = nullptr;
  OpenHandles* open = nullptr;
  int closing = 0;
};

void on_async(uv_async_t* async);

void on_due(uv_timer_t* timer) {
  static_cast<LoopHandles*>(timer->data)->owner->on_wake();
}

void on_closed(uv_handle_t* handle) {
  auto* handles = static_cast<LoopHandles*>(handle->data);
  OpenHandles* open = handles->open;
  handles->closing -= 1;
  if (handles->closing == 0) std::unique_ptr<LoopHandles>(handles).reset();
  open->on_handle_closed();
}

class ThreadWaker final : public Waker {
 public:
  ThreadWaker(ipdaemon_t handle, WaiterPtr waiter)
      : handle_(handle), waiter_(std::move(waiter)), handles_(std::make_unique<LoopHandles>()) {
    handles_->waker = this;
  }
  ThreadWaker(const ThreadWaker&) = delete;
  ThreadWaker& operator=(const ThreadWaker&) = delete;

  ~ThreadWaker() override {
    if (thread_.joinable()) {
      {
        const std::lock_guard lock(mutex_);
        order_ = Order::end;
      }
      ordered_.notify_one();
      ipdaemon_waiter_wake(waiter_.get());
      thread_.join();
    }
    if (!opened_) return;
    LoopHandles* handles = handles_.release();
    handles->closing = 2;
    uv_close(reinterpret_cast<uv_handle_t*>(&handles->async), on_closed);
    uv_close(handles->timer.handle(), on_closed);
  }

  // All memory is there by now: from here on the loop has pointers to the handles.
  bool open(const WakerPlace& place) {
    handles_->owner = &place.owner;
    handles_->open = &place.open;
    if (uv_async_init(place.loop, &handles_->async, on_async) != 0) return false;
    handles_->async.data = handles_.get();
    uv_unref(reinterpret_cast<uv_handle_t*>(&handles_->async));
    handles_->timer.open(place.loop, handles_.get(), on_due);
    place.open.on_handle_opened();
    place.open.on_handle_opened();
    opened_ = true;
    return true;
  }

  // The thread's first use is its start; false when the system refuses.
  bool start() {
    try {
      thread_ = std::thread([this] { run(); });
    } catch (const std::system_error&) {
      return false;
    }
    return true;
  }

  void update(bool wanted, std::int32_t next_deadline_ms) override {
    auto* async = reinterpret_cast<uv_handle_t*>(&handles_->async);
    if (wanted != wanted_) {
      wanted_ = wanted;
      if (wanted) {
        uv_ref(async);
      } else {
        uv_unref(async);
      }
    }
    if (wanted) order_wait();
    // The next turn of the loop goes on with it, when others have had theirs.
    if (wanted && DeadlineTimer::is_due_now(next_deadline_ms)) {
      uv_async_send(&handles_->async);
      return;
    }
    handles_->timer.update(wanted ? next_deadline_ms : -1);
  }

  // The thread has signalled; it waits again after the next update.
  void on_signalled() {
    {
      const std::lock_guard lock(mutex_);
      if (order_ == Order::signalled) order_ = Order::idle;
    }
    if (wanted_) handles_->owner->on_wake();
  }

 private:
  enum class Order : std::uint8_t { idle, wait, signalled, end };

  void order_wait() {
    // While the thread waits, it has to learn of what changed as well.
    ipdaemon_prepare_waiter(handle_);
    {
      const std::lock_guard lock(mutex_);
      if (order_ != Order::idle) return;
      order_ = Order::wait;
    }
    ordered_.notify_one();
  }

  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      ordered_.wait(lock, [this] { return order_ == Order::wait || order_ == Order::end; });
      if (order_ == Order::end) return;
      lock.unlock();
      const bool is_ready = ipdaemon_waiter_wait(waiter_.get(), -1) == 1;
      lock.lock();
      // Woken, or interrupted by a signal: the order says what comes next.
      if (!is_ready || order_ != Order::wait) continue;
      order_ = Order::signalled;
      uv_async_send(&handles_->async);
    }
  }

  const ipdaemon_t handle_;
  const WaiterPtr waiter_;
  std::unique_ptr<LoopHandles> handles_;
  bool opened_ = false;
  bool wanted_ = false;
  std::mutex mutex_;
  std::condition_variable ordered_;
  Order order_ = Order::idle;
  std::thread thread_;
};

void on_async(uv_async_t* async) {
  auto* handles = static_cast<LoopHandles*>(async->data);
  // A closing handle is not called any more.
  handles->waker->on_signalled();
}

}  // namespace

std::unique_ptr<Waker> create_thread_waker(const WakerPlace& place, ipdaemon_t handle) {
  WaiterPtr waiter(ipdaemon_open_waiter(handle));
  if (!waiter) return nullptr;
  auto waker = std::make_unique<ThreadWaker>(handle, std::move(waiter));
  if (!waker->open(place) || !waker->start()) return nullptr;
  return waker;
}

}  // namespace ipdaemon::addon
