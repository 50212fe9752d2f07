#include "base/file_access.hpp"

namespace ipdaemon {

bool others_can_read(const std::string&) {
  return false;
}

}  // namespace ipdaemon
