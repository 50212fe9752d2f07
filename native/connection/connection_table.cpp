#include "connection/connection_table.hpp"

#include <algorithm>

#include "connection/connection.hpp"

namespace ipdaemon {

ConnectionTable::ConnectionTable() : slots_(16), mask_(15) {}

ConnectionTable::~ConnectionTable() = default;

void ConnectionTable::insert(std::int32_t id, std::unique_ptr<Connection> connection) {
  if ((size_ + 1) * 2 > slots_.size()) grow();
  std::size_t at = home(id);
  while (slots_[at].id != 0) at = (at + 1) & mask_;
  slots_[at].id = id;
  slots_[at].connection = std::move(connection);
  ++size_;
}

std::unique_ptr<Connection> ConnectionTable::remove(std::int32_t id) {
  std::size_t hole = home(id);
  while (slots_[hole].id != id) {
    if (slots_[hole].id == 0) return nullptr;
    hole = (hole + 1) & mask_;
  }
  std::unique_ptr<Connection> removed = std::move(slots_[hole].connection);
  // Close the gap: whatever may not be found past an empty slot moves into it.
  for (std::size_t at = (hole + 1) & mask_; slots_[at].id != 0; at = (at + 1) & mask_) {
    const std::size_t distance_home = (at - home(slots_[at].id)) & mask_;
    if (distance_home < ((at - hole) & mask_)) continue;
    slots_[hole] = std::move(slots_[at]);
    hole = at;
  }
  slots_[hole].id = 0;
  slots_[hole].connection.reset();
  --size_;
  return removed;
}

std::vector<std::int32_t> ConnectionTable::ids() const {
  std::vector<std::int32_t> ids;
  ids.reserve(size_);
  for (const Slot& slot : slots_) {
    if (slot.id != 0) ids.push_back(slot.id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

void ConnectionTable::grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  mask_ = slots_.size() - 1;
  for (Slot& slot : old) {
    if (slot.id == 0) continue;
    std::size_t at = home(slot.id);
    while (slots_[at].id != 0) at = (at + 1) & mask_;
    slots_[at] = std::move(slot);
  }
}

}  // namespace ipdaemon
