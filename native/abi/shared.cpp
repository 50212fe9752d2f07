// The callbacks that lay out events in memory of the caller, see ipdaemon_shared. They are built on the
// other callbacks of the ABI and know nothing else of the library.
#include <cstddef>
#include <cstring>
#include <utility>

#include "abi/callbacks.hpp"
#include "ipdaemon.h"

namespace ipdaemon {
namespace {

static_assert(IPDAEMON_SHARED_PARAMETERS == Callbacks::parameters_max);

// Bindings that cannot read the header have these offsets in their sources (bindings/koffi/memory.ts).
static_assert(sizeof(void*) != 8 || (sizeof(ipdaemon_shared) == 288 && offsetof(ipdaemon_shared, result) == 16 &&
                                     offsetof(ipdaemon_shared, parameters) == 32 && sizeof(ipdaemon_value) == 32 &&
                                     offsetof(ipdaemon_value, integer) == 8 && offsetof(ipdaemon_value, bytes) == 16 &&
                                     offsetof(ipdaemon_value, length) == 24));

bool has_bytes(const ipdaemon_value& value) {
  return value.type == IPDAEMON_TYPE_TEXT || value.type == IPDAEMON_TYPE_BYTES;
}

// One callback through shared memory. What is in there is lost with the next one.
class SharedCall {
 public:
  SharedCall(void* user, ipdaemon_t handle, std::int32_t event)
      : shared_(*static_cast<ipdaemon_shared*>(user)),
        bytes_(reinterpret_cast<std::uint8_t*>(&shared_ + 1)),
        free_(shared_.size) {
    shared_.handle = handle;
    shared_.event = event;
    shared_.count = 0;
  }
  SharedCall(const SharedCall&) = delete;
  SharedCall& operator=(const SharedCall&) = delete;

  void add(const ipdaemon_value& value) {
    ipdaemon_value& parameter = shared_.parameters[shared_.count++];
    parameter = value;
    if (!has_bytes(value) || value.length > free_) return;
    if (value.length > 0) std::memcpy(bytes_, value.bytes, static_cast<std::size_t>(value.length));
    parameter.bytes = bytes_;
    bytes_ += value.length;
    free_ -= value.length;
  }

  void add_number(std::int64_t number) { add({IPDAEMON_TYPE_INTEGER, 0, number, nullptr, 0}); }

  // -1 also when the callee could not run: an inner callback leaves it behind, too.
  std::int32_t call() {
    shared_.result = -1;
    shared_.callback();
    return std::exchange(shared_.result, -1);
  }

  const ipdaemon_value& parameter(std::int32_t position) const { return shared_.parameters[position]; }

 private:
  ipdaemon_shared& shared_;
  std::uint8_t* bytes_;
  std::uint64_t free_;
};

}  // namespace
}  // namespace ipdaemon

using namespace ipdaemon;

extern "C" {

int32_t ipdaemon_shared_event(void* user, ipdaemon_t handle, int32_t event, ipdaemon_value* parameters, int32_t count) {
  SharedCall call(user, handle, event);
  for (int32_t i = 0; i < count; ++i) call.add(parameters[i]);
  const int32_t changed = call.call();
  if (changed < 0) return 1;
  for (int32_t i = 0; i < count; ++i) {
    if ((changed >> i & 1) == 0) continue;
    const ipdaemon_value& now = call.parameter(i);
    parameters[i].integer = now.integer;
    if (!has_bytes(parameters[i])) continue;
    parameters[i].bytes = now.bytes;
    parameters[i].length = now.length;
  }
  return 0;
}

int32_t ipdaemon_shared_batch(void* user, ipdaemon_t handle, int32_t connection_id, const uint8_t* bytes,
                              uint64_t length, int32_t count) {
  SharedCall call(user, handle, IPDAEMON_SHARED_BATCH);
  call.add_number(connection_id);
  call.add({IPDAEMON_TYPE_BYTES, 0, 0, bytes, length});
  call.add_number(count);
  call.add_number(ipdaemon_gather_max(handle, connection_id));
  return call.call() < 0 ? 1 : 0;
}

int32_t ipdaemon_shared_wait(void* user, ipdaemon_t handle) {
  return SharedCall(user, handle, IPDAEMON_SHARED_WAIT).call() < 0 ? 1 : 0;
}

}  // extern "C"
