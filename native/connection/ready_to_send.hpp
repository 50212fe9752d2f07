// The rule of ReadyToSend, event and property, of one connection.
//
// The event fires once after Connected, and DataIn waits for it. Then it fires once for each time that sends have been
// refused, when everything queued has been sent; do_startssl puts the one after Connected off until the handshake is
// done, like one for a refused send. The property is False from a refused send until the event, and True where no event
// can come any more, so that a loop that waits for it ends.
#pragma once

namespace ipdaemon {

class ReadyToSend {
 public:
  // What the property reads.
  bool property() const { return property_; }
  // Whether DataIn has to wait for the event that follows Connected.
  bool holds_input() const { return greeting_; }
  // Whether the event that follows Connected fires as soon as it can; not when it waits for the queue to be empty.
  bool follows_connected() const { return greeting_ && !owed_; }
  // Whether an event is owed for sends that were refused.
  bool is_owed() const { return owed_; }
  // Whether that event fires as soon as it can. `can_send` says that what was queued is sent and no handshake is in the
  // way, or that nothing is sent any more.
  bool is_due(bool told_connected, bool can_send) const { return owed_ && told_connected && can_send; }

  void refused() {
    property_ = false;
    owed_ = true;
  }
  // Connected is about to fire, or would, but for the handshake that has just been done.
  void expect_greeting() { greeting_ = true; }
  // Connected fires. One event is enough for it and for sends that came too early.
  void connected(bool queue_is_empty) {
    if (queue_is_empty) owed_ = false;
    greeting_ = true;
  }
  // do_startssl: no event before the handshake is done. The property stays as it is.
  void handshake_began() {
    if (greeting_) owed_ = true;
  }
  // No event will come: the program has ended the connection itself.
  void given_up() {
    owed_ = false;
    greeting_ = false;
    property_ = true;
  }
  // Events cannot fire, or the connection never came up: only the property shows it.
  void show() { property_ = true; }
  // The event is about to fire.
  void fired() {
    owed_ = false;
    greeting_ = false;
    property_ = true;
  }

 private:
  bool property_ : 1 = true;
  bool owed_ : 1 = false;
  bool greeting_ : 1 = false;  // The event after Connected has not fired.
};

}  // namespace ipdaemon
