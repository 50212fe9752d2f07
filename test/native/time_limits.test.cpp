// What begins, stops and holds the three limits of a connection, with a clock of the test's own.
#include "connection/time_limits.hpp"

#include "check.hpp"

using namespace ipdaemon;
using Kind = TimeLimits::Kind;

TEST("no limit runs at first") {
  const TimeLimits limits;
  CHECK(limits.earliest_ms() == 0);
  CHECK(limits.earliest() == Kind::none);
}

TEST("a limit is over later than its time, as what is known of the time may be a little old") {
  TimeLimits limits;
  limits.begin_piece(5000, 2);
  CHECK(limits.earliest_ms() == 7001);
  CHECK(limits.earliest() == Kind::piece);
  limits.end_piece();
  CHECK(limits.earliest_ms() == 0);
}

TEST("the time of a piece stands still while it is held") {
  TimeLimits limits;
  limits.begin_piece(1000, 10);
  limits.hold_piece(4000);
  CHECK(limits.has_piece());
  CHECK(limits.earliest_ms() == 0);
  limits.hold_piece(5000);
  CHECK(limits.release_piece(100'000));
  CHECK(limits.earliest_ms() >= 107'001);
  CHECK(limits.earliest_ms() <= 107'002);
  CHECK(!limits.release_piece(200'000));
  limits.hold_piece(100'500);
  limits.end_piece();
  CHECK(!limits.has_piece());
  CHECK(!limits.release_piece(100'600));
  CHECK(limits.earliest_ms() == 0);
}

TEST("a piece that is held when its time is over goes on with a moment left") {
  TimeLimits limits;
  limits.begin_piece(1000, 1);
  limits.hold_piece(9000);
  CHECK(limits.has_piece());
  CHECK(limits.release_piece(9500));
  CHECK(limits.earliest_ms() > 9500);
}

TEST("the first of the three counts") {
  TimeLimits limits;
  limits.begin_life(0, 9000);
  CHECK(limits.earliest() == Kind::life);
  limits.begin_piece(0, 8);
  CHECK(limits.earliest() == Kind::piece);
  limits.begin_send(0, 7);
  CHECK(limits.waits_for_room());
  CHECK(limits.earliest() == Kind::send);
  limits.begin_send(6000, 7);
  CHECK(limits.earliest() == Kind::piece);
  limits.end_piece();
  CHECK(limits.earliest() == Kind::life);
  limits.end_life();
  CHECK(limits.earliest_ms() == 13'001);
  limits.end_send();
  CHECK(limits.earliest() == Kind::none);
}
