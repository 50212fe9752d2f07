// Files of the simulated world have one user, and are only read.
#include "base/file_access.hpp"

namespace ipdaemon {

bool others_can_read(const std::string&) {
  return false;
}

PrivateFile::~PrivateFile() = default;

bool PrivateFile::open(const std::string&, std::string* reason) {
  *reason = "files of the simulated world are only read";
  return false;
}

bool PrivateFile::append(BytesView, std::string* reason) {
  *reason = handle_ == -1 ? "the file is not open" : "files of the simulated world are only read";
  return false;
}

}  // namespace ipdaemon
