// Faults planted on purpose, one for each kind that the sanitizers must find when an addon in Node has it.
// IPDAEMON_PLANTED chooses: none, use-after-free, undefined, leak. Node calls the function below when
// it loads the file; without the headers of Node, as nothing of them is needed.
#include <cstdlib>
#include <cstring>
#include <limits>

namespace {

// Results go here, so that none of the work can be left out.
volatile int kept = 0;

[[gnu::noinline]] char* allocate(std::size_t size) {
  auto* memory = static_cast<char*>(std::malloc(size));
  std::memset(memory, 'x', size);
  return memory;
}

[[gnu::noinline]] int use_after_free() {
  char* volatile memory = allocate(64);
  std::free(memory);
  return memory[10];
}

[[gnu::noinline]] int undefined() {
  volatile int largest = std::numeric_limits<int>::max();
  return largest + 1;
}

// Several, so that a pointer which stays in a register does not hide it.
[[gnu::noinline]] int leak() {
  int sum = 0;
  for (int i = 0; i < 50; ++i) sum += allocate(4321)[i];
  return sum;
}

}  // namespace

extern "C" [[gnu::visibility("default")]] void* napi_register_module_v1(void*, void* exports) {
  const char* wanted = std::getenv("IPDAEMON_PLANTED");
  if (wanted == nullptr) return exports;
  if (std::strcmp(wanted, "use-after-free") == 0) kept = use_after_free();
  if (std::strcmp(wanted, "undefined") == 0) kept = undefined();
  if (std::strcmp(wanted, "leak") == 0) kept = leak();
  return exports;
}
