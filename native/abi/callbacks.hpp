// What was registered for the events of one handle, and the one place that calls out of the library.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "ipdaemon.h"
#include "pump/events.hpp"

namespace ipdaemon {

class Callbacks final : public EventSink {
 public:
  static constexpr int event_max = IPDAEMON_EVENT_SSL_STATUS;
  static constexpr int parameters_max = 8;

  // Room at once: for an event that was delivered it must not be missing, and nothing there may move.
  explicit Callbacks(ipdaemon_t handle) : handle_(handle) { changed_.reserve(parameters_max); }

  void set(int event, ipdaemon_callback callback, void* user) {
    callbacks_[static_cast<std::size_t>(event)] = {callback, user};
  }
  void set_batch(ipdaemon_data_batch callback, void* user, std::int32_t* descriptor, std::int32_t capacity);
  void set_group(ipdaemon_data_group callback, void* user, std::int32_t* descriptor, std::int32_t capacity);
  void set_wait_hook(ipdaemon_wait_hook hook, void* user) { wait_hook_ = hook, wait_user_ = user; }

  ipdaemon_t handle() const { return handle_; }
  int event(int event, ValueView* parameters, int count) override;
  int data_in(std::int32_t connection_id, BytesView bytes, bool eol) override;
  int data_batch(std::int32_t connection_id, BytesView bytes, int count) override;
  int data_group(BytesView bytes, int count) override;
  bool may_wait() override { return wait_hook_ == nullptr || wait_hook_(wait_user_, handle_) == 0; }
  bool wants(int event) const override { return callbacks_[static_cast<std::size_t>(event)].callback != nullptr; }
  void forget_changes() override { changed_.clear(); }
  BatchDescriptor batch_descriptor() const override { return batch_descriptor_; }
  BatchDescriptor group_descriptor() const override { return group_descriptor_; }

 private:
  struct Registered {
    ipdaemon_callback callback = nullptr;
    void* user = nullptr;
  };

  const ipdaemon_t handle_;
  std::array<Registered, event_max + 1> callbacks_{};
  ipdaemon_data_batch batch_ = nullptr;
  void* batch_user_ = nullptr;
  BatchDescriptor batch_descriptor_;
  ipdaemon_data_group group_ = nullptr;
  void* group_user_ = nullptr;
  BatchDescriptor group_descriptor_;
  ipdaemon_wait_hook wait_hook_ = nullptr;
  void* wait_user_ = nullptr;
  std::vector<WipedBytes> changed_;  // Bytes of INOUT parameters that the callback has replaced.
};

}  // namespace ipdaemon
