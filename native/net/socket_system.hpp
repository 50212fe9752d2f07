// What Linux, macOS and the BSDs do differently about sockets, for socket_posix.cpp, which has all the rest. Defined in
// socket_linux.cpp and socket_bsd.cpp.
#pragma once

#include <sys/resource.h>
#include <sys/socket.h>

#include <cstdint>

#include "net/file.hpp"
#include "net/transfer.hpp"

namespace ipdaemon {

// New sockets: non-blocking, not inherited by child processes, and with sending_flags they never raise a signal. -1
// with errno after an error.
int open_socket(int domain);
int accept_socket(int listener, sockaddr* peer, socklen_t* length);
extern const int sending_flags;

// Whether an error of accept tells about the peer at the head of the queue, which is off the queue by then, and not
// about the listener.
bool belongs_to_dead_peer(int system_error);

// The TCP option for the seconds before the first keep-alive probe.
extern const int keep_alive_time_option;

// How many times the buffer that was asked for is what the system reports.
extern const int buffer_factor;

// Sends a part of a file, `length` being more than 0. Only what is surely an error of the connection is returned as
// one. Whatever else the system says, as that it cannot or must not send this file by itself, is left to
// send_file_by_reading: its two calls tell apart what the file and what the socket is to blame for.
Transfer send_file_by_system(int socket, const File& file, std::int64_t offset, std::int64_t length);

// In socket_posix.cpp: reads pieces and sends them, until the socket takes no more.
Transfer send_file_by_reading(int socket, const File& file, std::int64_t offset, std::int64_t length);
// Whether it takes something now.
bool is_writable(int socket);

// The most descriptors that a process with this limit may ask for.
rlim_t descriptors_max(const rlimit& limit);

}  // namespace ipdaemon
