// The library's callbacks: they carry an event into JavaScript and what a handler changed back.
// `user` is the Session of the server.
#pragma once

#include <cstdint>

#include "ipdaemon.h"

namespace ipdaemon::addon {

// DataIn, one piece at a time and several at a time. Registered for DataIn only.
std::int32_t on_data_in(void* user, ipdaemon_t handle, std::int32_t event, ipdaemon_value* parameters,
                        std::int32_t count);
std::int32_t on_data_in_batch(void* user, ipdaemon_t handle, std::int32_t connection_id, const std::uint8_t* bytes,
                              std::uint64_t length, std::int32_t count);

// DataIn of several connections.
std::int32_t on_data_in_group(void* user, ipdaemon_t handle, const std::uint8_t* bytes, std::uint64_t length,
                              std::int32_t count);

// Every other event.
std::int32_t on_event(void* user, ipdaemon_t handle, std::int32_t event, ipdaemon_value* parameters,
                      std::int32_t count);

// Ends a blocking wait when JavaScript cannot run any more, as in a worker that is being terminated.
std::int32_t on_wait(void* user, ipdaemon_t handle);

}  // namespace ipdaemon::addon
