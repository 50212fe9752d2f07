// The rule of ReadyToSend: when the event is due, when DataIn waits for it, and what the property reads.
#include "connection/ready_to_send.hpp"

#include "check.hpp"

using namespace ipdaemon;

TEST("the event follows Connected, and DataIn waits for it") {
  ReadyToSend ready;
  CHECK(ready.property());
  CHECK(!ready.holds_input());
  ready.connected(true);
  CHECK(ready.holds_input());
  CHECK(ready.follows_connected());
  CHECK(!ready.is_due(true, true));
  ready.fired();
  CHECK(!ready.holds_input());
  CHECK(!ready.follows_connected());
  CHECK(ready.property());
}

TEST("a refused send owes one event, for when sending is possible again; until then the property is False") {
  ReadyToSend ready;
  ready.refused();
  ready.refused();
  CHECK(!ready.property());
  CHECK(ready.is_owed());
  CHECK(!ready.is_due(true, false));
  CHECK(!ready.is_due(false, true));
  CHECK(ready.is_due(true, true));
  ready.fired();
  CHECK(ready.property());
  CHECK(!ready.is_owed());
  CHECK(!ready.is_due(true, true));
}

TEST("a send that came before Connected is answered by the event after it, unless something is queued") {
  ReadyToSend early;
  early.refused();
  early.connected(true);
  CHECK(!early.is_owed());
  CHECK(early.follows_connected());
  ReadyToSend queued;
  queued.refused();
  queued.connected(false);
  CHECK(queued.is_owed());
  CHECK(queued.holds_input());
  CHECK(!queued.follows_connected());
}

TEST("a handshake that begins in Connected puts the event off, and leaves the property as it is") {
  ReadyToSend ready;
  ready.connected(true);
  ready.handshake_began();
  CHECK(ready.is_owed());
  CHECK(ready.property());
  CHECK(!ready.follows_connected());
  CHECK(ready.holds_input());
  ReadyToSend later;
  later.connected(true);
  later.fired();
  later.handshake_began();
  CHECK(!later.is_owed());
}

TEST("where no event can come any more, the property is True and nothing is owed") {
  ReadyToSend given_up;
  given_up.connected(true);
  given_up.refused();
  given_up.given_up();
  CHECK(given_up.property());
  CHECK(!given_up.is_owed());
  CHECK(!given_up.holds_input());
  ReadyToSend shown;
  shown.refused();
  shown.show();
  CHECK(shown.property());
  CHECK(shown.is_owed());
}
