// What the pump knows of a connection: something that may owe events to the program, has callbacks on the stack, and
// takes what small sends have gathered for it.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"
#include "reactor/source.hpp"

namespace ipdaemon {

// How urgent it is what a debtor owes.
enum class Urgency : std::uint8_t {
  now,
  after_others,  // A callback of it has failed: those of others come first.
  handshake,     // The next step of a TLS handshake, which takes long.
};

class Debtor : public Source {
 public:
  // Fires what is owed and possible now. Only ReadyToSend while a callback of it is running.
  virtual void fire_owed() = 0;
  // The next step of its handshake, which had to wait.
  virtual void go_on_with_handshake() = 0;
  // Where no callback may run any more: what waits for ReadyToSend is told by the property alone.
  virtual void show_ready() = 0;

  // A callback about it starts, has returned.
  void enter_callback() { ++busy_; }
  void leave_callback() {
    if (--busy_ == 0) callbacks_returned();
  }
  bool busy() const { return busy_ > 0; }

  // Whether bytes that are gathered for it now would be the next to go to the system.
  virtual bool can_gather() const = 0;
  virtual void write_gathered(BytesView bytes) = 0;

 protected:
  Debtor() = default;
  virtual void callbacks_returned() = 0;

 private:
  friend class OwedList;
  std::uint16_t busy_ = 0;  // Callbacks about it on the stack.
  Urgency urgency_ = Urgency::now;
  bool after_others_ = false;  // See OwedList::put_after_others.
  Debtor* owed_next_ = nullptr;
  Debtor* owed_previous_ = nullptr;
};

}  // namespace ipdaemon
