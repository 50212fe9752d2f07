// The simulated world has no errno: its calls answer with codes of the library already.
#include "base/system_error.hpp"

namespace ipdaemon {

int code_from_system(int system_error) {
  return system_error;
}

std::string text_from_system(int system_error) {
  return "simulated error " + std::to_string(system_error);
}

}  // namespace ipdaemon
