// The listening socket of the bench servers on 127.0.0.1, and the line that names its port.
#pragma once

#include <arpa/inet.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "bench/descriptor.hpp"

namespace bench {

// Ends the program when the port cannot be had.
inline Descriptor listen_on_loopback(std::uint16_t port, int backlog) {
  Descriptor listener(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(listener.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (bind(listener.number(), reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      listen(listener.number(), backlog) != 0 ||
      getsockname(listener.number(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    std::perror("listen");
    std::exit(1);
  }
  std::printf("listening %d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return listener;
}

}  // namespace bench
