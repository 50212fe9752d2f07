// Files through descriptors, read at positions, so that an open file needs no position.
#include "net/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/system_error.hpp"
#include "ipdaemon.h"

namespace ipdaemon {

namespace {

void close_file(std::intptr_t handle) {
  const int saved = errno;
  ::close(static_cast<int>(handle));
  errno = saved;
}

// What has to be kept in memory is limited like everything that is.
constexpr std::size_t content_max = 1024 * 1024;
// Sizes that are made up are those of a page.
constexpr off_t doubtful_max = 64 * 1024;

bool is_regular(const struct stat& facts, std::string* reason) {
  if (S_ISREG(facts.st_mode)) return true;
  *reason = S_ISDIR(facts.st_mode) ? text_from_system(EISDIR) : "not a regular file";
  return false;
}

// Files that a program makes up as they are read have no blocks, and a size of 0 or of a page, as in /proc and /sys.
// Others may be like that, too: they are empty, or all hole, or small enough to lie beside their name.
bool size_is_told(int descriptor, const struct stat& facts) {
  if (facts.st_size > doubtful_max || facts.st_blocks > 0) return true;
  char last;
  return facts.st_size > 0 && ::pread(descriptor, &last, 1, facts.st_size - 1) == 1;
}

bool read_all(int descriptor, Bytes* out, std::string* reason) {
  char buffer[16 * 1024];
  while (out->size() <= content_max) {
    const ssize_t count = ::read(descriptor, buffer, sizeof buffer);
    if (count == 0) return true;
    if (count > 0) {
      out->append(buffer, static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      *reason = text_from_system(errno);
      return false;
    }
  }
  *reason = "the system does not report its size, and it is longer than 1 MiB";
  return false;
}

}  // namespace

File::File(File&& other) noexcept
    : handle_(std::exchange(other.handle_, -1)),
      size_(std::exchange(other.size_, 0)),
      content_(std::move(other.content_)) {}

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    if (valid()) close_file(handle_);
    handle_ = std::exchange(other.handle_, -1);
    size_ = std::exchange(other.size_, 0);
    content_ = std::move(other.content_);
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
  // Before it is opened: that alone makes some devices do something.
  struct stat facts = {};
  if (::stat(path.c_str(), &facts) != 0) {
    *reason = text_from_system(errno);
    return false;
  }
  if (!is_regular(facts, reason)) return false;
  // O_NONBLOCK: if it is a named pipe by now, opening it would wait for its other end.
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
  if (::fstat(descriptor, &facts) != 0) {
    *reason = text_from_system(errno);
    return false;
  }
  if (!is_regular(facts, reason)) return false;
  file.size_ = static_cast<std::int64_t>(facts.st_size);
  if (!size_is_told(descriptor, facts)) {
    if (!read_all(descriptor, &file.content_, reason)) return false;
    file.size_ = static_cast<std::int64_t>(file.content_.size());
    close_file(std::exchange(file.handle_, -1));
  }
  *out = std::move(file);
  return true;
}

Transfer File::read(std::int64_t offset, void* buffer, std::size_t length) const {
  if (is_read()) {
    const BytesView rest = BytesView(content_).substr(static_cast<std::size_t>(std::min(offset, size_)), length);
    std::memcpy(buffer, rest.data(), rest.size());
    return {static_cast<std::int64_t>(rest.size()), 0};
  }
  while (true) {
    const ssize_t count = ::pread(static_cast<int>(handle_), buffer, length, static_cast<off_t>(offset));
    if (count >= 0) return {count, 0};
    if (errno != EINTR) return {0, IPDAEMON_ERROR_FILE_UNUSABLE};
  }
}

}  // namespace ipdaemon
