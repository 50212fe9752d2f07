#include "base/file_access.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/system_error.hpp"

namespace ipdaemon {

bool others_can_read(const std::string& path) {
  struct stat facts = {};
  return ::stat(path.c_str(), &facts) == 0 && (facts.st_mode & S_IROTH) != 0;
}

PrivateFile::~PrivateFile() {
  if (handle_ != -1) ::close(static_cast<int>(handle_));
}

bool PrivateFile::open(const std::string& path, std::string* reason) {
  constexpr mode_t mode = S_IRUSR | S_IWUSR;
  int descriptor;
  do {
    // O_NONBLOCK: opening a named pipe would wait for its other end.
    descriptor = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, mode);
  } while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0) {
    *reason = text_from_system(errno);
    return false;
  }
  handle_ = descriptor;
  struct stat facts = {};
  if (::fstat(descriptor, &facts) != 0) {
    *reason = text_from_system(errno);
  } else if (!S_ISREG(facts.st_mode)) {
    *reason = "it is not a regular file";
  } else if (facts.st_uid != ::geteuid()) {
    *reason = "it belongs to another user";
  } else if (::fchmod(descriptor, mode) != 0) {
    *reason = text_from_system(errno);
  } else {
    return true;
  }
  return false;
}

bool PrivateFile::append(BytesView bytes, std::string* reason) {
  ssize_t count;
  do {
    count = ::write(static_cast<int>(handle_), bytes.data(), bytes.size());
  } while (count < 0 && errno == EINTR);
  if (count == static_cast<ssize_t>(bytes.size())) return true;
  *reason = text_from_system(count < 0 ? errno : ENOSPC);
  return false;
}

}  // namespace ipdaemon
