// The states of a connection: each arrow of the picture in life.hpp, and that there are no others.
#include "connection/life.hpp"

#include "check.hpp"

using namespace ipdaemon;

TEST("a life without a handshake: up, closing, ended, gone") {
  Life life;
  CHECK(life.is_up());
  CHECK(!life.come_up());
  CHECK(life.begin_closing());
  CHECK(life.is_closing());
  CHECK(!life.begin_closing());
  CHECK(!life.begin_handshaking());
  CHECK(life.end());
  CHECK(life.has_ended());
  CHECK(!life.is_gone());
  CHECK(!life.end());
  CHECK(life.go());
  CHECK(life.has_ended());
  CHECK(!life.go());
  CHECK(!life.end());
}

TEST("a life that begins with a handshake comes up or ends, and does not close before") {
  Life life;
  CHECK(life.begin_handshaking());
  CHECK(life.is_handshaking());
  CHECK(!life.is_up());
  CHECK(!life.begin_closing());
  CHECK(!life.begin_handshaking());
  CHECK(life.come_up());
  CHECK(life.is_up());
  CHECK(!life.come_up());
  Life failed;
  failed.begin_handshaking();
  CHECK(failed.end());
  CHECK(!failed.come_up());
}

TEST("input ends once: by the peer, or by damage") {
  Life ended;
  CHECK(ended.input_is_open());
  CHECK(!ended.is_half_closed());
  CHECK(ended.end_input());
  CHECK(ended.is_half_closed());
  CHECK(!ended.damage_input());
  CHECK(ended.input() == Life::Input::ended);
  ended.begin_closing();
  CHECK(!ended.is_half_closed());
  Life damaged;
  CHECK(damaged.damage_input());
  CHECK(!damaged.end_input());
  CHECK(!damaged.is_half_closed());
}

TEST("output fails once, and the first reason stays") {
  Life life;
  CHECK(life.output_is_open());
  CHECK(life.fail_output(10054));
  CHECK(!life.output_is_open());
  CHECK(!life.fail_output(10053));
  CHECK_EQ(life.output_code(), 10054);
  Life ended;
  ended.end();
  CHECK(!ended.fail_output(10054));
  CHECK(ended.output_is_open());
}
