#include <malloc.h>

#include "base/memory.hpp"

namespace ipdaemon {

void give_back_memory() {
  _heapmin();
}

}  // namespace ipdaemon
