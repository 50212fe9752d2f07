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

// True if an error of accept concerns the connection that was just taken off the queue, and not the listening socket.
bool belongs_to_dead_peer(int system_error);

// The TCP option for the seconds before the first keep-alive probe.
extern const int keep_alive_time_option;

// How many times the buffer that was asked for is what the system reports.
extern const int buffer_factor;

// Sends a part of a file, `length` being more than 0, with one call of the system where it can.
Transfer send_file_by_system(int socket, const File& file, std::int64_t offset, std::int64_t length);

// Reads pieces and sends them, until the socket takes no more. Its two calls separate what the file and what the
// socket is to blame for.
Transfer send_file_by_reading(int socket, const File& file, std::int64_t offset, std::int64_t length);

// In socket_posix.cpp, too: what both do when their sendfile has failed with `system_error`: an error that is surely
// the connection's is returned, anything else is left to send_file_by_reading.
Transfer after_failed_sendfile(int system_error, int socket, const File& file, std::int64_t offset,
                               std::int64_t length);

// The most descriptors that a process with this limit may ask for.
rlim_t descriptors_max(const rlimit& limit);

}  // namespace ipdaemon
