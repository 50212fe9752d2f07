// What belongs to a thread ends with it, as the language has it.
#include <vector>

#include "base/per_thread.hpp"

namespace ipdaemon {

void free_at_thread_end(std::unique_ptr<ThreadObject> object) {
  thread_local std::vector<std::unique_ptr<ThreadObject>> objects;
  objects.push_back(std::move(object));
}

}  // namespace ipdaemon
