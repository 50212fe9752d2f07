// Handles to servers. A handle is a slot and a generation, so that one that was closed never means
// another server. Each thread finds its own handles without a lock; the register of all threads is
// only asked for handles that are not its own, and when one is opened or closed.
#pragma once

#include <cstdint>
#include <memory>

#include "abi/callbacks.hpp"
#include "ipdaemon.h"
#include "server/server.hpp"

namespace ipdaemon {

// What a handle stands for.
struct Instance {
  explicit Instance(ipdaemon_t handle) : callbacks(handle) {}
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  ~Instance() { forget_change(); }
  Callbacks callbacks;  // Before the server, which refers to it.
  std::unique_ptr<Server> server;
  int calls = 0;  // ABI calls on the stack; the instance lives until the last has returned.
  std::string error_text;
  std::unique_ptr<Instance> self;  // Owns itself once it was closed with calls on the stack.

  // In the list of those about which a host's loop has to ask again.
  void note_change();
  void forget_change();
  Instance* changed_next = nullptr;
  Instance** changed_link = nullptr;  // What points to this one; null when it is not in the list.
};

// The first instance of this thread in that list.
extern thread_local constinit Instance* changed_instances;

// Opens a server for the calling thread. Returns 0 with an error code in `error`.
ipdaemon_t open_handle(int* error);

// The handle that the thread used last.
struct RecentHandle {
  ipdaemon_t handle = 0;
  Instance* instance = nullptr;
};
extern thread_local constinit RecentHandle recent_handle;

Instance* search_handle(ipdaemon_t handle, int* error);

// The instance of a handle of the calling thread; otherwise null, with INVALID_HANDLE or WRONG_THREAD.
inline Instance* find_handle(ipdaemon_t handle, int* error) {
  const RecentHandle& recent = recent_handle;
  return recent.handle == handle && handle != 0 ? recent.instance : search_handle(handle, error);
}

// Makes the handle invalid and returns what it stood for; null if it is not one of the calling thread.
std::unique_ptr<Instance> close_handle(ipdaemon_t handle);

}  // namespace ipdaemon
