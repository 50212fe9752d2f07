#include "pump/deadlines.hpp"

#include <algorithm>

namespace ipdaemon {

void Deadline::unlink() {
  if (next_ == nullptr) return;
  previous_->next_ = next_;
  next_->previous_ = previous_;
  previous_ = next_ = nullptr;
}

Deadlines::Deadlines(std::int64_t now_ms) : tick_(tick_of(now_ms)) {
  for (Head& head : slots_) head.previous_ = head.next_ = &head;
  expiring_.previous_ = expiring_.next_ = &expiring_;
}

Deadlines::~Deadlines() {
  for (Head& head : slots_) clear(&head);
  clear(&expiring_);
}

void Deadlines::clear(Head* head) {
  while (head->next_ != head) head->next_->unlink();
}

void Deadlines::append(Head* head, Deadline* deadline) {
  deadline->previous_ = head->previous_;
  deadline->next_ = head;
  head->previous_->next_ = deadline;
  head->previous_ = deadline;
}

void Deadlines::set(Deadline* deadline, std::int64_t due_ms) {
  deadline->unlink();
  deadline->due_ms_ = due_ms;
  const std::int64_t tick = std::max(tick_of(due_ms), tick_);
  append(&slot(tick), deadline);
  // For a time more than a round away, the wheel looks at the slot in an earlier round already.
  earliest_ = std::min(earliest_, tick_ + (tick - tick_) % slot_count);
}

int Deadlines::wait_ms(std::int64_t now_ms) {
  if (expiring_.next_ != &expiring_) return 0;
  // Ticks that went by with nothing in them are behind us, however long nobody has looked.
  tick_ = std::max(tick_, std::min(tick_of(now_ms), earliest_));
  for (earliest_ = std::max(earliest_, tick_); earliest_ - tick_ < slot_count; ++earliest_) {
    const Head& head = slot(earliest_);
    if (head.next_ == &head) continue;
    // Everything in the slot is due when its tick is over.
    return static_cast<int>(std::clamp<std::int64_t>((earliest_ + 1) * tick_ms - now_ms, 0, slot_count * tick_ms));
  }
  earliest_ = never;
  return -1;
}

Deadline* Deadlines::take_due(std::int64_t now_ms) {
  const std::int64_t now_tick = tick_of(now_ms);
  // After a long pause every slot is looked at once, not once per missed tick.
  tick_ = std::max(tick_, now_tick - slot_count);
  for (;;) {
    while (expiring_.next_ != &expiring_) {
      Deadline* first = expiring_.next_;
      first->unlink();
      if (first->due_ms_ <= now_ms) return first;
      set(first, first->due_ms_);  // Its time is a later round of the wheel.
    }
    if (tick_ >= now_tick) return nullptr;
    Head& head = slot(tick_++);
    if (head.next_ == &head) continue;
    expiring_.next_ = head.next_;
    expiring_.previous_ = head.previous_;
    expiring_.next_->previous_ = expiring_.previous_->next_ = &expiring_;
    head.previous_ = head.next_ = &head;
  }
}

}  // namespace ipdaemon
