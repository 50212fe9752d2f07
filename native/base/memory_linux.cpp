// Free memory is given back to the system on request.
#include <cstdlib>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/memory.hpp"

namespace ipdaemon {

void give_back_memory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  // Other C libraries do it by themselves.
}

}  // namespace ipdaemon
