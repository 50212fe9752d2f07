#include "abi/handles.hpp"

#include <mutex>
#include <vector>

#include "base/per_thread.hpp"

namespace ipdaemon {

namespace {

constexpr int slot_bits = 16;
constexpr std::int32_t slot_mask = (1 << slot_bits) - 1;
constexpr std::int32_t generation_max = (1 << (31 - slot_bits)) - 1;

// Where the generations of this library begin. Several may be loaded in one process, the addon and the shared library
// for example, and a handle of one should be none of another. So they begin differently, by where the library lies.
std::int32_t first_generation() {
  static const char place = 0;
  constexpr int bits_of_place = 18;  // No library is shorter than that.
  const auto number = reinterpret_cast<std::uintptr_t>(&place) >> bits_of_place;
  return static_cast<std::int32_t>(number % generation_max) + 1;
}

// All live handles of the process.
class Register {
 public:
  ipdaemon_t add() {
    const std::lock_guard lock(mutex_);
    std::int32_t slot = 0;
    // A slot rests as long as possible before it is used again.
    if (free_count_ > 64 || (free_count_ > 0 && entries_.size() > slot_mask)) {
      slot = free_first_;
      free_first_ = entries_[static_cast<std::size_t>(slot)].next_free;
      --free_count_;
    } else if (entries_.size() <= slot_mask) {
      slot = static_cast<std::int32_t>(entries_.size());
      entries_.push_back({first_generation_});
    } else {
      return 0;
    }
    Entry& entry = entries_[static_cast<std::size_t>(slot)];
    entry.generation = entry.generation == generation_max ? 1 : entry.generation + 1;
    entry.live = true;
    return (entry.generation << slot_bits) | slot;
  }

  // Asks for no memory: closing must not fail.
  void remove(ipdaemon_t handle) {
    const std::lock_guard lock(mutex_);
    const std::int32_t slot = handle & slot_mask;
    entries_[static_cast<std::size_t>(slot)].live = false;
    (free_count_ > 0 ? entries_[static_cast<std::size_t>(free_last_)].next_free : free_first_) = slot;
    free_last_ = slot;
    ++free_count_;
  }

  bool contains(ipdaemon_t handle) {
    const std::lock_guard lock(mutex_);
    if (handle <= 0) return false;
    const auto slot = static_cast<std::size_t>(handle & slot_mask);
    return slot < entries_.size() && entries_[slot].live && entries_[slot].generation == handle >> slot_bits;
  }

 private:
  struct Entry {
    std::int32_t generation;
    bool live = false;
    std::int32_t next_free = 0;  // Means something only in the list of free slots.
  };
  const std::int32_t first_generation_ = first_generation();
  std::mutex mutex_;
  std::vector<Entry> entries_;
  // The free slots, those that have rested longest first. The entries themselves are the list.
  std::int32_t free_first_ = 0;
  std::int32_t free_last_ = 0;
  std::size_t free_count_ = 0;
};

Register& all_handles() {
  // Never destroyed: threads may outlive static objects.
  static Register& instance = *std::make_unique<Register>().release();
  return instance;
}

struct Own {
  ipdaemon_t handle;
  std::unique_ptr<Instance> instance;
};

// The handles of this thread. Those that a thread leaves open end with it.
struct OwnHandles {
  std::vector<Own> list;
  ~OwnHandles() {
    for (const Own& own : list) {
      // The list of changed instances goes with all of them; its head may be gone already, see per_thread.hpp.
      own.instance->changed_link = nullptr;
      own.instance->changed_next = nullptr;
      all_handles().remove(own.handle);
    }
  }
};

}  // namespace

ipdaemon_t open_handle(int* error) {
  OwnHandles& own = PerThread<OwnHandles>::get();
  own.list.reserve(own.list.size() + 1);
  const ipdaemon_t handle = all_handles().add();
  if (handle == 0) {
    *error = IPDAEMON_ERROR_TOO_MANY_SOCKETS;
    return 0;
  }
  try {
    auto instance = std::make_unique<Instance>(handle);
    instance->server = Server::create(instance->callbacks, error);
    if (instance->server) {
      own.list.push_back({handle, std::move(instance)});
      return handle;
    }
  } catch (const std::bad_alloc&) {
    *error = IPDAEMON_ERROR_OUT_OF_MEMORY;
  }
  all_handles().remove(handle);
  return 0;
}

thread_local constinit RecentHandle recent_handle;
thread_local constinit Instance* changed_instances = nullptr;

void Instance::note_change() {
  if (changed_link != nullptr) return;
  changed_next = changed_instances;
  if (changed_next != nullptr) changed_next->changed_link = &changed_next;
  changed_link = &changed_instances;
  changed_instances = this;
}

void Instance::forget_change() {
  if (changed_link == nullptr) return;
  *changed_link = changed_next;
  if (changed_next != nullptr) changed_next->changed_link = changed_link;
  changed_link = nullptr;
  changed_next = nullptr;
}

Instance* search_handle(ipdaemon_t handle, int* error) {
  if (const OwnHandles* mine = PerThread<OwnHandles>::find()) {
    for (const Own& own : mine->list) {
      if (own.handle != handle) continue;
      recent_handle = {handle, own.instance.get()};
      return own.instance.get();
    }
  }
  if (handle == IPDAEMON_OTHER_COPY) {
    *error = IPDAEMON_ERROR_OTHER_COPY;
    return nullptr;
  }
  *error = all_handles().contains(handle) ? IPDAEMON_ERROR_WRONG_THREAD : IPDAEMON_ERROR_INVALID_HANDLE;
  return nullptr;
}

std::unique_ptr<Instance> close_handle(ipdaemon_t handle) {
  OwnHandles* own = PerThread<OwnHandles>::find();
  if (own == nullptr) return nullptr;
  for (auto at = own->list.begin(); at != own->list.end(); ++at) {
    if (at->handle != handle) continue;
    if (recent_handle.handle == handle) recent_handle = {};
    std::unique_ptr<Instance> instance = std::move(at->instance);
    instance->forget_change();
    own->list.erase(at);
    all_handles().remove(handle);
    return instance;
  }
  return nullptr;
}

}  // namespace ipdaemon
