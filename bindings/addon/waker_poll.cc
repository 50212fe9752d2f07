// The waker for systems whose poller is a descriptor that a loop can wait for: uv_poll on the
// poller's own descriptor, and one timer for the deadlines.
#include "waker.h"

namespace ipdaemon::addon {
namespace {

// The loop keeps pointers to these until their close callbacks have run, so they have a life of
// their own: the waker gives the ownership away when it goes, and the last close callback ends it.
struct LoopHandles {
  uv_poll_t poll{};
  uv_timer_t timer{};
  WakerOwner* owner = nullptr;
  OpenHandles* open = nullptr;
  int closing = 0;
};

void on_poll(uv_poll_t* poll, int, int) {
  static_cast<LoopHandles*>(poll->data)->owner->on_wake();
}

void on_timer(uv_timer_t* timer) {
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
  explicit PollWaker(std::unique_ptr<LoopHandles> handles) : handles_(std::move(handles)) {}
  PollWaker(const PollWaker&) = delete;
  PollWaker& operator=(const PollWaker&) = delete;

  ~PollWaker() override {
    LoopHandles* handles = handles_.release();
    handles->closing = 2;
    uv_close(reinterpret_cast<uv_handle_t*>(&handles->poll), on_closed);
    uv_close(reinterpret_cast<uv_handle_t*>(&handles->timer), on_closed);
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
    update_timer(wanted ? next_deadline_ms : -1);
  }

 private:
  // A timer that is due too early costs one turn without work, re-arming it on every turn costs
  // more. So it only ever moves to an earlier time, and is looked at again when it has fired.
  void update_timer(std::int32_t next_deadline_ms) {
    auto* timer = reinterpret_cast<uv_handle_t*>(&handles_->timer);
    if (next_deadline_ms < 0) {
      if (uv_is_active(timer) != 0) uv_timer_stop(&handles_->timer);
      return;
    }
    const std::uint64_t due = uv_now(handles_->timer.loop) + static_cast<std::uint64_t>(next_deadline_ms);
    if (uv_is_active(timer) != 0 && timer_due_ <= due) return;
    timer_due_ = due;
    uv_timer_start(&handles_->timer, on_timer, static_cast<std::uint64_t>(next_deadline_ms), 0);
  }

  std::unique_ptr<LoopHandles> handles_;
  std::uint64_t timer_due_ = 0;
  bool waiting_ = false;
};

}  // namespace

std::unique_ptr<Waker> create_waker(uv_loop_t* loop, std::int64_t wait_handle, WakerOwner& owner,
                                    OpenHandles& handles) {
  auto loop_handles = std::make_unique<LoopHandles>();
  loop_handles->owner = &owner;
  loop_handles->open = &handles;
  loop_handles->poll.data = loop_handles.get();
  loop_handles->timer.data = loop_handles.get();
  if (uv_poll_init(loop, &loop_handles->poll, static_cast<int>(wait_handle)) != 0) return nullptr;
  uv_timer_init(loop, &loop_handles->timer);
  // Only the poll keeps the process alive; a deadline alone never does.
  uv_unref(reinterpret_cast<uv_handle_t*>(&loop_handles->timer));
  handles.on_handle_opened();
  handles.on_handle_opened();
  return std::make_unique<PollWaker>(std::move(loop_handles));
}

}  // namespace ipdaemon::addon
