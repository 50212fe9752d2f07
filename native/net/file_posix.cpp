// Files through descriptors, read at positions, so that one open file needs no position of its own.
#include "net/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/system_error.hpp"
#include "include/ipdaemon.h"

namespace ipdaemon {

namespace {

void close_file(std::intptr_t handle) {
  const int saved = errno;
  ::close(static_cast<int>(handle));
  errno = saved;
}

}  // namespace

File::File(File&& other) noexcept : handle_(std::exchange(other.handle_, -1)), size_(std::exchange(other.size_, 0)) {}

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    if (valid()) close_file(handle_);
    handle_ = std::exchange(other.handle_, -1);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

File::~File() {
  if (valid()) close_file(handle_);
}

bool File::open(const std::string& path, File* out, std::string* reason) {
  if (path.find('\0') != std::string::npos) {
    *reason = "the path contains a NUL";
    return false;
  }
  // O_NONBLOCK: opening a named pipe would wait for its other end before it could be refused.
  int descriptor;
  do {
    descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  } while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0) {
    *reason = text_from_system(errno);
    return false;
  }
  File file;
  file.handle_ = descriptor;
  struct stat facts = {};
  if (::fstat(descriptor, &facts) != 0) {
    *reason = text_from_system(errno);
    return false;
  }
  if (!S_ISREG(facts.st_mode)) {
    *reason = S_ISDIR(facts.st_mode) ? text_from_system(EISDIR) : "not a regular file";
    return false;
  }
  file.size_ = static_cast<std::int64_t>(facts.st_size);
  *out = std::move(file);
  return true;
}

Transfer File::read(std::int64_t offset, void* buffer, std::size_t length) const {
  while (true) {
    const ssize_t count = ::pread(static_cast<int>(handle_), buffer, length, static_cast<off_t>(offset));
    if (count >= 0) return {count, 0};
    if (errno != EINTR) return {0, IPDAEMON_ERROR_FILE_UNUSABLE};
  }
}

}  // namespace ipdaemon
