#include "base/memory.hpp"

namespace ipdaemon {

void give_back_memory() {
  // The allocators of these systems do it by themselves.
}

}  // namespace ipdaemon
