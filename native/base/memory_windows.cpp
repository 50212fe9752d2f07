// Free memory is given back to the system on request.
#include <malloc.h>

#include "base/memory.hpp"

namespace ipdaemon {

void give_back_memory() {
  _heapmin();
}

}  // namespace ipdaemon
