// The setting Drain: the server takes no new peers, what it has may go on for a while, and what is left then is ended.
#pragma once

#include <cstdint>

#include "pump/deadlines.hpp"
#include "server/parent_watch.hpp"

namespace ipdaemon {

struct Services;
class Admission;
class Listening;

class Drain final : public Deadline {
 public:
  Drain(Services& services, Listening& listening, Admission& admission)
      : services_(services), listening_(listening), admission_(admission), parent_(services, *this) {}

  // Begins one, or gives the one that is going on another deadline. Fires no event.
  void begin(std::int64_t seconds);
  // It is off: the server listens again, or is reset.
  void cancel();
  bool is_on() const { return on_; }
  // Until the deadline, rounded up; -1 without a drain.
  std::int64_t seconds_left() const;
  // Ends it when nothing is left.
  void look();

  void on_deadline(std::int64_t now_ms) override;
  ParentWatch& parent() { return parent_; }

 private:
  // How long what is ended at the deadline may still send.
  static constexpr std::int64_t last_words_ms = 2000;

  bool is_done() const;
  void end_all();
  void reset_all();

  Services& services_;
  Listening& listening_;
  Admission& admission_;
  ParentWatch parent_;
  bool on_ = false;
  std::int64_t deadline_ms_ = 0;
  std::int64_t reset_ms_ = 0;  // 0 before the deadline.
};

}  // namespace ipdaemon
