// Windows hands on handles and not descriptors: there is nothing to watch, and a program that is told to do so learns
// it.
#include "net/parent_descriptor.hpp"

#include <cstdlib>

namespace ipdaemon {

const char* environment(const char* name) {
  return std::getenv(name);
}

bool has_other_end(int) {
  return false;
}

bool other_end_is_closed(int) {
  return false;
}

void tell_other_end(int, char) {}

}  // namespace ipdaemon
