// What a socket is called on this system.
#pragma once

#include <cstdint>

namespace ipdaemon {

#if defined(_WIN32)
using SocketHandle = std::uintptr_t;
#else
using SocketHandle = int;
#endif

inline constexpr SocketHandle no_socket = static_cast<SocketHandle>(-1);

}  // namespace ipdaemon
