// Deadlines of many objects without a timer each: a wheel of lists, one slot per tick. Setting and
// cancelling cost the same for one deadline and for a hundred thousand.
#pragma once

#include <array>
#include <cstdint>

namespace ipdaemon {

class Deadlines;

// Base of what can have one deadline at a time. Cancels itself when it goes.
class Deadline {
 public:
  Deadline() = default;
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  virtual ~Deadline() { unlink(); }
  // The time has come; the deadline is no longer set and may be set again.
  virtual void on_deadline(std::int64_t now_ms) = 0;

  bool is_set() const { return next_ != nullptr; }
  std::int64_t due_ms() const { return due_ms_; }

 private:
  friend class Deadlines;
  void unlink();
  Deadline* previous_ = nullptr;
  Deadline* next_ = nullptr;
  std::int64_t due_ms_ = 0;
};

class Deadlines {
 public:
  static constexpr std::int64_t tick_ms = 128;

  explicit Deadlines(std::int64_t now_ms);
  ~Deadlines();

  void set(Deadline* deadline, std::int64_t due_ms);
  void cancel(Deadline* deadline) { deadline->unlink(); }

  // Milliseconds until expire has something to do: at most one tick after the earliest deadline and
  // never before it; -1 if no deadline is set. Too early when all deadlines are far away.
  int wait_ms(std::int64_t now_ms);

  // A number that falls when wait_ms has less to say than before.
  std::int64_t next_look() const { return earliest_; }

  // Calls on_deadline of everything that is due. Stops early when `stop` says so.
  template <typename Stop>
  void expire(std::int64_t now_ms, Stop stop);

 private:
  static constexpr std::int64_t slot_count = 512;
  static constexpr std::int64_t never = INT64_MAX / (2 * tick_ms);

  // A list head in each slot; only its links are used.
  struct Head final : Deadline {
    void on_deadline(std::int64_t) override {}
  };

  static std::int64_t tick_of(std::int64_t time_ms) { return time_ms / tick_ms; }
  Head& slot(std::int64_t tick) { return slots_[static_cast<std::size_t>(tick % slot_count)]; }
  static void append(Head* head, Deadline* deadline);
  static void clear(Head* head);
  Deadline* take_due(std::int64_t now_ms);

  std::array<Head, slot_count> slots_;
  Head expiring_;                  // Taken out of a slot whose tick is over, not yet called.
  std::int64_t tick_;              // Ticks before this one have been dealt with.
  std::int64_t earliest_ = never;  // No slot of a tick between tick_ and this one is in use.
};

template <typename Stop>
void Deadlines::expire(std::int64_t now_ms, Stop stop) {
  while (!stop()) {
    Deadline* due = take_due(now_ms);
    if (due == nullptr) return;
    due->on_deadline(now_ms);
  }
}

}  // namespace ipdaemon
