// The drain by descriptor: when the other end of the descriptor that IPDAEMON_DRAIN_FD names is closed, a drain of
// IPDAEMON_DRAIN_SECONDS begins. It is looked at by a deadline, so that pump loops notice it, too, and any number of
// servers may share it.
#pragma once

#include <cstdint>

#include "pump/deadlines.hpp"

namespace ipdaemon {

class Drain;
struct Services;

class ParentWatch final : public Deadline {
 public:
  ParentWatch(Services& services, Drain& drain) : services_(services), drain_(drain) {}

  // Reads the environment, before listening. Returns 0, or an error code that is recorded.
  int prepare();
  // Begins to look, and tells that a server listens; the first one of the process does.
  void on_listening();
  void on_drained();
  void cancel();

  void on_deadline(std::int64_t now_ms) override;

 private:
  static constexpr std::int64_t look_every_ms = 100;

  Services& services_;
  Drain& drain_;
  int descriptor_ = -1;
  std::int64_t seconds_ = 0;
};

}  // namespace ipdaemon
