#include "base/file_access.hpp"

#include <sys/stat.h>

namespace ipdaemon {

bool others_can_read(const std::string& path) {
  struct stat facts = {};
  return ::stat(path.c_str(), &facts) == 0 && (facts.st_mode & S_IROTH) != 0;
}

}  // namespace ipdaemon
