#include "abi/callbacks.hpp"

#include <algorithm>

#include "abi/values.hpp"

namespace ipdaemon {

void Callbacks::set_batch(ipdaemon_data_batch callback, void* user, std::int32_t* descriptor, std::int32_t capacity) {
  batch_ = callback;
  batch_user_ = user;
  batch_descriptor_ = callback != nullptr ? BatchDescriptor{descriptor, capacity} : BatchDescriptor{};
}

void Callbacks::set_group(ipdaemon_data_group callback, void* user, std::int32_t* descriptor, std::int32_t capacity) {
  group_ = callback;
  group_user_ = user;
  group_descriptor_ = callback != nullptr ? BatchDescriptor{descriptor, capacity} : BatchDescriptor{};
}

int Callbacks::event(int event, ValueView* parameters, int count) {
  const Registered registered = callbacks_[static_cast<std::size_t>(event)];
  if (registered.callback == nullptr) return 0;
  ipdaemon_value values[parameters_max];
  std::transform(parameters, parameters + count, values, to_abi);
  const int result = registered.callback(registered.user, handle_, event, values, count);
  // Events nest; what an inner one has changed has been taken by now.
  changed_.clear();
  for (int i = 0; i < count; ++i) {
    // The server looks only at those that may change.
    parameters[i].number = values[i].integer;
    if (is_number(parameters[i].type)) continue;
    const BytesView now = as_view(values[i].bytes, values[i].length);
    if (now.data() == parameters[i].bytes.data() && now.size() == parameters[i].bytes.size()) continue;
    parameters[i].bytes = changed_.emplace_back(now);
  }
  return result;
}

int Callbacks::data_in(std::int32_t connection_id, BytesView bytes, bool eol) {
  const Registered registered = callbacks_[IPDAEMON_EVENT_DATA_IN];
  if (registered.callback == nullptr) return 0;
  ipdaemon_value values[] = {{IPDAEMON_TYPE_INTEGER, 0, connection_id, nullptr, 0},
                             {IPDAEMON_TYPE_BYTES, 0, 0, as_bytes(bytes), bytes.size()},
                             {IPDAEMON_TYPE_BOOLEAN, 0, eol ? 1 : 0, nullptr, 0}};
  return registered.callback(registered.user, handle_, IPDAEMON_EVENT_DATA_IN, values, 3);
}

int Callbacks::data_batch(std::int32_t connection_id, BytesView bytes, int count) {
  return batch_(batch_user_, handle_, connection_id, as_bytes(bytes), bytes.size(), count);
}

int Callbacks::data_group(BytesView bytes, int count) {
  return group_(group_user_, handle_, as_bytes(bytes), bytes.size(), count);
}

}  // namespace ipdaemon
