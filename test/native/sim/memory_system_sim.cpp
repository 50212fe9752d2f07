// The simulated system has its memory from nowhere.
#include "base/memory.hpp"

namespace ipdaemon {

void give_back_memory() {}

}  // namespace ipdaemon
