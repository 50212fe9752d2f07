// Connections that owe something, in the order in which that came about, in three lists by urgency.
#pragma once

#include <array>
#include <cstddef>

#include "server/connection.hpp"

namespace ipdaemon {

class DueList {
 public:
  bool empty() const { return list(DueKind::now).first == nullptr; }
  bool empty(DueKind kind) const { return list(kind).first == nullptr; }
  bool all_empty() const { return empty(DueKind::now) && empty(DueKind::after_others) && empty(DueKind::handshake); }
  Connection* first(DueKind kind = DueKind::now) const { return list(kind).first; }
  static Connection* after(const Connection* connection) { return connection->due_next_; }
  std::size_t size(DueKind kind) const { return list(kind).size; }

  // One that is in a more urgent list stays there. What comes after others does so until it is taken out.
  void add(Connection* connection, DueKind kind = DueKind::now) {
    if (kind == DueKind::now && connection->after_others_) kind = DueKind::after_others;
    if (contains(connection)) {
      if (connection->due_kind_ <= kind) return;
      remove(connection);
    }
    List& to = list(kind);
    connection->due_kind_ = kind;
    connection->due_previous_ = to.last;
    (to.last != nullptr ? to.last->due_next_ : to.first) = connection;
    to.last = connection;
    ++to.size;
  }

  void remove(Connection* connection) {
    if (!contains(connection)) return;
    List& from = list(connection->due_kind_);
    Connection* previous = connection->due_previous_;
    Connection* next = connection->due_next_;
    (previous != nullptr ? previous->due_next_ : from.first) = next;
    (next != nullptr ? next->due_previous_ : from.last) = previous;
    connection->due_previous_ = connection->due_next_ = nullptr;
    --from.size;
  }

  // What the connection owes now and until it is taken out the next time waits for all others.
  void put_after_others(Connection* connection) {
    if (connection->after_others_) return;
    const bool is_due = contains(connection) && connection->due_kind_ == DueKind::now;
    if (is_due) remove(connection);
    connection->after_others_ = true;
    if (is_due) add(connection);
  }

  // Takes the first one out; there must be one.
  Connection* take(DueKind kind) {
    Connection* connection = first(kind);
    remove(connection);
    if (kind == DueKind::after_others) connection->after_others_ = false;
    return connection;
  }

 private:
  struct List {
    Connection* first = nullptr;
    Connection* last = nullptr;
    std::size_t size = 0;
  };

  bool contains(const Connection* connection) const {
    return connection->due_previous_ != nullptr || list(connection->due_kind_).first == connection;
  }
  List& list(DueKind kind) { return lists_[static_cast<std::size_t>(kind)]; }
  const List& list(DueKind kind) const { return lists_[static_cast<std::size_t>(kind)]; }

  std::array<List, 3> lists_;
};

}  // namespace ipdaemon
