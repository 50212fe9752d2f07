#include "reactor/wake_pipe.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/system_error.hpp"

namespace ipdaemon {

namespace {

// Not inherited by other programs, and never makes a call wait.
bool set_flags(int descriptor) {
  return fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 && fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0;
}

}  // namespace

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

std::unique_ptr<WakePipe> WakePipe::create(int* error) {
  int ends[2] = {-1, -1};
  if (::pipe(ends) == 0) {
    Descriptor reading(ends[0]);
    Descriptor writing(ends[1]);
    if (set_flags(ends[0]) && set_flags(ends[1])) {
      *error = 0;
      return std::unique_ptr<WakePipe>(new WakePipe(std::move(reading), std::move(writing)));
    }
  }
  *error = code_from_system(errno);
  return nullptr;
}

void WakePipe::wake() const {
  const char byte = 0;
  // A full pipe has woken already.
  while (::write(writing_.number(), &byte, 1) < 0 && errno == EINTR) continue;
}

void WakePipe::drain() const {
  char bytes[64];
  while (::read(reading_.number(), bytes, sizeof bytes) > 0) continue;
}

}  // namespace ipdaemon
