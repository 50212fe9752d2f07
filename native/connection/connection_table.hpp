// Connection ids to connections: open addressing, because ids rise one by one and so hash perfectly.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace ipdaemon {

class Connection;

class ConnectionTable {
 public:
  ConnectionTable();
  ~ConnectionTable();

  Connection* find(std::int32_t id) const {
    for (std::size_t at = home(id);; at = (at + 1) & mask_) {
      const Slot& slot = slots_[at];
      if (slot.id == id) return slot.connection.get();
      if (slot.id == 0) return nullptr;
    }
  }
  // May throw std::bad_alloc, then nothing has changed.
  void insert(std::int32_t id, std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> remove(std::int32_t id);

  std::size_t size() const { return size_; }
  // Calls `visit` with each connection; it must not insert or remove.
  template <typename Visit>
  void for_each(Visit visit) const {
    for (const Slot& slot : slots_) {
      if (slot.id != 0) visit(*slot.connection);
    }
  }
  // Removes all and gives them to `take`. Needs no memory.
  template <typename Take>
  void take_all(Take take) {
    for (std::size_t at = 0; at < slots_.size();) {
      if (slots_[at].id == 0) {
        ++at;
      } else {
        take(remove(slots_[at].id));
      }
    }
  }
  std::vector<std::int32_t> ids() const;

 private:
  struct Slot {
    std::int32_t id = 0;
    std::unique_ptr<Connection> connection;
  };
  std::size_t home(std::int32_t id) const { return static_cast<std::size_t>(id) & mask_; }
  void grow();

  std::vector<Slot> slots_;
  std::size_t mask_;
  std::size_t size_ = 0;
};

}  // namespace ipdaemon
