// Files that hold secrets: who can read one, and one that lines are appended to. One file per system.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.hpp"

namespace ipdaemon {

// Whether users that neither own the file nor belong to its group can read it; `path` is UTF-8. False where the
// system has no such permissions, and when it cannot say.
bool others_can_read(const std::string& path);

class PrivateFile {
 public:
  PrivateFile() = default;
  PrivateFile(const PrivateFile&) = delete;
  PrivateFile& operator=(const PrivateFile&) = delete;
  ~PrivateFile();

  // Opens a regular file of this user, or makes it, so that nobody else can read it where the system has such
  // permissions. Never waits. Returns false with the system's reason.
  bool open(const std::string& path, std::string* reason);
  // Puts bytes behind what is there, as one piece even if others append to the file, too. False with the reason.
  bool append(BytesView bytes, std::string* reason);

 private:
  std::intptr_t handle_ = -1;
};

}  // namespace ipdaemon
