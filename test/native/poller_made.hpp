// What the tests of the poller have in common.
#pragma once

#include <memory>
#include <string_view>

#include "peer.hpp"
#include "reactor/poller.hpp"

namespace ipdaemon::test {

inline std::unique_ptr<Poller> made() {
  int error = -1;
  std::unique_ptr<Poller> poller = Poller::create(&error);
  REQUIRE(poller != nullptr);
  REQUIRE_EQ(error, 0);
  return poller;
}

inline bool has_completion_port() {
  return std::string_view(Poller::name()) == "iocp";
}

// Waits until something is reported, and expects exactly one record.
inline Ready wait_one(Poller& poller) {
  Ready ready[8];
  REQUIRE_EQ(poller.wait(ready, 8, patience_ms), 1);
  return ready[0];
}

// What is reported now.
inline int wait_none(Poller& poller) {
  Ready ready[8];
  return poller.wait(ready, 8, 0);
}

// A token is any address; tests use those of what they watch.
inline void* token_of(Pair& pair) {
  return &pair;
}

inline void drain(Socket& socket) {
  char buffer[65536];
  while (socket.receive(buffer, sizeof buffer).count > 0) continue;
}

}  // namespace ipdaemon::test
