// Who owes something, in the order in which that came about, in three lists by urgency.
#pragma once

#include <array>
#include <cstddef>

#include "pump/debtor.hpp"

namespace ipdaemon {

class OwedList {
 public:
  bool empty() const { return list(Urgency::now).first == nullptr; }
  bool empty(Urgency urgency) const { return list(urgency).first == nullptr; }
  bool all_empty() const { return empty(Urgency::now) && empty(Urgency::after_others) && empty(Urgency::handshake); }
  Debtor* first(Urgency urgency = Urgency::now) const { return list(urgency).first; }
  static Debtor* after(const Debtor* debtor) { return debtor->owed_next_; }
  std::size_t size(Urgency urgency) const { return list(urgency).size; }

  // One that is in a more urgent list stays there. What comes after others does so until it is taken out.
  void add(Debtor* debtor, Urgency urgency = Urgency::now) {
    if (urgency == Urgency::now && debtor->after_others_) urgency = Urgency::after_others;
    if (contains(debtor)) {
      if (debtor->urgency_ <= urgency) return;
      remove(debtor);
    }
    List& to = list(urgency);
    debtor->urgency_ = urgency;
    debtor->owed_previous_ = to.last;
    (to.last != nullptr ? to.last->owed_next_ : to.first) = debtor;
    to.last = debtor;
    ++to.size;
  }

  void remove(Debtor* debtor) {
    if (!contains(debtor)) return;
    List& from = list(debtor->urgency_);
    Debtor* previous = debtor->owed_previous_;
    Debtor* next = debtor->owed_next_;
    (previous != nullptr ? previous->owed_next_ : from.first) = next;
    (next != nullptr ? next->owed_previous_ : from.last) = previous;
    debtor->owed_previous_ = debtor->owed_next_ = nullptr;
    --from.size;
  }

  // What it owes now and until it is taken out the next time waits for all others.
  void put_after_others(Debtor* debtor) {
    if (debtor->after_others_) return;
    const bool is_listed = contains(debtor) && debtor->urgency_ == Urgency::now;
    if (is_listed) remove(debtor);
    debtor->after_others_ = true;
    if (is_listed) add(debtor);
  }

  // Takes the first one out; there must be one.
  Debtor* take(Urgency urgency) {
    Debtor* debtor = first(urgency);
    remove(debtor);
    if (urgency == Urgency::after_others) debtor->after_others_ = false;
    return debtor;
  }

  bool contains(const Debtor* debtor) const {
    return debtor->owed_previous_ != nullptr || list(debtor->urgency_).first == debtor;
  }

 private:
  struct List {
    Debtor* first = nullptr;
    Debtor* last = nullptr;
    std::size_t size = 0;
  };

  List& list(Urgency urgency) { return lists_[static_cast<std::size_t>(urgency)]; }
  const List& list(Urgency urgency) const { return lists_[static_cast<std::size_t>(urgency)]; }

  std::array<List, 3> lists_;
};

}  // namespace ipdaemon
