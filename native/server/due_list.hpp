// Connections that owe an event or have input waiting, in the order in which that came about.
#pragma once

#include "server/connection.hpp"

namespace ipdaemon {

class DueList {
 public:
  bool empty() const { return first_ == nullptr; }
  Connection* first() const { return first_; }
  static Connection* after(const Connection* connection) { return connection->due_next_; }

  bool contains(const Connection* connection) const {
    return connection->due_previous_ != nullptr || first_ == connection;
  }

  void add(Connection* connection) {
    if (contains(connection)) return;
    connection->due_previous_ = last_;
    (last_ != nullptr ? last_->due_next_ : first_) = connection;
    last_ = connection;
  }

  void remove(Connection* connection) {
    if (!contains(connection)) return;
    Connection* previous = connection->due_previous_;
    Connection* next = connection->due_next_;
    (previous != nullptr ? previous->due_next_ : first_) = next;
    (next != nullptr ? next->due_previous_ : last_) = previous;
    connection->due_previous_ = connection->due_next_ = nullptr;
  }

 private:
  Connection* first_ = nullptr;
  Connection* last_ = nullptr;
};

}  // namespace ipdaemon
