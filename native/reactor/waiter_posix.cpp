// A waiter on a copy of the poller's descriptor and on a pipe.
#include <fcntl.h>
#include <poll.h>

#include <cerrno>
#include <utility>

#include "base/system_error.hpp"
#include "reactor/waiter.hpp"
#include "reactor/wake_pipe.hpp"

namespace ipdaemon {

namespace {

class DescriptorWaiter final : public Waiter {
 public:
  DescriptorWaiter(Descriptor watched, std::unique_ptr<WakePipe> pipe)
      : watched_(std::move(watched)), pipe_(std::move(pipe)) {}

  bool wait(int timeout_ms) override {
    pollfd entries[2] = {{watched_.number(), POLLIN, 0}, {pipe_->number(), POLLIN, 0}};
    if (::poll(entries, 2, timeout_ms) <= 0) return false;
    if (entries[1].revents == 0) return true;
    pipe_->drain();
    return false;
  }

  void wake() override { pipe_->wake(); }

 private:
  const Descriptor watched_;
  const std::unique_ptr<WakePipe> pipe_;
};

}  // namespace

std::unique_ptr<Waiter> make_descriptor_waiter(int descriptor, int* error) {
  Descriptor watched(fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
  if (watched.number() < 0) {
    *error = code_from_system(errno);
    return nullptr;
  }
  std::unique_ptr<WakePipe> pipe = WakePipe::create(error);
  if (pipe == nullptr) return nullptr;
  return std::make_unique<DescriptorWaiter>(std::move(watched), std::move(pipe));
}

}  // namespace ipdaemon
