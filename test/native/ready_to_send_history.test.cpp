// The rule of ReadyToSend against its own history: every sequence of what can happen, up to a length, and at its end
// what the sentences of the documents say of such a history.
#include "connection/ready_to_send.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "check.hpp"

using namespace ipdaemon;

namespace {

enum class ReadyStep { refused, expected, connected, connected_with_queue, handshake_began, given_up, shown, fired };
constexpr std::size_t ready_step_count = 8;

const char* name_of_step(ReadyStep step) {
  static constexpr const char* names[] = {"refused",         "expected", "connected", "connected with a queue",
                                          "handshake began", "given up", "shown",     "fired"};
  return names[static_cast<std::size_t>(step)];
}

void take_step(ReadyToSend& ready, ReadyStep step) {
  switch (step) {
    case ReadyStep::refused:
      return ready.refused();
    case ReadyStep::expected:
      return ready.expect_greeting();
    case ReadyStep::connected:
      return ready.connected(true);
    case ReadyStep::connected_with_queue:
      return ready.connected(false);
    case ReadyStep::handshake_began:
      return ready.handshake_began();
    case ReadyStep::given_up:
      return ready.given_up();
    case ReadyStep::shown:
      return ready.show();
    case ReadyStep::fired:
      return ready.fired();
  }
}

using ReadyHistory = std::vector<ReadyStep>;

bool ends_everything(ReadyStep step) {
  return step == ReadyStep::fired || step == ReadyStep::given_up;
}

// The event after Connected has not fired: looks back from `end`.
bool awaits_first_event(const ReadyHistory& history, std::size_t end) {
  while (end-- > 0) {
    const ReadyStep step = history[end];
    if (ends_everything(step)) return false;
    if (step == ReadyStep::expected || step == ReadyStep::connected || step == ReadyStep::connected_with_queue)
      return true;
  }
  return false;
}

// The property is False from a refused send on, until something says that sending makes sense again.
bool reads_true(const ReadyHistory& history) {
  for (std::size_t i = history.size(); i-- > 0;) {
    if (history[i] == ReadyStep::refused) return false;
    if (ends_everything(history[i]) || history[i] == ReadyStep::shown) return true;
  }
  return true;
}

// An event is owed for a refused send, or for Connected when a handshake has put it off.
bool owes_event(const ReadyHistory& history) {
  for (std::size_t i = history.size(); i-- > 0;) {
    const ReadyStep step = history[i];
    if (ends_everything(step) || step == ReadyStep::connected) return false;
    if (step == ReadyStep::refused) return true;
    if (step == ReadyStep::handshake_began && awaits_first_event(history, i)) return true;
  }
  return false;
}

bool agrees(const ReadyHistory& history) {
  ReadyToSend ready;
  for (const ReadyStep step : history) take_step(ready, step);
  const bool owed = owes_event(history);
  const bool first = awaits_first_event(history, history.size());
  bool right = CHECK_EQ(ready.property(), reads_true(history));
  right &= CHECK_EQ(ready.is_owed(), owed);
  right &= CHECK_EQ(ready.holds_input(), first);
  right &= CHECK_EQ(ready.follows_connected(), first && !owed);
  right &= CHECK_EQ(ready.is_due(true, true), owed);
  right &= CHECK(!ready.is_due(false, true) && !ready.is_due(true, false) && !ready.is_due(false, false));
  if (right) return true;
  std::string text;
  for (const ReadyStep step : history) text += std::string(text.empty() ? "" : ", ") + name_of_step(step);
  FAIL("after " + text);
  return false;
}

}  // namespace

TEST("ReadyToSend after every sequence of six steps is what its history says") {
  constexpr std::size_t length_max = 6;
  std::size_t sequences = 1;
  for (std::size_t length = 0; length <= length_max; ++length, sequences *= ready_step_count) {
    ReadyHistory history(length);
    for (std::size_t number = 0; number < sequences; ++number) {
      std::size_t left = number;
      for (ReadyStep& step : history) {
        step = static_cast<ReadyStep>(left % ready_step_count);
        left /= ready_step_count;
      }
      if (!agrees(history)) return;
    }
  }
}
