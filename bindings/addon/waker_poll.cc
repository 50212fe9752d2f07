// The waker for systems whose poller is a descriptor that a loop can wait for: uv_poll on the
// poller's own descriptor.
#include <utility>

#include "deadline_timer.h"
#include "waker.h"

namespace ipdaemon::addon {
namespace {

// The loop keeps pointers to these until their close callbacks have run, so they have a life of
// their own: the waker gives the ownership away when it goes, and the last close callback ends it.
struct LoopHandles {
  uv_poll_t poll{};
  uv_idle_t idle{};  // Runs once in each turn of the loop, which does not wait then.
  DeadlineTimer timer;
  WakerOwner* owner = nullptr;
  OpenHandles* open = nullptr;
  int closing = 0;
};

void on_poll(uv_poll_t* poll, int, int) {
  static_cast<LoopHandles*>(poll->data)->owner->on_wake();
}

void on_idle(uv_idle_t* idle) {
  static_cast<LoopHandles*>(idle->data)->owner->on_wake();
}

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

class PollWaker final : public Waker {
 public:
  PollWaker() : handles_(std::make_unique<LoopHandles>()) {}
  PollWaker(const PollWaker&) = delete;
  PollWaker& operator=(const PollWaker&) = delete;

  ~PollWaker() override {
    if (!opened_) return;
    LoopHandles* handles = handles_.release();
    handles->closing = 3;
    uv_close(reinterpret_cast<uv_handle_t*>(&handles->poll), on_closed);
    uv_close(reinterpret_cast<uv_handle_t*>(&handles->idle), on_closed);
    uv_close(handles->timer.handle(), on_closed);
  }

  // All memory is there by now: from here on the loop has pointers to the handles.
  bool open(const WakerPlace& place, int descriptor) {
    handles_->owner = &place.owner;
    handles_->open = &place.open;
    if (uv_poll_init(place.loop, &handles_->poll, descriptor) != 0) return false;
    handles_->poll.data = handles_.get();
    uv_idle_init(place.loop, &handles_->idle);
    handles_->idle.data = handles_.get();
    place.open.on_handle_opened();
    handles_->timer.open(place.loop, handles_.get(), on_due);
    place.open.on_handle_opened();
    place.open.on_handle_opened();
    opened_ = true;
    return true;
  }

  void update(bool wanted, std::int32_t next_deadline_ms) override {
    if (wanted != waiting_) {
      waiting_ = wanted;
      if (wanted) {
        uv_poll_start(&handles_->poll, UV_READABLE, on_poll);
      } else {
        uv_poll_stop(&handles_->poll);
      }
    }
    // The next turn of the loop goes on with it, when others have had theirs.
    const bool is_due = wanted && DeadlineTimer::is_due_now(next_deadline_ms);
    if (is_due != is_due_) {
      is_due_ = is_due;
      if (is_due) {
        uv_idle_start(&handles_->idle, on_idle);
      } else {
        uv_idle_stop(&handles_->idle);
      }
    }
    if (!is_due) handles_->timer.update(wanted ? next_deadline_ms : -1);
  }

 private:
  std::unique_ptr<LoopHandles> handles_;
  bool opened_ = false;
  bool waiting_ = false;
  bool is_due_ = false;
};

}  // namespace

std::unique_ptr<Waker> create_poll_waker(const WakerPlace& place, std::int64_t wait_handle) {
  auto waker = std::make_unique<PollWaker>();
  if (!waker->open(place, static_cast<int>(wait_handle))) return nullptr;
  return waker;
}

}  // namespace ipdaemon::addon
